import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../src/store/store.ts";

/** What a killed writer left: what it had acknowledged, and what the reopened store holds. */
export interface Aftermath {
  readonly acked: readonly string[];
  readonly sessions: ReadonlySet<string>;
  readonly events: ReadonlySet<string>;
}

/** Runs the writer, sends SIGKILL when there are `acks` acknowledgements, and reopens the store. */
export async function crash(
  writer: readonly string[],
  acks: number,
  reopen: () => Promise<Store>,
): Promise<Aftermath> {
  const folder = await mkdtemp(join(tmpdir(), "mainstay-crash-"));
  try {
    const acked = await killAfter(writer, acks, join(folder, "acks"));
    return { acked, ...(await holdings(reopen)) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs the writer under a program that kills it, and reopens the store. */
export async function crashUnder(
  program: readonly string[],
  writer: readonly string[],
  reopen: () => Promise<Store>,
): Promise<Aftermath & { readonly ended_by: NodeJS.Signals | null }> {
  const folder = await mkdtemp(join(tmpdir(), "mainstay-crash-"));
  const file = join(folder, "acks");
  const output = await open(file, "a");
  try {
    const [name = "", ...args] = [...program, process.execPath, ...writer];
    const child = spawn(name, args, { stdio: ["ignore", output.fd, "ignore"] });
    const [, ended_by] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return { ended_by, acked: await linesOf(file), ...(await holdings(reopen)) };
  } finally {
    await output.close();
    await rm(folder, { recursive: true });
  }
}

async function killAfter(
  writer: readonly string[],
  acks: number,
  file: string,
): Promise<readonly string[]> {
  const output = await open(file, "a");
  const child = spawn(process.execPath, writer, { stdio: ["ignore", output.fd, "inherit"] });
  const exited = once(child, "exit");
  const watching = new AbortController();
  try {
    const enough = linesReach(file, acks, watching.signal);
    const first = await Promise.race([enough, exited.then(() => "exited")]);
    if (first === "exited") throw new Error(`the writer ended before ${acks} acknowledgements`);
  } finally {
    watching.abort();
    child.kill("SIGKILL");
    await exited;
    await output.close();
  }
  return linesOf(file);
}

/** The writer goes on writing, so that a change missed before the watch began does not matter. */
async function linesReach(file: string, count: number, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of watch(file, { signal }))
      if ((await linesOf(file)).length >= count) return;
  } catch (fault) {
    if (!signal.aborted) throw fault;
  }
}

async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, "utf8")).split("\n").slice(0, -1);
}

async function holdings(reopen: () => Promise<Store>): Promise<Omit<Aftermath, "acked">> {
  const store = await reopen();
  try {
    const sessions = await store.query(
      store.sql.selectFrom("session").select("id").where("id", "like", "c%"),
    );
    const events = await store.query(
      store.sql.selectFrom("journal").select("body").where("turn_id", "=", "t1"),
    );
    return {
      sessions: new Set(sessions.map(({ id }) => id)),
      events: new Set(events.map(({ body }) => JSON.parse(body).by)),
    };
  } finally {
    await store.close();
  }
}
