import type { Clock } from "@mainstay/sdk/clock";
import type { Approval } from "@mainstay/sdk/resources";
import type { Person } from "../identity/identity.ts";
import { Refusal } from "../kernel/errors.ts";
import type { NewId } from "../kernel/ids.ts";
import { isoTime } from "../kernel/time.ts";
import type { Journal } from "../store/journal.ts";
import type { Row } from "../store/schema.ts";
import type { Statement, Store } from "../store/store.ts";
import { requeueTurn } from "../store/turn-writes.ts";
import { visible } from "./consent/in-plain-words.ts";

const DAY_MS = 86_400_000;
const LIST_LIMIT = 200;
const EXPIRE_AT_ONCE = 100;

/** What a person is asked; the turn commits `write` with its own event. */
export interface ConsentRequest {
  readonly approval_id: string;
  readonly command: string;
  readonly reason: string;
  readonly expires_at: number;
  readonly write: Statement;
}

export interface AskFor {
  readonly turn_id: string;
  readonly step: number;
  readonly call_id: string;
  readonly person_id: string;
  readonly workspace_id: string;
  readonly intent: string;
  readonly command: string;
  readonly command_sha256: string;
  readonly reason: string;
}

/** Names one call; ids of calls alone do not, models reuse them. */
export type CallOfTurn = Pick<AskFor, "turn_id" | "step" | "call_id">;

export interface Approver {
  readonly id: string;
  readonly name: string;
}

export interface Approvals {
  request(ask: AskFor): ConsentRequest;
  /** Who approved exactly these bytes for this very call; null when nobody did. */
  approver(call: CallOfTurn, command_sha256: string): Promise<Approver | null>;
  /** What waits for the person; an admin sees everybody's. */
  pending(person: Person): Promise<Approval[]>;
  /** An approval as it stands, whatever its state. @throws Refusal `not_found`. */
  get(person: Person, id: string): Promise<Approval>;
  /**
   * One decision counts, however many race. *later* leaves it as it is.
   * @throws Refusal `not_found`, `approval_decided`.
   */
  decide(person: Person, id: string, decision: "approve" | "deny" | "later"): Promise<Approval>;
  /** What nobody answered in time becomes a denial. Returns how many. */
  expire(): Promise<number>;
}

export interface ApprovalsParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly life_days: number;
  /** What a command can touch, in plain words. */
  readonly reach: string;
}

export function createApprovals(parts: ApprovalsParts): Approvals {
  const { store, journal, clock, newId } = parts;

  function request(ask: AskFor): ConsentRequest {
    const id = newId("apr");
    const now = clock.now();
    const expires_at = now + parts.life_days * DAY_MS;
    const write = store.sql
      .insertInto("approval")
      .values({
        id,
        ...ask,
        state: "pending",
        created_at: now,
        expires_at,
        decided_at: null,
        decided_by: null,
      })
      .compile();
    return { approval_id: id, command: ask.command, reason: ask.reason, expires_at, write };
  }

  async function approver({ turn_id, step, call_id }: CallOfTurn, command_sha256: string) {
    const [row] = await store.query(
      store.sql
        .selectFrom("approval")
        .innerJoin("person", "person.id", "approval.decided_by")
        .select(["person.id", "person.name"])
        .where("approval.turn_id", "=", turn_id)
        .where("approval.step", "=", step)
        .where("approval.call_id", "=", call_id)
        .where("approval.command_sha256", "=", command_sha256)
        .where("approval.state", "=", "approved"),
    );
    return row ?? null;
  }

  const rows = () =>
    store.sql
      .selectFrom("approval")
      .innerJoin("workspace", "workspace.id", "approval.workspace_id")
      .innerJoin("person", "person.id", "approval.person_id")
      .leftJoin("person as decider", "decider.id", "approval.decided_by")
      .selectAll("approval")
      .select(["workspace.path as workspace_path", "person.name as person_name"])
      .select("decider.name as decider_name");

  async function pending(person: Person): Promise<Approval[]> {
    let query = rows().where("approval.state", "=", "pending");
    if (person.role !== "admin") query = query.where("approval.person_id", "=", person.id);
    const found = await store.query(query.orderBy("approval.created_at").limit(LIST_LIMIT));
    return found.map((row) => resource(row, parts.reach));
  }

  async function find(person: Person, id: string) {
    const [row] = await store.query(rows().where("approval.id", "=", id));
    if (row === undefined || (row.person_id !== person.id && person.role !== "admin"))
      throw new Refusal("not_found", `You have no approval ${JSON.stringify(id)}.`);
    return row;
  }

  const get = async (person: Person, id: string) => resource(await find(person, id), parts.reach);

  async function decide(person: Person, id: string, decision: "approve" | "deny" | "later") {
    const row = await find(person, id);
    if (decision !== "later" && !(await close(row, decision, person)))
      throw new Refusal(
        "approval_decided",
        `It was decided already: ${(await find(person, id)).state}.`,
      );
    return get(person, id);
  }

  async function close(
    row: Row<"approval">,
    decision: "approve" | "deny",
    by: Approver,
    state: "approved" | "denied" | "expired" = decision === "approve" ? "approved" : "denied",
  ): Promise<boolean> {
    const now = clock.now();
    const commit = await journal.commit(
      {
        guards: [
          {
            name: "pending",
            expect: "some",
            query: store.sql
              .selectFrom("approval")
              .innerJoin("turn", "turn.id", "approval.turn_id")
              .select("approval.id")
              .where("approval.id", "=", row.id)
              .where("approval.state", "=", "pending")
              .where("turn.state", "=", "awaiting_approval")
              .compile(),
          },
        ],
        writes: [
          store.sql
            .updateTable("approval")
            .set({ state, decided_at: now, decided_by: by.id })
            .where("id", "=", row.id)
            .compile(),
          requeueTurn(store, row.turn_id, now, "approval"),
        ],
      },
      [
        {
          turn_id: row.turn_id,
          body: {
            type: "approval_decided",
            approval_id: row.id,
            call_id: row.call_id,
            decision,
            by: by.name,
          },
        },
      ],
    );
    return commit.committed;
  }

  async function expire(): Promise<number> {
    const due = await store.query(
      store.sql
        .selectFrom("approval")
        .selectAll()
        .where("state", "=", "pending")
        .where("expires_at", "<=", clock.now())
        .orderBy("expires_at")
        .limit(EXPIRE_AT_ONCE),
    );
    for (const row of due) await close(row, "deny", nobody, "expired");
    return due.length;
  }

  return { request, approver, pending, get, decide, expire };
}

/** Who decides when nobody does in time. */
const nobody: Approver = { id: "expiry", name: "nobody (it expired)" };

interface ApprovalRow extends Row<"approval"> {
  readonly workspace_path: string;
  readonly person_name: string;
  readonly decider_name: string | null;
}

function resource(row: ApprovalRow, reach: string): Approval {
  return {
    id: row.id,
    turn_id: row.turn_id,
    state: row.state,
    person: { id: row.person_id, name: row.person_name },
    intent: row.intent,
    command: row.command,
    command_shown: visible(row.command),
    workspace_id: row.workspace_id,
    workspace_path: row.workspace_path,
    reach,
    network: false,
    reason: row.reason,
    findings: [{ verdict: "ask", reason: row.reason, part: null }],
    says: [],
    runs: [],
    rule: null,
    suggestion: null,
    created_at: isoTime(row.created_at),
    expires_at: isoTime(row.expires_at),
    decided_at: row.decided_at === null ? null : isoTime(row.decided_at),
    decided_by: row.decider_name ?? row.decided_by,
  };
}
