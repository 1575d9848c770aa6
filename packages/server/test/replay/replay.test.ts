import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "@mainstay/sdk/clock";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { foldTurn } from "../../src/store/turn-record.ts";
import { untranslated } from "./foreign.ts";
import { belonging, executorOf, processes, pssBytes } from "./processes.ts";
import { callsOf, readRecording, type Recording } from "./recording.ts";
import { CLOSING, type Lane, openStage, type ReplayedTurn, type Stage } from "./replay.ts";
import { isPrecise, madeCalls, share, table } from "./tally.ts";

const folder = join(import.meta.dirname, "../../../../../shared/data/pi-sessions");
const files = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => name.endsWith(".jsonl"))
      .toSorted()
  : [];
const absent = files.length === 0;

const LEAST_SHARE = 0.6;
const HEAP_LIMIT_BYTES = 48 << 20;
const SMALL_BYTES = 1 << 18;
const EXECUTOR_LIMIT_BYTES = 96 << 20;

describe.skipIf(absent)(
  absent ? "recorded sessions: not run, ../shared is absent" : "recorded sessions",
  { timeout: 900_000 },
  () => {
    let recordings: Recording[];
    let stage: Stage;
    let lanes: Lane[];
    let replayed: ReplayedTurn[];
    let heap_growth_bytes: number;

    beforeAll(async () => {
      recordings = await Promise.all(files.map((name) => readRecording(join(folder, name))));
      stage = await openStage();
      lanes = await Promise.all(recordings.map((recording) => stage.lane(recording)));
      const heap_bytes = await usedHeapBytes();
      const start_ms = systemClock.monotonic();
      replayed = (await Promise.all(lanes.map((lane) => stage.replay(lane)))).flat();
      const wall_ms = systemClock.monotonic() - start_ms;
      heap_growth_bytes = (await usedHeapBytes()) - heap_bytes;
      console.log(table(madeCalls(replayed), wall_ms));
    }, 900_000);
    afterAll(() => stage?.close());

    test("the recordings are whole", () => {
      const messages = recordings.reduce((sum, recording) => sum + recording.messages, 0);
      const tools = Object.groupBy(recordings.flatMap(callsOf), (call) => call.name);
      const counts = Object.entries(tools).map(([name, calls]) => [name, calls.length]);
      expect(messages).toBe(1_904);
      expect(Object.fromEntries(counts)).toEqual({ bash: 398, edit: 271, read: 157, write: 19 });
    });

    test("every call starts once, and ends with a result or a precise error", () => {
      const calls = madeCalls(replayed);
      expect(calls).toHaveLength(845);
      for (const call of calls) {
        expect(call.started, call.id).toHaveLength(1);
        expect(call.ended, call.id).toHaveLength(1);
        const { outcome, result } = call.ended[0]!;
        expect(["ok", "error"], `${call.id}: ${result}`).toContain(outcome);
        expect(result.trim(), call.id).not.toBe("");
        expect(call.started[0]!.seq).toBeLessThan(call.ended[0]!.seq);
        expect(call.started[0]!.intent, call.id).not.toBe("");
        if (outcome === "error") expect(isPrecise(call, result), result).toBe(true);
      }
    });

    test("at least 60 % of the calls succeed", () => {
      expect(share(madeCalls(replayed))).toBeGreaterThanOrEqual(LEAST_SHARE);
    });

    test("planted: without the map of paths they do not", async () => {
      const lane = await stage.lane(recordings[0]!, untranslated);
      const calls = madeCalls(await stage.replay(lane, lane.script.slice(0, 12)));
      expect(calls.length).toBeGreaterThan(40);
      expect(share(calls)).toBeLessThan(LEAST_SHARE);
    });

    test("each journal folds to what the model was scripted to say", () => {
      for (const { script, events } of replayed) {
        const record = foldTurn(events);
        const said = record.steps.map(({ text, tool_calls }) => ({
          text,
          calls: tool_calls.map(({ input, ...call }) => ({
            ...call,
            arguments: JSON.parse(input),
          })),
        }));
        expect(record.message).toBe(script.message);
        expect(said).toEqual(expectedSteps({ script, events }));
      }
    });

    test("every turn is done, with an answer, and nothing of the server broke", () => {
      for (const { turn, ...told } of replayed) {
        expect(turn).toMatchObject({ state: "done", error: null, mode: "full" });
        expect(turn.answer!.trim()).not.toBe("");
        expect(turn.answer).toBe(expectedSteps(told).at(-1)!.text);
      }
      expect(stage.faults).toEqual([]);
    });

    test("no process is left, and what stays in memory is bounded", async () => {
      expect(await remaining()).toEqual([]);
      const executor = executorOf(await processes(), stage.house.home)!;
      expect(await pssBytes(executor.pid)).toBeLessThan(EXECUTOR_LIMIT_BYTES);
      expect(heap_growth_bytes).toBeLessThan(HEAP_LIMIT_BYTES);
    });

    test("planted: a process that is left would be seen", async () => {
      const id = await stage.begin(lanes[0]!, { message: "Sleep.", steps: [sleeping] });
      await stage.house.until(id, (event) => event.type === "output");
      expect(await remaining()).not.toEqual([]);
      await stage.house.client.turns.cancel(id);
      await stage.house.until(id, (event) => event.type === "settled");
      expect(await remaining()).toEqual([]);
    });

    async function remaining() {
      const all = await processes();
      const roots = lanes.map(({ root }) => root);
      const left = belonging(all, executorOf(all, stage.house.home)!.pid, roots);
      // It serves whichever command wants a network next, and ends a minute after the last.
      return left.filter(({ command }) => !command.includes("executor/src/network/main.ts"));
    }
  },
);

const sleeping = {
  text: "",
  calls: [{ id: "sleep", name: "shell", arguments: { command: "echo going; sleep 300" } }],
};

/**
 * All that the process holds, buffers included. What a collection finalises lets go of more, a turn of
 * the event loop later: it is collected until that frees nothing worth a look.
 */
async function usedHeapBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let held_bytes = Infinity; ;) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
    const { heapUsed, external } = process.memoryUsage();
    const freed_bytes = held_bytes - (heapUsed + external);
    if (freed_bytes < SMALL_BYTES) return heapUsed + external;
    held_bytes = heapUsed + external;
  }
}

/** Where the recording ends without an answer, or its answer was nudged, the model closes. */
function expectedSteps({ script, events }: Pick<ReplayedTurn, "script" | "events">) {
  const closing = { text: CLOSING, calls: [] };
  const unanswered = script.steps.at(-1)?.calls.length !== 0;
  const nudged = events.some(({ type }) => type === "nudged");
  return unanswered || nudged ? [...script.steps, closing] : script.steps;
}
