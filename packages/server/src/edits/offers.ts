import { createHash } from "node:crypto";
import type { Edit, Offer } from "@mainstay/sdk/edits";
import { type Change, type EditPlan, FileRefused, type FileStep } from "../files/files.ts";
import type { Person } from "../identity/identity.ts";
import { Refusal } from "../kernel/errors.ts";
import type { TurnWorkspace } from "../kernel/workspace.ts";
import type { Journal } from "../store/journal.ts";
import type { NewId } from "../kernel/ids.ts";
import { carryOut, type CarryOutParts, editAs } from "./carry-out.ts";
import { editRows, onRecord } from "./edit-rows.ts";
import { type OfferedFile, offeredFiles } from "./offered-files.ts";
import { fileRefusal, untouchedRefusal } from "./refusals.ts";
import { isMeant, isToldInVain } from "./worth-offering.ts";

/** What an answer shows and no tool has written, against the files as they are. */
export interface Offers {
  list(person: Person, turn_id: string): Promise<Offer[]>;
  take(person: Person, turn_id: string, number: number, sha256: string): Promise<Edit>;
}

export interface OffersParts extends CarryOutParts {
  readonly journal: Pick<Journal, "read">;
  readonly newId: NewId;
}

/** A turn that has an answer. */
interface Answered {
  readonly workspace: TurnWorkspace;
  readonly offered: readonly OfferedFile[];
  /** What its own calls edited. */
  readonly edited: ReadonlySet<string>;
}

interface Wanted {
  readonly turn_id: string;
  readonly number: number;
  readonly sha256: string;
}

export function createOffers(parts: OffersParts): Offers {
  const { store, files, journal, newId } = parts;

  /** Nothing of a turn is looked at for who may not. */
  async function answered(
    turn_id: string,
    isTheirs: (person_id: string) => boolean,
  ): Promise<Answered> {
    const [row] = await store.query(
      store.sql
        .selectFrom("turn")
        .innerJoin("workspace", "workspace.id", "turn.workspace_id")
        .select(["turn.person_id", "workspace.id", "workspace.path", "workspace.ino"])
        .select("workspace.owner_uid")
        .where("turn.id", "=", turn_id),
    );
    if (row === undefined || !isTheirs(row.person_id))
      throw new Refusal("not_found", "There is no such turn of yours.");
    const { person_id: _, ...workspace } = row;
    const events = await journal.read(turn_id);
    const end = events.findLast((event) => event.type === "settled");
    const offered = offeredFiles(end?.state === "done" ? (end.answer ?? "") : "");
    return { workspace, offered, edited: await editedBy(turn_id) };
  }

  async function editedBy(turn_id: string): Promise<Set<string>> {
    const rows = await store.query(
      editRows(store)
        .where("edit.turn_id", "=", turn_id)
        .where("edit.origin", "=", "call")
        .where("edit.state", "<>", "untouched"),
    );
    return new Set(rows.flatMap((row) => onRecord(row).steps.map(({ path }) => path)));
  }

  async function told(
    { workspace, edited }: Answered,
    offered: OfferedFile,
    number: number,
  ): Promise<Offer | null> {
    try {
      const { steps, diff, hidden_lines } = await files.preview(workspace, [offered.change]);
      if (steps.length === 0 || !isMeant(offered, steps, edited)) return null;
      return { number, ...contentOf(steps), diff, hidden_lines, fault: null };
    } catch (fault) {
      if (!(fault instanceof FileRefused)) throw fault;
      if (!isToldInVain(offered, edited)) return null;
      const shown = asShown(offered.change);
      return { number, ...shown, diff: null, hidden_lines: 0, fault: fault.message };
    }
  }

  /** What was agreed to, if that is still what would be done. */
  async function agreed(found: Answered, { turn_id, number, sha256 }: Wanted): Promise<EditPlan> {
    const offered = found.offered[number - 1];
    if (offered === undefined)
      throw new Refusal("offer_gone", `The answer of ${turn_id} has no offer ${number}.`);
    const plan = await files.plan(found.workspace, [offered.change], newId("edit")).catch(refused);
    const { steps } = plan;
    if (steps.length === 0)
      throw new Refusal("offer_gone", "The files are so already; there is nothing to write.");
    const { path, sha256: now } = contentOf(steps);
    if (now === sha256 && isMeant(offered, steps, found.edited)) return plan;
    throw new Refusal(
      "offer_gone",
      `${path}, or what would be written there, is not as it was shown: look again.`,
    );
  }

  return {
    async list(person, turn_id) {
      const mayLook = (id: string) => id === person.id || person.role === "admin";
      const found = await answered(turn_id, mayLook);
      const offers = await Promise.all(found.offered.map((one, i) => told(found, one, i + 1)));
      return offers.filter((offer) => offer !== null);
    },
    async take(person, turn_id, number, sha256) {
      const found = await answered(turn_id, (id) => id === person.id);
      const plan = await agreed(found, { turn_id, number, sha256 });
      const outcome = await carryOut(
        parts,
        {
          ...{ turn_id, session_id: null, step: null, call_id: null, undoes: [] },
          ...{ person_id: person.id, workspace_id: found.workspace.id, origin: "offer" },
          intent: `write ${contentOf(plan.steps).path} as the answer shows it`,
        },
        found.workspace,
        plan,
        [],
      );
      // No guards: it is never null.
      if (outcome!.state === "untouched") throw untouchedRefusal(outcome!);
      return editAs(store, plan.edit_id, outcome!);
    },
  };
}

function refused(fault: unknown): never {
  throw fault instanceof FileRefused ? fileRefusal(fault) : fault;
}

/** The digest stands for all that would be written, and for all that it would be written over. */
const contentOf = (steps: readonly FileStep[]): Pick<Offer, "path" | "sha256"> => ({
  path: steps.map(({ path }) => path).join(", "),
  sha256: digest(steps.map(({ path, before, after }) => [path, seen(before), seen(after)])),
});

const seen = (file: FileStep["before"]) => file && [file.sha256, file.mode];

const asShown = (change: Change): Pick<Offer, "path" | "sha256"> => ({
  path: "path" in change ? change.path : "a patch",
  sha256: digest(change),
});

const digest = (what: unknown): string =>
  createHash("sha256").update(JSON.stringify(what)).digest("hex");
