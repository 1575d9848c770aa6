/**
 * Each system call of an edit of five paths fails, once or from then on: all of the edit happens or
 * nothing, no original is lost, whoever hears of it hears what is untouched, and the next edit works.
 */
import { expect, test } from "vitest";
import { aftermathOf, damagedBackups } from "./edits/aftermath.ts";
import { type Call, callsOf, injectionAt } from "./edits/calls.ts";
import { chosen, findings, NEVER_STRUCK } from "./edits/chosen.ts";
import type { Editor, Heard, Order } from "./edits/editor.ts";
import { interrupted, withCopy, withEditor } from "./edits/interrupted.ts";
import { memory, orderOf, settle, withScene } from "./edits/places.ts";
import { recordOf, type Scene } from "./edits/scene.ts";
import { lackOfTracing, titled } from "./means.ts";
import { report, rounds } from "./plan.ts";
import { inject } from "./strace.ts";

const lack = lackOfTracing();
const LONG = 1_800_000;
/** Of what is wrong. */
const SHOWN = 12;
const ERRORS = ["EIO", "ENOSPC", "EACCES"];

interface Fault {
  readonly call: Call;
  readonly error: string;
  /** It fails from then on, its retreat included. */
  readonly lasts: boolean;
}

const wordsOf = ({ call, error, lasts }: Fault): string =>
  `${error}${lasts ? " from then on" : ""} at ${call.name} ${call.nth}: ${call.shown}`;

const everyCall = (editor: Editor, by?: Order["by"]): Promise<Call[]> =>
  withScene(memory, 0, async (scene) => {
    await editor.order(orderOf("open", scene, 1));
    return callsOf(editor.pid, scene, () => editor.order(orderOf("apply", scene, 1, by)));
  });

const faultsAt = (calls: readonly Call[]): Fault[] =>
  calls.flatMap((call) =>
    ERRORS.flatMap((error) => [true, false].map((lasts) => ({ call, error, lasts }))),
  );

/** Edits under the fault; what is wrong with how it ended. */
const bear = (editor: Editor, fault: Fault, by?: Order["by"]): Promise<string[]> =>
  withScene(memory, 0, async (scene) => {
    await editor.order(orderOf("open", scene, 1));
    const open_before = editor.open_files();
    const how = `error=${fault.error}`;
    const injection = injectionAt(editor.pid, fault.call, scene, how, fault.lasts);
    const trace = await inject(editor.pid, injection);
    const heard = await editor.order(orderOf("apply", scene, 1, by));
    await trace.detach();
    const is_hit = trace.has_struck();
    const found = [...(is_hit ? [] : [NEVER_STRUCK]), ...misledBy(heard, scene, fault)];
    // A close that fails by strace closes nothing.
    if (fault.call.name !== "close" && editor.open_files() !== open_before)
      found.push("a file stays open");
    if (by !== undefined) return found;
    return [...found, ...(await unsettled(heard, scene)), ...(await stuck(editor, heard, scene))];
  });

/** What it told, against what is there. */
function misledBy(heard: Heard, scene: Scene, { lasts }: Fault): string[] {
  const { done, broken, lost, leftovers } = aftermathOf(scene, 1);
  const wrong = [
    ...broken.map((path) => `broken: ${path}`),
    ...lost.map((path) => `lost: ${path}`),
    ...damagedBackups(scene).map((name) => `damaged backup: ${name}`),
  ];
  const words = JSON.stringify(heard);
  const is_torn = heard.told === "refused" && heard.fault === "torn";
  if (leftovers.length > 0 && !is_torn && !words.includes("could not be removed"))
    wrong.push(`left, and not told: ${leftovers.join(", ")}`);
  if (heard.told === "applied") return done === "all" ? wrong : [...wrong, `applied: ${done}`];
  if (heard.told !== "refused") return [...wrong, words];
  const silent = recordOf(1).steps.filter(({ path }) => !heard.message.includes(path));
  wrong.push(...silent.map(({ path }) => `${path} is not named: ${heard.message}`));
  // What fails once does not keep it from being taken back.
  if (is_torn) return lasts ? wrong : [...wrong, words];
  return done === "nothing" ? wrong : [...wrong, `${done} after ${words}`];
}

