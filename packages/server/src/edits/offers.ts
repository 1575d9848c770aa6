import { createHash } from "node:crypto";
import type { Edit, Offer } from "@mainstay/sdk/edits";
import { type Change, type EditPlan, FileRefused } from "../files/files.ts";
import type { Person } from "../identity/identity.ts";
import { Refusal } from "../kernel/errors.ts";
import type { TurnWorkspace } from "../kernel/workspace.ts";
import type { Journal } from "../store/journal.ts";
import type { NewId } from "../kernel/ids.ts";
import { carryOut, type CarryOutParts, editAs } from "./carry-out.ts";
import { offeredFiles } from "./offered-files.ts";
import { fileRefusal, untouchedRefusal } from "./refusals.ts";

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
  readonly person_id: string;
  readonly workspace: TurnWorkspace;
  readonly changes: readonly Change[];
}

export function createOffers(parts: OffersParts): Offers {
  const { store, files, journal, newId } = parts;

  async function answered(turn_id: string): Promise<Answered | null> {
    const [row] = await store.query(
      store.sql
        .selectFrom("turn")
        .innerJoin("workspace", "workspace.id", "turn.workspace_id")
        .select(["turn.person_id", "workspace.id", "workspace.path", "workspace.ino"])
        .select("workspace.owner_uid")
        .where("turn.id", "=", turn_id),
    );
    if (row === undefined) return null;
    const { person_id, ...workspace } = row;
    const events = await journal.read(turn_id);
    const end = events.findLast((event) => event.type === "settled");
    const answer = end?.state === "done" ? (end.answer ?? "") : "";
    return { person_id, workspace, changes: offeredFiles(answer) };
  }

  async function told(
    workspace: TurnWorkspace,
    change: Change,
    number: number,
  ): Promise<Offer | null> {
    try {
      const plan = await files.plan(workspace, [change], newId("edit"));
      if (plan.steps.length === 0) return null;
      const { path, sha256 } = contentOf(plan);
      return { number, path, sha256, diff: plan.diff, fault: null };
    } catch (fault) {
      if (!(fault instanceof FileRefused)) throw fault;
      const { path, sha256 } = asShown(change);
      return { number, path, sha256, diff: null, fault: fault.message };
    }
  }

  return {
    async list(person, turn_id) {
      const found = await answered(turn_id);
      if (found === null || (found.person_id !== person.id && person.role !== "admin"))
        throw new Refusal("not_found", "There is no such turn of yours.");
      const { workspace, changes } = found;
      const offers = await Promise.all(changes.map((change, i) => told(workspace, change, i + 1)));
      return offers.filter((offer) => offer !== null);
    },
    async take(person, turn_id, number, sha256) {
      const found = await answered(turn_id);
      if (found?.person_id !== person.id)
        throw new Refusal("not_found", "There is no such turn of yours.");
      const change = found.changes[number - 1];
      if (change === undefined)
        throw new Refusal("offer_gone", `The answer of ${turn_id} has no offer ${number}.`);
      const { workspace } = found;
      const plan = await files.plan(workspace, [change], newId("edit")).catch(refused);
      if (plan.steps.length === 0)
        throw new Refusal("offer_gone", "The files are so already; there is nothing to write.");
      const { path, sha256: now } = contentOf(plan);
      if (now !== sha256)
        throw new Refusal(
          "offer_gone",
          `What would be written to ${path} has changed: look again.`,
        );
      const outcome = await carryOut(
        parts,
        {
          ...{ turn_id, session_id: null, step: null, call_id: null },
          ...{ person_id: person.id, workspace_id: workspace.id, origin: "offer", undoes: [] },
          intent: `write ${path} as the answer shows it`,
        },
        workspace,
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

/** The digest stands for all that would be written, also where it is several files. */
function contentOf({ steps }: EditPlan): Pick<Offer, "path" | "sha256"> {
  const path = steps.map((step) => step.path).join(", ");
  const [only, ...more] = steps;
  if (only?.after && more.length === 0) return { path, sha256: only.after.sha256 };
  return { path, sha256: digest(steps.map(({ path, after }) => [path, after?.sha256 ?? null])) };
}

const asShown = (change: Change): Pick<Offer, "path" | "sha256"> => ({
  path: "path" in change ? change.path : "a patch",
  sha256: digest(change),
});

const digest = (what: unknown): string =>
  createHash("sha256").update(JSON.stringify(what)).digest("hex");
