import type {
  Changes,
  ChangeSource,
  FileChange,
  FileState,
  TurnChanges,
} from "@mainstay/sdk/changes";
import type { EditedFile } from "@mainstay/sdk/edits";
import type { Effect, JournalEvent } from "@mainstay/sdk/events";
import type { Row } from "../store/schema.ts";

/** Of what one undo took back. */
const NAMED = 10;

type Started = Extract<JournalEvent, { type: "tool_started" }>;
type Ended = Extract<JournalEvent, { type: "tool_ended" }>;

/** What is known beside the turn's journal, by ids. */
export interface Beside {
  /** Of its commands, those that went on when their calls had ended. */
  readonly changes: ReadonlyMap<string, Changes>;
  readonly running: ReadonlySet<string>;
  /** How its edits stand now. */
  readonly edits: ReadonlyMap<string, Standing>;
  /** Files that a person took as its answer shows them, in that order. */
  readonly offers: readonly (Standing & { readonly files: readonly EditedFile[] })[];
}

type Standing = Pick<Row<"edit">, "state" | "undone_by">;

/**
 * What a turn changed in its workspace: by its journal its edits, and what its commands were seen to
 * change; after them what a person took of its answer.
 */
export function turnChanges(events: readonly JournalEvent[], beside: Beside): TurnChanges {
  const ends = events.filter((event) => event.type === "tool_ended");
  const deeds = events
    .filter((event) => event.type === "tool_started")
    .map((started) => ({
      started,
      ended: ends.find(({ step, call_id }) => step === started.step && call_id === started.call_id),
    }));
  const of_calls = deeds.flatMap((deed) =>
    sourceOf(deed, beside).map((source) => ({
      source,
      gaps: gapsOf(deed, source, beside),
      undone_by: standingOf(deed, beside)?.undone_by ?? null,
    })),
  );
  const of_offers = beside.offers.flatMap(({ state, undone_by, files }) =>
    editSource({ step: null, call_id: null }, state, files).map((source) => ({
      source,
      gaps: gapsIn(source),
      undone_by,
    })),
  );
  const found = [...of_calls, ...of_offers];
  const sources = found.map(({ source }) => source);
  const changes = sources.flatMap(({ changes }) => changes ?? []);
  return {
    files: netOf(changes.flatMap(({ files }) => files)),
    more: changes.reduce((sum, { more }) => sum + more, 0),
    not_entered: [...new Set(changes.flatMap(({ not_entered }) => not_entered))],
    gaps: [...found.flatMap(({ gaps }) => gaps), ...takenBack(found)],
    sources,
  };
}

interface Deed {
  readonly started: Started;
  readonly ended: Ended | undefined;
}

function sourceOf({ started, ended }: Deed, beside: Beside): ChangeSource[] {
  const { step, call_id, effect } = started;
  switch (effect.kind) {
    case "none":
      return [];
    case "edit":
      return editSource({ step, call_id }, beside.edits.get(effect.edit_id)?.state, effect.files);
    case "file":
      if (ended?.outcome !== "ok") return [];
      return [{ step, call_id, by: "edit", what: effect.path, changes: edited(effect) }];
    case "command": {
      if (effect.verdict === "safe" || ended?.command?.outcome === "not_started") return [];
      const changes = ended?.command?.changes ?? beside.changes.get(effect.command_id) ?? null;
      return [{ step, call_id, by: "command", what: effect.command, changes }];
    }
  }
}

/** None of an edit that came to nothing. */
function editSource(
  call: Pick<ChangeSource, "step" | "call_id">,
  state: Standing["state"] | undefined,
  edited: readonly EditedFile[],
): ChangeSource[] {
  if (state !== "applied" && state !== "torn") return [];
  const files = edited.map(({ path, before, after }): FileChange => {
    return { path, kind: "file", before, after };
  });
  const what = files.map(({ path }) => path).join(", ");
  const changes = state === "applied" ? { ...NOTHING_SEEN, files } : null;
  return [{ ...call, by: "edit", what, changes }];
}

function edited({ path, before_sha256, after_sha256 }: Extract<Effect, { kind: "file" }>): Changes {
  const change: FileChange = {
    ...{ path, kind: "file" },
    ...{ before: hashed(before_sha256), after: hashed(after_sha256) },
  };
  return { ...NOTHING_SEEN, files: [change] };
}

const NOTHING_SEEN: Omit<Changes, "files"> = {
  ...{ more: 0, not_entered: [], incomplete: null, overlapped: false },
};

const hashed = (sha256: string | null): FileState | null =>
  sha256 === null ? null : { sha256, size_bytes: null, mode: null };

/** Each path once: from how it first stood to how it was left. */
function netOf(changes: readonly FileChange[]): FileChange[] {
  const net = new Map<string, FileChange>();
  for (const change of changes) {
    const { before } = net.get(change.path) ?? change;
    net.set(change.path, { ...change, before });
  }
  return [...net.values()]
    .filter(({ kind, before, after }) => kind === "folder" || !isSame(before, after))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

function isSame(before: FileState | null, after: FileState | null): boolean {
  if (before === null || after === null) return before === after;
  const is_mode_same = before.mode === null || after.mode === null || before.mode === after.mode;
  return is_mode_same && before.sha256 !== null && before.sha256 === after.sha256;
}

const standingOf = ({ started: { effect } }: Deed, { edits }: Beside): Standing | undefined =>
  effect.kind === "edit" ? edits.get(effect.edit_id) : undefined;

const gapsOf = (
  { started: { effect } }: Deed,
  source: ChangeSource,
  { running }: Beside,
): string[] =>
  effect.kind === "command" && running.has(effect.command_id)
    ? [stillRuns(source)]
    : gapsIn(source);

interface Found {
  readonly source: ChangeSource;
  readonly undone_by: string | null;
}

/** A line for each undo, whatever it took back. */
function takenBack(found: readonly Found[]): string[] {
  const edits = Map.groupBy(found, ({ undone_by }) => undone_by);
  return [...edits].flatMap(([undone_by, of]) =>
    undone_by === null ? [] : [`${editsIn(of)}: taken back by ${undone_by}`],
  );
}

function editsIn(found: readonly Found[]): string {
  const whats = [...new Set(found.map(({ source }) => source.what))];
  const named = whats.slice(0, NAMED).join(", ");
  const more = whats.length > NAMED ? ` and ${whats.length - NAMED} more` : "";
  return found.length === 1 ? named : `${found.length} edits, of ${named}${more}`;
}

const stillRuns = ({ what }: ChangeSource): string =>
  `this command still runs; what it changed is told when it has ended: ${what}`;

function gapsIn({ by, what, changes }: ChangeSource): string[] {
  if (changes === null) return [`what this ${by} changed is not known: ${what}`];
  const { incomplete, overlapped } = changes;
  return [
    ...(incomplete === null ? [] : [`${what}: ${incomplete}`]),
    ...(overlapped ? [`${what}: others may have worked in the workspace meanwhile`] : []),
  ];
}