/** A later look says what was told, and leaves nothing half or lying about. */
async function unsettled(heard: Heard, scene: Scene): Promise<string[]> {
  const settled = await settle(scene, 1);
  const { done, leftovers } = aftermathOf(scene, 1);
  const is_same =
    heard.told === "applied"
      ? settled.state === "applied" && done === "all"
      : settled.state === "untouched" && done === "nothing";
  const is_torn = heard.told === "refused" && heard.fault === "torn";
  const found = leftovers.map((at) => `left when settled: ${at}`);
  return is_same || (is_torn && done !== "half") ? found : [...found, `settled as ${done}`];
}

async function stuck(editor: Editor, heard: Heard, scene: Scene): Promise<string[]> {
  const n = aftermathOf(scene, 1).done === "all" ? 2 : 1;
  const next = await editor.order(orderOf("apply", scene, n));
  const is_done = next.told === "applied" && aftermathOf(scene, n).done === "all";
  return is_done ? [] : [`the next edit after ${JSON.stringify(heard)}: ${JSON.stringify(next)}`];
}

test.skipIf(lack !== null)(
  titled("errors at each system call of an edit: all of it or nothing, and told so", lack),
  { timeout: LONG },
  () =>
    withEditor(async (editor) => {
      const calls = await everyCall(editor);
      const all = faultsAt(calls);
      expect(calls.length).toBeGreaterThan(30);
      const faults = chosen(all, rounds({ short: 80, long: all.length }));
      const found = findings();
      for (const fault of faults) found.add(wordsOf(fault), await bear(editor, fault));
      report(`errors at ${calls.length} calls of an edit`, found.judge(SHOWN), "0 half, 0 lost");
    }),
);

/** Settles a copy of an interrupted edit under the fault, and once more without. */
const bearSettling = (editor: Editor, interrupted_at: Scene, fault: Fault): Promise<string[]> =>
  withCopy(interrupted_at, async (scene) => {
    await editor.order(orderOf("open", scene, 1));
    const injection = injectionAt(
      editor.pid,
      fault.call,
      scene,
      `error=${fault.error}`,
      fault.lasts,
    );
    const trace = await inject(editor.pid, injection);
    const heard = await editor.order(orderOf("settle", scene, 1));
    await trace.detach();
    const found = trace.has_struck() ? [] : [NEVER_STRUCK];
    const { broken, lost, done } = aftermathOf(scene, 1);
    found.push(...broken.map((at) => `broken: ${at}`), ...lost.map((at) => `lost: ${at}`));
    if (heard.told !== "settled") found.push(JSON.stringify(heard));
    else if (heard.state !== "torn" && done !== "nothing")
      found.push(`${heard.state}, but ${done}`);
    const again = await settle(scene, 1);
    const { done: then, leftovers } = aftermathOf(scene, 1);
    if (again.state !== "untouched" || then !== "nothing") found.push(`then ${then}`);
    return [...found, ...leftovers.map((at) => `left: ${at}`)];
  });

test.skipIf(lack !== null)(
  titled("errors at each system call of the look that settles: the next look does", lack),
  { timeout: LONG },
  () =>
    withEditor(async (editor) => {
      const found = findings();
      await interrupted(
        async (scene) => {
          const calls = await withCopy(scene, async (copy) => {
            await editor.order(orderOf("open", copy, 1));
            return callsOf(editor.pid, copy, () => editor.order(orderOf("settle", copy, 1)));
          });
          const all = faultsAt(calls);
          for (const fault of chosen(all, rounds({ short: 40, long: 400 }))) {
            found.add(wordsOf(fault), await bearSettling(editor, scene, fault));
          }
        },
        rounds({ short: 1, long: 3 }),
      );
      report("errors at calls of the look that settles", found.judge(SHOWN), "0 half, 0 lost");
    }),
);

test.skipIf(lack !== null).each(["one_by_one", "in_place"] as const)(
  titled("planted: edits %s are found out", lack),
  { timeout: LONG },
  (by) =>
    withEditor(async (editor) => {
      const calls = (await everyCall(editor, by)).filter(({ name }) => name === "openat");
      const faults = calls.map((call) => ({ call, error: "EIO", lasts: false }));
      const found = new Set<string>();
      for (const fault of faults)
        for (const wrong of await bear(editor, fault, by)) found.add(wrong);
      expect([...found]).toContainEqual(expect.stringContaining("half"));
    }, by),
);
