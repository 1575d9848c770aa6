/**
 * The process is killed at each system call of an edit, and at each one of the look that settles it:
 * at the next look all of the edit is there or nothing, and no original was ever lost.
 */
import { expect, test } from "vitest";
import { aftermathOf, damagedBackups } from "./edits/aftermath.ts";
import type { Call } from "./edits/calls.ts";
import { chosen, findings, NEVER_STRUCK } from "./edits/chosen.ts";
import {
  callsTo,
  callsToApply,
  interrupted,
  isSwitch,
  killedAt,
  withCopy,
} from "./edits/interrupted.ts";
import { memory, settle, withScene } from "./edits/places.ts";
import type { Scene } from "./edits/scene.ts";
import { lackOfTracing, titled } from "./means.ts";
import { report, rounds } from "./plan.ts";

const lack = lackOfTracing();
const LONG = 1_800_000;
/** Of what is wrong. */
const SHOWN = 12;

/** Before anybody has looked: each file is whole, and nothing is lost. */
function brokenIn(scene: Scene): string[] {
  const { broken, lost } = aftermathOf(scene, 1);
  return [
    ...broken.map((path) => `broken: ${path}`),
    ...lost.map((path) => `lost: ${path}`),
    ...damagedBackups(scene).map((name) => `damaged backup: ${name}`),
  ];
}

/** The next look, and one more. */
async function unsettled(scene: Scene): Promise<string[]> {
  const found: string[] = [];
  for (const look of ["first", "second"]) {
    const settled = await settle(scene, 1);
    const { done, leftovers } = aftermathOf(scene, 1);
    found.push(...brokenIn(scene), ...leftovers.map((at) => `left: ${at}`));
    const expected = done === "all" ? "applied" : "untouched";
    if (done === "half" || settled.state !== expected)
      found.push(`${look} look: ${done}, told ${JSON.stringify(settled)}`);
  }
  return found;
}

/** Most calls are made before the first switch: half of a short run's are not. */
function spread(all: readonly Call[], count: number): readonly Call[] {
  if (count >= all.length) return all;
  const first = all.findIndex(isSwitch);
  const half = Math.ceil(count / 2);
  return [...chosen(all.slice(0, first), count - half), ...chosen(all.slice(first), half)];
}

const wordsOf = ({ name, nth, shown }: Call): string => `killed at ${name} ${nth}: ${shown}`;

test.skipIf(lack !== null)(
  titled("SIGKILL at each system call of an edit: the next look finds all of it or nothing", lack),
  { timeout: LONG },
  async () => {
    const all = await callsToApply();
    const calls = spread(all, rounds({ short: 10, long: all.length }));
    const found = findings();
    const ends = { all: 0, nothing: 0, half: 0 };
    for (const call of calls)
      await withScene(memory, 0, async (scene) => {
        const wrong = (await killedAt(call, scene, "apply")) ? [] : [NEVER_STRUCK];
        ends[aftermathOf(scene, 1).done]++;
        wrong.push(...brokenIn(scene), ...(await unsettled(scene)));
        found.add(wordsOf(call), wrong);
      });
    const killed = found.judge(SHOWN);
    const left = `${ends.nothing} not begun, ${ends.half} in its midst, ${ends.all} done`;
    report("SIGKILL at each call of an edit", killed, `${left}; then 0 half, 0 lost`);
  },
);

test.skipIf(lack !== null)(
  titled("SIGKILL while an interrupted edit is settled: the look after that settles it", lack),
  { timeout: LONG },
  async () => {
    const found = findings();
    await interrupted(
      async (scene, at) => {
        const all = await withCopy(scene, (copy) => callsTo("settle", copy));
        for (const call of chosen(all, rounds({ short: 3, long: 25 })))
          await withCopy(scene, async (copy) => {
            const wrong = (await killedAt(call, copy, "settle")) ? [] : [NEVER_STRUCK];
            wrong.push(...brokenIn(copy), ...(await unsettled(copy)));
            found.add(`${wordsOf(at)}, then ${wordsOf(call)}`, wrong);
          });
      },
      rounds({ short: 1, long: 12 }),
    );
    report("SIGKILL at calls of the look that settles", found.judge(SHOWN), "0 half, 0 lost");
  },
);

test.skipIf(lack !== null)(
  titled("planted: nobody looks at what was interrupted", lack),
  { timeout: LONG },
  async () => {
    const found: string[] = [];
    await interrupted(async (scene) => void found.push(aftermathOf(scene, 1).done), 1);
    expect(found).toEqual(["half"]);
  },
);

test.skipIf(lack !== null)(
  titled("planted: files written in place are found broken, and lost", lack),
  { timeout: LONG },
  async () => {
    const written = (await callsToApply("in_place")).find(
      ({ name, shown }) => name === "write" && shown.includes("kept.txt"),
    );
    await withScene(memory, 0, async (scene) => {
      await killedAt(written!, scene, "apply", "in_place");
      const found = ["broken: src/kept.txt", "lost: src/kept.txt"];
      expect(brokenIn(scene)).toEqual(expect.arrayContaining(found));
    });
  },
);
