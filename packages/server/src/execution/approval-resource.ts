import type { Approval } from "@mainstay/sdk/resources";
import { type Pause, toldPause } from "../kernel/pause.ts";
import { isoTime } from "../kernel/time.ts";
import type { Row } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { bareCard, type Card, parseCard } from "./consent/card.ts";
import { visibleLine } from "./consent/visible.ts";

/** Who decides when nobody does in time. */
export const NOBODY = { id: "expiry", name: "nobody (it expired)" };
/** Whose denial it is where a client could ask nobody. */
export const UNASKED = {
  ...{ id: "no_terminal" as const, name: "nobody (asked where nobody could answer)" },
};

export interface ApprovalRow extends Row<"approval"> {
  readonly workspace_path: string;
  readonly person_name: string;
  /** Null where nobody decided, or no person did. */
  readonly decider_name: string | null;
}

/** Approvals with the names that people know. */
export const approvalRows = (store: Store) =>
  store.sql
    .selectFrom("approval")
    .innerJoin("workspace", "workspace.id", "approval.workspace_id")
    .innerJoin("person", "person.id", "approval.person_id")
    .leftJoin("person as decider", "decider.id", "approval.decided_by")
    .selectAll("approval")
    .select(["workspace.path as workspace_path", "person.name as person_name"])
    .select("decider.name as decider_name");

/** What a command can touch, in plain words. */
function reachOf({ hosts, opens }: Card): string {
  const folders = (opens?.folders ?? []).map((path) => `, ${visibleLine(path)} to read`).join("");
  const network = hosts.length === 0 ? "without network" : "with a network of exactly these hosts";
  return `the files of the workspace${folders}, inside a sandbox ${network}`;
}

const NOTHING_KEEPS_IT =
  "all that the server's own user can: there is NO SANDBOX, by the operator's choice";

/**
 * @param unsandboxed that nothing keeps commands
 * @param pause what holds the person's commands now
 */
export function approvalResource(
  row: ApprovalRow,
  unsandboxed: boolean,
  pause: Pause | null,
): Approval {
  const card = parseCard(row.card) ?? bareCard(row.command, row.reason);
  return {
    id: row.id,
    turn_id: row.turn_id,
    state: row.state,
    person: { id: row.person_id, name: row.person_name },
    intent: row.intent,
    command: row.command,
    ...card,
    workspace_id: row.workspace_id,
    workspace_path: row.workspace_path,
    reach: unsandboxed ? NOTHING_KEEPS_IT : reachOf(card),
    network: unsandboxed || card.hosts.length > 0,
    pause: pause === null ? null : toldPause(pause),
    reason: row.reason,
    created_at: isoTime(row.created_at),
    expires_at: isoTime(row.expires_at),
    decided_at: row.decided_at === null ? null : isoTime(row.decided_at),
    decided_by: row.decider_name ?? nameOf(row.decided_by),
    ...(row.decided_by === UNASKED.id && { because: UNASKED.id }),
  };
}

const nameOf = (decided_by: string | null): string | null =>
  [NOBODY, UNASKED].find(({ id }) => id === decided_by)?.name ?? decided_by;
