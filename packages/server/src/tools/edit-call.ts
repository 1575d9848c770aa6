import type { Effect } from "@mainstay/sdk/events";
import type { EditEnd, Edits, PreparedEdit } from "../edits/edits.ts";
import { type Change, FileRefused } from "../files/files.ts";
import type { Prepared, Recovered, Scene, ToolEnd } from "./tool.ts";

/** Of the edits, what a tool does with them. */
export type CallEdits = Pick<Edits, "prepare" | "settle">;

/** What all tools that change files have in common: a planned edit, done whole or not at all. */
export async function prepareEdit(
  edits: CallEdits,
  change: Change,
  { person, ...scene }: Scene,
): Promise<Prepared> {
  try {
    return preparedFrom(await edits.prepare({ ...scene, person_id: person.id }, [change]));
  } catch (fault) {
    if (!(fault instanceof FileRefused)) throw fault;
    return { kind: "ended", end: ended("error", fault.message) };
  }
}

function preparedFrom(edit: PreparedEdit): Prepared {
  if (edit.effect === null) {
    const end = ended("ok", "The files are so already; nothing was written.");
    return { kind: "ready", effect: { kind: "none" }, execute: () => Promise.resolve(end) };
  }
  return {
    kind: "ready",
    effect: edit.effect,
    writes: edit.writes,
    async execute(signal) {
      if (signal.aborted) await edit.forgo();
      signal.throwIfAborted();
      return endOf(await edit.apply(), `${edit.summary}\n${edit.diff}`);
    },
  };
}

/** What became of an edit that started before a crash: the room of edits decides it. */
export async function recoverEdit(edits: CallEdits, effect: Effect): Promise<Recovered> {
  if (effect.kind === "file") return { kind: "ended", end: ended("unknown", ofOld(effect.path)) };
  if (effect.kind !== "edit") return { kind: "never_started" };
  const end = await edits.settle(effect.edit_id);
  if (end === null || end.state === "untouched") return { kind: "never_started" };
  const paths = effect.files.map(({ path }) => path).join(", ");
  return { kind: "ended", end: endOf(end, `Written before the restart: ${paths}`) };
}

/** What is torn is not known to stay so: it is looked at again. */
function endOf(end: EditEnd, done: string): ToolEnd {
  const { writes } = end;
  switch (end.state) {
    case "applied":
      return { ...ended("ok", end.fault === null ? done : `${end.fault}\n${done}`), writes };
    case "untouched":
      return { ...ended("error", end.fault), writes };
    case "torn":
      return { ...ended("unknown", end.fault), writes };
  }
}

const ofOld = (path: string): string =>
  `An older server stopped while it wrote ${path}; what became of it is not known. ` +
  "Read the file before you go on.";

const ended = (outcome: ToolEnd["outcome"], result: string): ToolEnd => ({
  outcome,
  result,
  command: null,
});
