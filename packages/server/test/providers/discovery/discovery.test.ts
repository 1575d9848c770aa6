import { spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import type { Clock } from "@mainstay/sdk/clock";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { createDiscovery } from "../../../src/providers/discovery/discovery.ts";
import {
  listenerAt,
  listenerOwners,
  ownersIn,
  uidsOf,
} from "../../../src/providers/discovery/listener-owner.ts";
import { adapterFor, type Vet } from "../../../src/providers/adapters/adapters.ts";
import { wordRequest } from "../../../src/providers/trial/requests.ts";
import type { LocalPlace } from "../../../src/providers/settings/local-places.ts";
import type { ProviderSettings } from "../../../src/providers/target.ts";
import { handClock } from "../../door/hand-clock.ts";

const uid = process.getuid?.() ?? -1;
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Listening {
  readonly port: number;
  asked: number;
  models: readonly string[];
}

async function listen(models: readonly string[], answers = true): Promise<Listening> {
  const state: Listening = { port: 0, asked: 0, models };
  const server = createServer((_, response) => {
    state.asked += 1;
    if (answers) response.end(JSON.stringify({ data: state.models.map((id) => ({ id })) }));
  });
  open.push(server);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return Object.assign(state, { port: (server.address() as AddressInfo).port });
}

const placeAt = (port: number, more: Partial<LocalPlace> = {}): LocalPlace => ({
  ...{ id: "ollama", base_url: `http://127.0.0.1:${port}/v1`, is_named: false, model: null },
  ...more,
});

function discover(places: readonly LocalPlace[], as_uid = uid) {
  const found: ProviderSettings[] = [];
  const vets: Vet[] = [];
  const said: string[] = [];
  const note = (_: object, message: string) => void said.push(message);
  const { clock: byHand, pass } = handClock();
  let planned = Promise.withResolvers<void>();
  const clock: Clock = {
    ...byHand,
    sleep(delay_ms, signal) {
      planned.resolve();
      planned = Promise.withResolvers();
      return byHand.sleep(delay_ms, signal);
    },
  };
  const { promise: somebody, resolve: heard } = Promise.withResolvers<void>();
  const discovery = createDiscovery({
    ...{ places, uid: as_uid, clock, log: { info: note, warn: note, error: note } },
    found(settings, vet) {
      found.push(settings);
      vets.push(vet);
      heard();
    },
  });
  /** A look that finds not all; resolves when the next one is planned. */
  async function look(): Promise<void> {
    const over = planned.promise;
    await pass(60_000);
    await over;
  }
  return { ...discovery, found, vets, said, pass, look, somebody };
}

describe("a look around", () => {
  test("finds what listens, with its first model that can talk", async () => {
    const there = await listen(["nomic-embed-text", "qwen3:8b", "llama"]);
    const { start, stop, found, said } = discover([
      placeAt(there.port),
      placeAt(9, { id: "lm-studio" }),
    ]);
    await start();
    await start();
    expect(found).toMatchObject([
      {
        ...{ id: "ollama", type: "openai-compatible", models: ["qwen3:8b"], api_keys: [] },
        base_url: `http://127.0.0.1:${there.port}/v1`,
      },
    ]);
    expect(said).toEqual([]);
    await stop();
    await stop();
    expect(there.asked).toBe(1);
  });

  test("is repeated each minute until each is found; what stands in the way is said once", async () => {
    const there = await listen([]);
    const looking = discover([placeAt(there.port)]);
    const { start, stop, found, said, pass, look, somebody } = looking;
    await start();
    there.models = ["embed-only"];
    await look();
    expect(said).toEqual([expect.stringMatching(/ollama .* has no model to talk to/)]);
    expect(there.asked).toBe(2);
    there.models = ["qwen3"];
    await pass(60_000);
    await somebody;
    expect(found).toHaveLength(1);
    const { asked } = there;
    await pass(600_000);
    expect(there.asked).toBe(asked);
    expect(said).toHaveLength(1);
    await stop();
  });

  test("takes the model that was wished for, with or without its tag, or none", async () => {
    const there = await listen(["a", "qwen3:latest"]);
    const wished = discover([placeAt(there.port, { model: "qwen3" })]);
    await wished.start();
    expect(wished.found).toMatchObject([{ models: ["qwen3"] }]);
    const absent = discover([placeAt(there.port, { model: "gone" })]);
    await absent.start();
    expect(absent.found).toEqual([]);
    expect(absent.said[0]).toContain("has no model gone");
    await Promise.all([wished.stop(), absent.stop()]);
  });

  test("waits 300 ms for who is silent, and not at all once it is stopped", async () => {
    const there = await listen([], false);
    const { start, stop, found, said, pass } = discover([placeAt(there.port, { is_named: true })]);
    const started = start();
    await expect.poll(() => there.asked).toBe(1);
    await pass(300);
    await started;
    expect(found).toEqual([]);
    expect(said[0]).toContain("it did not answer in time");
    await stop();

    const again = discover([placeAt(there.port)]);
    const starting = again.start();
    await expect.poll(() => there.asked).toBe(2);
    await again.stop();
    await starting;
    expect(again.said).toEqual([]);
  });
});

describe("whose it is", () => {
  const NOBODY = 65_534;

  /** `asked` ends it and says how often it was asked. */
  async function listenAsNobody(at = 0) {
    const program = `
      let asked = 0;
      const server = require("node:http").createServer((_, response) => {
        asked += 1;
        response.end('{"data": [{"id": "m"}]}');
      });
      server.listen(${at}, "127.0.0.1", () => console.log(server.address().port));
      process.stdin.on("end", () => { console.log(asked); process.exit(); }).resume();`;
    const child = spawn(process.execPath, ["-e", program], { uid: NOBODY, gid: NOBODY, cwd: "/" });
    onTestFinished(() => void child.kill("SIGKILL"));
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async () => Number((await lines.next()).value);
    return {
      port: await next(),
      asked() {
        child.stdin.end();
        return next();
      },
    };
  }

  test.skipIf(uid !== 0)(
    "nothing is sent to another person's listener, unless it was named (not run: wants root)",
    async () => {
      const { port, asked } = await listenAsNobody();
      expect(listenerOwners(port)).toEqual([NOBODY]);
      const unnamed = discover([placeAt(port)]);
      await unnamed.start();
      expect(unnamed.said).toEqual([
        expect.stringMatching(/another user's \(uid 65534\).*not asked/),
      ]);
      expect(unnamed.found).toEqual([]);
      const named = discover([placeAt(port, { is_named: true })]);
      await named.start();
      expect(named.found).toHaveLength(1);
      expect(await asked()).toBe(1);
      await Promise.all([unnamed.stop(), named.stop()]);
    },
  );

  test("the server's own user is believed; where nobody listens, nobody is", async () => {
    const { port } = await listen([]);
    expect(listenerAt(port, uid)).toEqual({ kind: "trusted" });
    expect(listenerAt(1, uid)).toEqual({ kind: "nobody" });
    const passwd = "root:x:0:0::/:/bin/sh\nollama:x:998:998::/:/bin/false\nollama2:x:7:7::/:/\n";
    expect(uidsOf("ollama", passwd)).toEqual([998]);
  });

  test.skipIf(uid !== 0)(
    "who takes the port of a found server gets no word: each new connection is looked at (not run: wants root)",
    async () => {
      const there = await listen(["qwen3"]);
      const { start, stop, found, vets } = discover([placeAt(there.port)]);
      await start();
      await stop();
      const { base_url, models } = found[0]!;
      expect(vets[0]!(there.port)).toBeNull();
      const own = open.splice(0)[0]!;
      own.closeAllConnections();
      await new Promise((closed) => own.close(closed));
      const squatter = await listenAsNobody(there.port);
      const ask = adapterFor({
        ...{ provider: "ollama", type: "openai-compatible", model: models[0]!, base_url },
        ...{ api_key: null, clock: handClock().clock, vet: vets[0] },
      });
      const how = { signal: new AbortController().signal, stream: true };
      const fault = await ask(wordRequest(), how).catch((thrown: unknown) => thrown);
      expect(fault).toMatchObject({
        kind: "connect",
        message: expect.stringContaining("uid 65534"),
      });
      expect(await squatter.asked()).toBe(0);
    },
  );

  test("the kernel's table is read by port and state, over both families", () => {
    const table = [
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
      row(11_434, "0A", 5),
      row(11_434, "01", 6),
      row(1_234, "0A", 7),
      "   9: 00000000000000000000000001000000:2CAA 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     8        0 1 1",
    ].join("\n");
    expect(ownersIn(table, 11_434)).toEqual([5, 8]);
    expect(ownersIn("", 11_434)).toEqual([]);
  });
});

/** A row of /proc/net/tcp. */
function row(port: number, state: string, owner: number): string {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return `   0: 0100007F:${hex} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${owner}        0 4711 1 0000000000000000 100 0 0 10 0`;
}
