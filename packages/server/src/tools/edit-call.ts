import type { Effect } from "@mainstay/sdk/events";
import { FileRefused } from "../files/files.ts";
import type { Files } from "../files/files.ts";
import type { Prepared, Recovered, Scene, ToolEnd } from "./tool.ts";

type Change = Parameters<Files["planEdit"]>[2];
type EditPlan = Awaited<ReturnType<Files["planEdit"]>>;

/** What `write_file` and `edit_file` have in common: a planned edit, done whole or not at all. */
export async function prepareEdit(
  files: Files,
  path: string,
  change: Change,
  scene: Scene,
): Promise<Prepared> {
  try {
    return preparedFrom(await files.planEdit(scene.workspace, path, change));
  } catch (fault) {
    return { kind: "ended", end: refused(fault) };
  }
}

function preparedFrom(plan: EditPlan): Prepared {
  if (plan.before_sha256 === plan.after_sha256) {
    const end = ended("ok", `${plan.path} already has this content; nothing was written.`);
    return { kind: "ready", effect: { kind: "none" }, execute: () => Promise.resolve(end) };
  }
  const { edit_id, path, before_sha256, after_sha256 } = plan;
  return {
    kind: "ready",
    effect: { kind: "file", edit_id, path, before_sha256, after_sha256 },
    execute: (signal) => applied(plan, signal),
  };
}

async function applied(plan: EditPlan, signal: AbortSignal): Promise<ToolEnd> {
  signal.throwIfAborted();
  try {
    await plan.apply();
    return ended("ok", `${plan.summary}\n${plan.diff}`);
  } catch (fault) {
    return refused(fault);
  }
}

/**
 * What became of an edit that started before a crash: the file says it. Its content is either what
 * the edit found or what it wanted (P1 of `files/`), unless somebody else wrote since.
 */
export async function recoverEdit(files: Files, effect: Effect, scene: Scene): Promise<Recovered> {
  if (effect.kind !== "file") return { kind: "never_started" };
  const root = scene.workspace;
  try {
    await files.sweep(root, effect.path, effect.edit_id);
    const found = await files.digest(root, effect.path);
    if (found === effect.before_sha256) return { kind: "never_started" };
    return { kind: "ended", end: endOf(effect, found) };
  } catch (fault) {
    return { kind: "ended", end: unknown(effect, refused(fault).result) };
  }
}

type FileEffect = Extract<Effect, { kind: "file" }>;

const endOf = (effect: FileEffect, found: string | null): ToolEnd =>
  found === effect.after_sha256
    ? ended("ok", `${effect.path} was written before the restart.`)
    : unknown(effect, found === null ? "there is no such file now" : `it is ${found} now`);

const unknown = ({ path, before_sha256, after_sha256 }: FileEffect, now: string): ToolEnd =>
  ended(
    "unknown",
    `The server restarted while ${path} was being written. It was ` +
      `${before_sha256 ?? "absent"} before, the edit would have made it ${after_sha256}; ${now}. ` +
      "Read the file before you go on.",
  );

const ended = (outcome: ToolEnd["outcome"], result: string): ToolEnd => ({
  outcome,
  result,
  command: null,
});

/** @throws what is no refusal: that is a fault of ours. */
function refused(fault: unknown): ToolEnd {
  if (!(fault instanceof FileRefused)) throw fault;
  return ended("error", fault.message);
}
