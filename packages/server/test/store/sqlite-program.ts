import { createInterface } from "node:readline";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { untilWriting } from "../../src/store/store.ts";
import { noteBatch, populate } from "./population.ts";

/**
 * A process with a store of its own. `write N` commits N large batches at once and says how many
 * were committed and how many were faults; `count` says how many events there are; `status` what
 * hinders the store; `writing` comes when nothing does, which is not tried before it is asked for.
 */
const LARGE = "x".repeat(20_000);
let tryAgain = () => {};
const clock: Clock = {
  ...systemClock,
  after(_delay_ms, run) {
    tryAgain = run;
    return () => {};
  },
};
const store = await openSqliteStore({ home: process.argv[2]!, clock });
await populate(store);
console.log("ready");

for await (const line of createInterface({ input: process.stdin })) {
  console.log(await answer(line));
}
await store.close();

async function answer(line: string): Promise<string> {
  const [verb, n] = line.split(" ");
  if (verb === "write") return await write(Number(n));
  if (verb === "count") return await count();
  if (verb === "writing") {
    tryAgain();
    await untilWriting(store, new AbortController().signal);
  }
  const status = store.status();
  return status.state === "writing" ? "writing" : `${status.cause}: ${status.message}`;
}

async function write(batches: number): Promise<string> {
  const commits = Array.from({ length: batches }, () =>
    store.commit(noteBatch(store, "t1", LARGE)),
  );
  const ends = await Promise.allSettled(commits);
  const faults = ends.filter((end) => end.status === "rejected");
  const named = faults.every(({ reason }) => reason.name === "StoreFault");
  return `${ends.length - faults.length} committed, ${faults.length} ${named ? "StoreFault" : "?"}`;
}

async function count(): Promise<string> {
  return `${(await store.query(store.sql.selectFrom("journal").select("seq"))).length}`;
}
