import type { Clock } from "@mainstay/sdk/clock";
import type { Edit, EditDiff, EditsFilter, Offer } from "@mainstay/sdk/edits";
import type { Effect } from "@mainstay/sdk/events";
import type { Change } from "../files/files.ts";
import type { Person } from "../identity/identity.ts";
import { Refusal, refusePaused } from "../kernel/errors.ts";
import type { NewId } from "../kernel/ids.ts";
import type { PauseBoard } from "../kernel/pause.ts";
import type { TurnWorkspace, WorkspaceRoot } from "../kernel/workspace.ts";
import type { Journal } from "../store/journal.ts";
import type { Page, PageWish } from "../store/page.ts";
import type { Statement, Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import { prepareCall } from "./calls.ts";
import type { EditFiles } from "./edit-files.ts";
import { recordOf } from "./edit-record.ts";
import { editResource, type EditRow, theirs } from "./edit-rows.ts";
import { editsPage } from "./listed.ts";
import { createOffers } from "./offers.ts";
import { createPruner } from "./pruner.ts";
import { createSettler } from "./settler.ts";
import { standCheck } from "./stand-check.ts";
import { createUnderway } from "./underway.ts";
import { undo } from "./undo.ts";

export { filesOnRecord } from "./edit-record.ts";
export type { Statement } from "../store/store.ts";

/** Whose edit it is, and where. All of it comes from the server, nothing from the model. */
export interface EditCall {
  readonly turn_id: string;
  readonly step: number;
  readonly call_id: string;
  readonly intent: string;
  readonly person_id: string;
  readonly workspace: TurnWorkspace;
}

/** An edit decided and not done: it is put on record with `writes`, then done. */
export interface PreparedEdit {
  readonly summary: string;
  readonly diff: string;
  /** Null: the files are so already, and there is nothing to do. */
  readonly effect: Extract<Effect, { kind: "edit" }> | null;
  /** Row and intent of the trail: they are durable before `apply` is called. */
  readonly writes: readonly Statement[];
  /** Does all of it or nothing. Whatever becomes of it is told, not thrown. */
  apply(): Promise<EditEnd>;
  /** Instead of `apply`: it is on record and shall not be done after all. */
  forgo(): Promise<void>;
}

/** What became of an edit; `writes` put it on record. */
export type EditEnd =
  | {
      readonly state: "applied";
      /** That the disk did not confirm it; null when it is durable. */
      readonly fault: string | null;
      readonly writes: readonly Statement[];
    }
  | {
      readonly state: "untouched" | "torn";
      readonly fault: string;
      readonly writes: readonly Statement[];
    };

/**
 * What the agent and undos do to files, on record: rows, trail, and the way back.
 *
 * 1. Intent before effect: row and trail are durable before a file is touched.
 * 2. What was interrupted is decided at the next start, before turns go on: all of it or nothing.
 * 3. An undo is an edit. It takes back what stands, whole, and never what came later.
 */
export interface Edits {
  /** @throws FileRefused for what cannot be done, with a message to act on. */
  prepare(of: EditCall, changes: readonly Change[]): Promise<PreparedEdit>;
  /** What became of an edit whose call has no result; it is on record then. Null: there is no such edit. */
  settle(edit_id: string): Promise<EditEnd | null>;

  /** @throws Refusal `not_found` */
  get(person: Person, edit_id: string): Promise<Edit>;
  diff(person: Person, edit_id: string): Promise<EditDiff>;
  /** Newest first; an admin sees everybody's. */
  list(person: Person, filter: EditsFilter, page: PageWish): Promise<Page<Edit>>;
  /**
   * Takes back one edit, or all that stand of a turn or a session, as one edit.
   * @throws Refusal `not_found`, `edit_not_standing`, `nothing_to_undo`, `edit_conflict` (its detail shows what
   * came later), `undo_too_large`, `backup_gone`, `disk_full`, `edit_refused`, `paused`
   * @returns how it ended: `applied`, or `torn`
   */
  undo(person: Person, what: UndoTarget): Promise<Edit>;

  /** Code blocks of a settled answer that name a file, against the files as they are. @throws Refusal */
  offers(person: Person, turn_id: string): Promise<Offer[]>;
  /** @throws Refusal `offer_gone`, `edit_conflict`, `edit_refused` */
  takeOffer(person: Person, turn_id: string, number: number, sha256: string): Promise<Edit>;

  /** How much of the way back is kept, and whether every edit is whole. */
  check(): Promise<{ readonly ok: boolean; readonly detail: string }>;

  /** Decides what was interrupted; then prunes backups and looks at torn edits now and then. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export type UndoTarget =
  | { readonly edit_id: string }
  | { readonly turn_id: string }
  | { readonly session_id: string };

export interface EditsParts {
  readonly store: Store;
  readonly journal: Pick<Journal, "read">;
  readonly files: EditFiles;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Log;
  readonly pauses: Pick<PauseBoard, "person">;
  /** Told before a person's edit changes files; those of calls their tools tell. */
  readonly touched: (root: WorkspaceRoot) => void;
}

export function createEdits(given: EditsParts): Edits {
  const { store, files, pauses } = given;
  const underway = createUnderway();
  const parts = { ...given, underway };
  const settler = createSettler(parts);
  const pruner = createPruner({ ...given, backups: files.backups });
  const offers = createOffers(parts);

  async function rowOf(person: Person, edit_id: string): Promise<EditRow> {
    const [row] = await store.query(theirs(store, person).where("edit.id", "=", edit_id));
    if (row !== undefined) return row;
    throw new Refusal("not_found", "There is no such edit of yours.");
  }

  return {
    prepare: (of, changes) => prepareCall(parts, of, changes),
    settle: settler.settle,
    get: async (person, edit_id) => editResource(await rowOf(person, edit_id)),
    async diff(person, edit_id) {
      const { record } = await rowOf(person, edit_id);
      return files.diffOf(recordOf(edit_id, record));
    },
    list: (person, filter, page) => editsPage(store, person, filter, page),
    async undo(person, target) {
      refusePaused(pauses.person(person.id));
      return undo(parts, person, target);
    },
    offers: offers.list,
    async takeOffer(person, ...offer) {
      refusePaused(pauses.person(person.id));
      return offers.take(person, ...offer);
    },
    check: () => standCheck(store, pruner),
    async start() {
      await settler.start();
      await pruner.start();
    },
    async stop() {
      await Promise.all([settler.stop(), pruner.stop()]);
      await underway.ended();
    },
  };
}
