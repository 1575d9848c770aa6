import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { Problem } from "@mainstay/sdk/problem";
import { createDoor } from "../../src/door/door.ts";
import type { Endpoint } from "../../src/door/endpoint.ts";
import type { Bounds } from "../../src/door/listener.ts";
import type { Fault } from "../../src/door/problems.ts";
import { createIdentity } from "../../src/identity/identity.ts";
import { hashOf, newKey } from "../../src/identity/keys.ts";
import { newId } from "../../src/kernel/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly over?: "tcp" | "local";
  /** Null sends none. */
  readonly key?: string | null;
}

export interface Wishes {
  readonly endpoints?: readonly Endpoint[];
  readonly host_names?: readonly string[];
  readonly bounds?: Partial<Bounds>;
  readonly clock?: Clock;
}

/** A real door on real sockets, over a real store in a folder of its own. */
export async function openDoor(wishes: Wishes = {}) {
  const clock = wishes.clock ?? systemClock;
  const home = await mkdtemp(join(tmpdir(), "mainstay-door-"));
  const store = await openSqliteStore({ home, clock: systemClock });
  const uid = process.getuid?.() ?? 0;
  const identity = createIdentity({
    ...{ store, clock, newId, home, uid, one_person: false },
    localHomes: () => Promise.resolve([]),
  });
  await identity.ensureOwner();
  const key = (await readFile(join(home, "owner.key"), "utf8")).trim();
  const faults: Fault[] = [];
  const door = createDoor({
    endpoints: wishes.endpoints ?? [],
    authenticate: identity.authenticate,
    clock,
    version: "0.0.0",
    host_names: wishes.host_names ?? [],
    report: (fault) => faults.push(fault),
    ...(wishes.bounds && { bounds: wishes.bounds }),
  });
  const socket_path = join(home, "run", "server.sock");
  const open = await door.listen({ host: "127.0.0.1", port: 0, socket_path });
  const { port } = new URL(open.url);

  function ask(wish: Ask = {}): Promise<Reply> {
    const authorization = wish.key === null ? {} : { authorization: `Bearer ${wish.key ?? key}` };
    const at = wish.over === "local" ? { socketPath: socket_path } : { host: "127.0.0.1", port };
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          ...at,
          method: wish.method ?? "GET",
          path: wish.path ?? "/",
          headers: { ...authorization, ...wish.headers },
          agent: false,
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => (text += chunk));
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          );
          response.on("error", reject);
        },
      );
      request.on("error", reject);
      request.end(wish.body);
    });
  }

  /** Adds a person with a key of their own. */
  async function addPerson(role: "admin" | "member", number: number) {
    const id = newId("usr");
    const key = newKey();
    const person = { id, number, name: `person ${number}`, role, tier: "free" } as const;
    const row = {
      id: newId("key"),
      person_id: id,
      hash: hashOf(key),
      created_at: 0,
      revoked_at: null,
    };
    const writes = [
      store.sql
        .insertInto("person")
        .values({ ...person, created_at: 0 })
        .compile(),
      store.sql.insertInto("api_key").values(row).compile(),
    ];
    await store.commit({ writes });
    return { person, key };
  }

  return {
    addPerson,
    door,
    home,
    identity,
    key,
    faults,
    socket_path,
    store,
    url: open.url,
    ask,
    postJson: (path: string, body: string | Uint8Array) =>
      ask({ method: "POST", path, body, headers: { "content-type": "application/json" } }),
    dial: (): Socket => connect(Number(port), "127.0.0.1"),
    close: open.close,
    async [Symbol.asyncDispose]() {
      await open.close();
      await store.close();
      await rm(home, { recursive: true });
    },
  };
}

/** The problem of a reply; fails where it is none, or where its status and its header disagree. */
export function problemIn(reply: Reply): Problem {
  if (reply.headers["content-type"] !== "application/problem+json") {
    throw new Error(`no problem: ${reply.status} ${reply.text.slice(0, 200)}`);
  }
  const problem = Problem.parse(JSON.parse(reply.text));
  if (problem.status !== reply.status) throw new Error(`status ${reply.status} says ${reply.text}`);
  return problem;
}
