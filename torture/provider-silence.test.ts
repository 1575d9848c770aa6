/**
 * The first of two targets falls silent: before its headers, after them, or in the middle of its answer.
 * The first person waits until the switch is made, and those after them do not find out again.
 */
import { textOf } from "@mainstay/fake-provider/chat-request";
import type { Reply, Script } from "@mainstay/fake-provider/script";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { credentialOf, targetKey } from "../packages/server/src/providers/target.ts";
import type { Target } from "../packages/server/src/providers/target.ts";
import { openPool, requestOf } from "../packages/server/test/providers/pool.ts";
import { report, rounds } from "./plan.ts";
import { forgetful, planted } from "./providers/planted-pool.ts";
import { type Asked, callsOf, median, type OpenPort, openScene } from "./providers/scene.ts";

/** Of each kind of silence; the first of them meets it. */
const TURNS = rounds({ short: 20, long: 40 });
/** Between two turns after the first: in the long run they meet its cool-downs and its probes. */
const GAP_MS = rounds({ short: 10, long: 1_000 });
/** The targets, for a machine that does nothing else; in `npm test` less than without what is proved. */
const FIRST_WITHIN_MS = rounds({ short: 30_000, long: 10_000 });
const KNOWN_WITHIN_MS = rounds({ short: 6_000, long: 2_000 });
const ANSWER = "The second target's answer.";

const silences: readonly (readonly [string, Reply])[] = [
  ["before the headers", { hang: "headers" }],
  ["after the headers", { hang: "body" }],
  ["in the middle of the answer", { text: "Half of an answer that", stall_after_chunks: 1 }],
  [
    "in the middle of a call",
    { tool_calls: [{ name: "f", arguments: { a: "long enough" } }], stall_after_chunks: 1 },
  ],
];

const scriptsWith = (first: Script): Script[] => [first, () => ({ text: ANSWER })];

test.concurrent.each(silences)(
  "who meets a silence %s first is answered in time, and all others at once",
  async (name, reply) => {
    const scene = await openScene({ scripts: scriptsWith(() => reply) });
    try {
      const first = await scene.ask();
      const later: Asked[] = [];
      for (let turn = 1; turn < TURNS; turn++) {
        await systemClock.sleep(GAP_MS);
        later.push(await scene.ask());
      }
      expectAnswered([first, ...later]);
      const worst_ms = Math.max(...later.map(({ took_ms }) => took_ms));
      expect(first.took_ms, name).toBeLessThanOrEqual(FIRST_WITHIN_MS);
      expect(worst_ms, name).toBeLessThanOrEqual(KNOWN_WITHIN_MS);
      expect(callsOf("p1", [first])).toBe(1);
      reportTimes(`silence ${name}`, [first, ...later]);
    } finally {
      await scene.close();
    }
  },
);

/** It takes small talk for work: its probes are answered, and every person is left in silence. */
test.concurrent("of a target that has come back and is silent again nobody waits for long", async ({
  expect,
  onTestFinished,
}) => {
  const deceiver: Script = ({ messages }) =>
    textOf(messages.at(-1)!).startsWith("Reply with") ? { text: "OK" } : { hang: "headers" };
  const open: OpenPort = (settings) => {
    const state = { state: "half_open", cause: "stalled", level: 0, times: 1 } as const;
    const key = keyOf("p1", "m1");
    const breakers = new Map([[key, state]]);
    return openPool(settings, { before: { breakers, credentials: new Map() } }).providers;
  };
  const scene = await openScene({ scripts: scriptsWith(deceiver), open });
  onTestFinished(() => scene.close());
  const steps: Asked[] = [];
  for (let turn = 0; turn < TURNS; turn++) steps.push(await scene.ask());
  expectAnswered(steps);
  expect(callsOf("p1", steps)).toBe(1);
  for (const { took_ms } of steps) expect(took_ms).toBeLessThanOrEqual(KNOWN_WITHIN_MS);
  reportTimes("silence of one that has just come back", steps);
});

test.concurrent("planted: who learns nothing of a silence waits for it again", async ({
  expect,
  onTestFinished,
}) => {
  const first: Script = () => ({ text: "Half", stall_after_chunks: 1 });
  const scene = await openScene({ scripts: scriptsWith(first), open: planted(forgetful) });
  onTestFinished(() => scene.close());
  await scene.ask();
  const again = await scene.ask(requestOf("hello"), AbortSignal.timeout(KNOWN_WITHIN_MS));
  expect(again.fault).not.toBeNull();
});

function expectAnswered(steps: readonly Asked[]): void {
  for (const { shown, fault } of steps)
    expect({ shown, fault }).toEqual({ shown: ANSWER, fault: null });
}

function reportTimes(name: string, [first, ...later]: readonly Asked[]): void {
  const times = later.map(({ took_ms }) => took_ms);
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
  const known = `then ${seconds(median(times))} at the median, ${seconds(Math.max(...times))} at worst`;
  report(name, TURNS, `all answered; the first after ${seconds(first!.took_ms)}, ${known}`);
}

const keyOf = (provider: string, model: string): string =>
  targetKey({ provider, model, credential: credentialOf("fake") } as Target);
