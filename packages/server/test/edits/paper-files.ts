import { createHash } from "node:crypto";
import type { EditFiles } from "../../src/edits/edit-files.ts";
import {
  type Change,
  type EditPlan,
  type EditRecord,
  FileRefused,
  type FileStep,
} from "../../src/files/files.ts";

/** A workspace on paper, for what real files cannot be made to do on demand. */
export interface PaperFiles extends EditFiles {
  readonly texts: Map<string, string>;
  /** Contents that undos find, by hash. */
  readonly kept: Map<string, string>;
  /** How the next edit meets its end; then all is well again. */
  fate: Fate;
  /** Called while an edit is being done. */
  meanwhile: () => Promise<void>;
}

export type Fate =
  | "done"
  | "refused"
  | "torn"
  /** All of it is done, and nobody says so. */
  | "done unheard"
  /** Nothing is done, and nobody says so. */
  | "nothing unheard";

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export function paperFiles(): PaperFiles {
  const texts = new Map<string, string>();
  const kept = new Map<string, string>();

  const now = (path: string): FileStep["before"] => {
    const text = texts.get(path);
    return text === undefined ? null : fileAs(text);
  };

  function step(path: string, text: string | null): FileStep {
    if (text !== null) kept.set(sha256(text), text);
    const before = texts.get(path);
    if (before !== undefined) kept.set(sha256(before), before);
    return { path, before: now(path), after: text === null ? null : fileAs(text) };
  }

  const changed = (changes: readonly Change[]): FileStep[] =>
    changes.flatMap(stepsOf).filter(({ before, after }) => before?.sha256 !== after?.sha256);

  function stepsOf(change: Change): FileStep[] {
    switch (change.kind) {
      case "write":
        return [step(change.path, change.content)];
      case "delete":
        return [step(change.path, null)];
      case "move": {
        const to = step(change.to, texts.get(change.path)!);
        return [step(change.path, null), { ...to, moved_from: change.path }];
      }
      default:
        throw new Error(`no ${change.kind} on paper`);
    }
  }

  function write(steps: readonly FileStep[]): void {
    for (const { path, after } of steps)
      if (after === null) texts.delete(path);
      else texts.set(path, kept.get(after.sha256)!);
  }

  const isNow = ({ path }: FileStep, as: FileStep["before"]): boolean =>
    now(path)?.sha256 === as?.sha256;

  const paper: PaperFiles = {
    texts,
    kept,
    fate: "done",
    meanwhile: () => Promise.resolve(),
    plan: async (_root, changes, edit_id) => planned(edit_id, changed(changes)),
    preview: async (_root, changes) => ({
      ...{ steps: changed(changes), folders: [], diff: "the diff", hidden_lines: 0 },
    }),
    async planRestore(_root, { steps }, edit_id) {
      const left = steps.filter((wanted) => isNow(wanted, wanted.before));
      const changed = steps.find((one) => !left.includes(one) && !isNow(one, one.after));
      if (changed !== undefined)
        throw new FileRefused("conflict", `${changed.path} was changed since`);
      const gone = left.find(({ after }) => after !== null && !kept.has(after.sha256));
      if (gone !== undefined) throw new FileRefused("backup_gone", `${gone.path} is not kept`);
      return planned(edit_id, left);
    },
    async apply(_root, { steps }) {
      const fate = paper.fate;
      paper.fate = "done";
      await paper.meanwhile();
      if (fate === "refused") throw new FileRefused("denied", "the paper is wet");
      if (fate === "torn") throw new FileRefused("torn", "half of the paper is wet");
      if (fate === "nothing unheard") throw new FileRefused("unanswered", "no answer");
      if (!steps.every((wanted) => isNow(wanted, wanted.before)))
        throw new FileRefused("conflict", "changed meanwhile");
      write(steps);
      if (fate === "done unheard") throw new FileRefused("unanswered", "no answer");
      return { unconfirmed: null };
    },
    async settle(_root, { steps }: EditRecord) {
      if (steps.every((wanted) => isNow(wanted, wanted.after))) return { state: "applied" };
      if (steps.every((wanted) => isNow(wanted, wanted.before)))
        return { state: "untouched", taken_back: [], left: [] };
      return { state: "torn", fault: "half of the paper is wet" };
    },
    diffOf: async () => ({ diff: "", gaps: [] }),
    backups: { prune: async () => usage },
  };
  return paper;
}

const usage = { used_bytes: 1_048_576, limit_bytes: 2_097_152, kept_since: "2026-01-31" };

const fileAs = (text: string) => ({
  sha256: sha256(text),
  size_bytes: text.length,
  ...{ mode: 0o644, uid: 0, gid: 0 },
});

const planned = (edit_id: string, steps: readonly FileStep[]): EditPlan => ({
  ...{ edit_id, steps, folders: [], emptied: [], contents: [], diff: "the diff" },
  summary: steps.map(({ path }) => path).join(", "),
});
