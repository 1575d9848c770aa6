import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Store } from "../../src/store/store.ts";

/** What a killed writer left: what it had acknowledged, and what the reopened store holds. */
export interface Aftermath {
  readonly acked: readonly string[];
  readonly sessions: ReadonlySet<string>;
  readonly events: ReadonlySet<string>;
}

/** Runs the writer, sends SIGKILL after `acks` acknowledgements, and reopens the store. */
export async function crash(
  writer: readonly string[],
  acks: number,
  reopen: () => Promise<Store>,
): Promise<Aftermath> {
  const acked = await killAfter(writer, acks);
  const store = await reopen();
  try {
    const sessions = await store.query(
      store.sql.selectFrom("session").select("id").where("id", "like", "c%"),
    );
    const events = await store.query(
      store.sql.selectFrom("journal").select("body").where("turn_id", "=", "t1"),
    );
    return {
      acked,
      sessions: new Set(sessions.map(({ id }) => id)),
      events: new Set(events.map(({ body }) => JSON.parse(body).by)),
    };
  } finally {
    await store.close();
  }
}

async function killAfter(writer: readonly string[], acks: number): Promise<string[]> {
  const child = spawn(process.execPath, writer, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const acked: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acked.push(line);
    if (acked.length === acks) child.kill("SIGKILL");
  }
  const [, signal] = await exited;
  if (signal !== "SIGKILL") throw new Error(`the writer ended by itself after ${acked.length}`);
  return acked;
}
