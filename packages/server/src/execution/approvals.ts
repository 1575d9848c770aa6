import { sql } from "kysely";
import type { Clock } from "@mainstay/sdk/clock";
import type { HostGrant } from "@mainstay/sdk/network";
import type { Approval, Decision } from "@mainstay/sdk/resources";
import type { Person } from "../identity/identity.ts";
import { Refusal } from "../kernel/errors.ts";
import type { NewId } from "../kernel/ids.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Journal } from "../store/journal.ts";
import type { Row } from "../store/schema.ts";
import type { Batch, Guard, Statement, Store } from "../store/store.ts";
import { requeueTurn } from "../store/turn-writes.ts";
import {
  type ApprovalRow,
  approvalResource,
  approvalRows,
  NOBODY,
  UNASKED,
} from "./approval-resource.ts";
import { type Card, parseCard } from "./consent/card.ts";
import { NO_ROOM, noRoom, RULE_TRIES, type Rules } from "./consent/rules.ts";
import { Terms } from "./consent/terms.ts";
import { type RuleTerms, ruleTermsOf } from "./consent/rule-match.ts";
import { type Order, type Page, pageOf, type PageWish } from "../store/page.ts";
import type { Pauses } from "./pauses.ts";

const DAY_MS = 86_400_000;
const EXPIRE_AT_ONCE = 100;

/** What a person is asked; the turn commits `writes` with its own event. */
export interface ConsentRequest {
  readonly approval_id: string;
  readonly command: string;
  readonly reason: string;
  readonly says: readonly string[];
  readonly expires_at: number;
  readonly writes: readonly Statement[];
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
  /** Of the programs that it runs: the person agrees to these bytes too. */
  readonly pins: string;
  /** Its parts as JSON, where rules can say them. */
  readonly asks: string | null;
  readonly card: Card;
}

/** Names one call; ids of calls alone do not, models reuse them. */
export type CallOfTurn = Pick<AskFor, "turn_id" | "step" | "call_id">;

/** Somebody's word for exactly these bytes of one call. */
export interface Approved {
  readonly id: string;
  readonly by: { readonly id: string; readonly name: string };
  readonly pins: string;
  /** What they were shown that it may reach. */
  readonly hosts: readonly HostGrant[];
  readonly terms: Terms;
}

export interface Approvals {
  request(ask: AskFor): ConsentRequest;
  /** Who approved exactly this script for this very call, the latest last: the pins tell of what. */
  approved(call: CallOfTurn, command_sha256: string): Promise<Approved[]>;
  /** What waits for the person, the oldest first; an admin sees everybody's. */
  pending(person: Person, wish?: PageWish): Promise<Page<Approval>>;
  /** An approval as it stands, whatever its state. @throws Refusal `not_found`. */
  get(person: Person, id: string): Promise<Approval>;
  /**
   * One decision counts, however many race. *later* leaves it as it is. What is remembered is written
   * with the decision.
   * @throws Refusal `not_found`, `approval_decided`, `approval_expired`, `rule_impossible`,
   * `too_many_rules`.
   */
  decide(person: Person, id: string, decision: Decision): Promise<Approval>;
  /** What nobody answered in time becomes a denial. Returns how many. */
  expire(): Promise<number>;
}

export interface ApprovalsParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly life_days: number;
  readonly unsandboxed: boolean;
  readonly rules: Pick<Rules, "making">;
  readonly pauses: Pick<Pauses, "forCommandOf">;
}

export function createApprovals(parts: ApprovalsParts): Approvals {
  const { store, journal, clock, newId } = parts;
  const resourceOf = (row: ApprovalRow): Approval =>
    approvalResource(row, parts.unsandboxed, parts.pauses.forCommandOf(row.person_id));

  function request({ card, ...ask }: AskFor): ConsentRequest {
    const id = newId("apr");
    const now = clock.now();
    const expires_at = now + parts.life_days * DAY_MS;
    const { turn_id, person_id, workspace_id, command, command_sha256, reason } = ask;
    const row = {
      ...{ id, ...ask, card: JSON.stringify(card), state: "pending" as const },
      ...{ created_at: now, expires_at, decided_at: null, decided_by: null },
    };
    const writes = [
      store.sql.insertInto("approval").values(row).compile(),
      auditWrite(store, now, {
        ...{ kind: "approval_requested", approval_id: id, turn_id, person_id, workspace_id },
        script_sha256: command_sha256,
      }),
    ];
    return { approval_id: id, command, reason, says: card.says, expires_at, writes };
  }

  async function approved(call: CallOfTurn, command_sha256: string): Promise<Approved[]> {
    const rows = await store.query(
      store.sql
        .selectFrom("approval")
        .innerJoin("person", "person.id", "approval.decided_by")
        .select(["approval.id", "approval.pins", "approval.card"])
        .select(["person.id as person_id", "person.name"])
        .where("approval.turn_id", "=", call.turn_id)
        .where("approval.step", "=", call.step)
        .where("approval.call_id", "=", call.call_id)
        .where("approval.command_sha256", "=", command_sha256)
        .where("approval.state", "=", "approved")
        .whereRef("approval.decided_at", "<", "approval.expires_at")
        .orderBy("approval.decided_at"),
    );
    return rows.map(({ id, pins, card, person_id, name }) => {
      const { hosts, ...terms } = parseCard(card) ?? { hosts: [], ...Terms.parse({}) };
      return { id, pins, hosts, terms, by: { id: person_id, name } };
    });
  }

  async function pending(person: Person, wish: PageWish = {}): Promise<Page<Approval>> {
    let query = approvalRows(store).where("approval.state", "=", "pending");
    if (person.role !== "admin") query = query.where("approval.person_id", "=", person.id);
    const { items, next } = await pageOf(store, query, oldestFirst, wish);
    return { items: items.map((row) => resourceOf(row)), next };
  }

  async function find(person: Person, id: string): Promise<ApprovalRow> {
    const [row] = await store.query(approvalRows(store).where("approval.id", "=", id));
    if (row === undefined || (row.person_id !== person.id && person.role !== "admin"))
      throw new Refusal("not_found", `You have no approval ${JSON.stringify(id)}.`);
    return row;
  }

  const get = async (person: Person, id: string) => resourceOf(await find(person, id));

  async function decide(
    person: Person,
    id: string,
    { decision, remember = false, because }: Decision,
  ): Promise<Approval> {
    const row = await find(person, id);
    if (decision === "later") return get(person, id);
    for (let tries = 0; tries < RULE_TRIES; tries++) {
      const remembered = remember ? await making(row, person) : nothing;
      const failed = await close(row, { decision, by: person, because }, remembered);
      if (failed === null) return get(person, id);
      if (failed !== "unique") throw undecidable(failed, await find(person, id));
    }
    throw new Error(`the rule of ${id} was made ${RULE_TRIES} times by somebody else first`);
  }

  async function making(row: ApprovalRow, by: Person): Promise<Required<Batch>> {
    const terms = termsOf(row);
    if (terms === null)
      throw new Refusal(
        "rule_impossible",
        "What this command does is more than words and files; approve it without remembering it.",
      );
    const source = parseCard(row.card)?.suggestion == null ? "approval" : "suggestion";
    const { person_id, workspace_id } = row;
    return parts.rules.making({ person_id, workspace_id }, terms, { by, source });
  }

  /** @returns the name of the guard that did not hold; null when it is decided */
  async function close(
    row: Row<"approval">,
    { decision, by, because }: Closing,
    also: Required<Batch> = nothing,
  ): Promise<string | null> {
    const now = clock.now();
    const denied = by === null ? ("expired" as const) : ("denied" as const);
    const state = decision === "approve" ? ("approved" as const) : denied;
    const decider = because === undefined ? (by ?? NOBODY) : UNASKED;
    const cause = because === undefined ? {} : { because };
    const commit = await journal.commit(
      {
        guards: [stillPending(row.id), ...(by === null ? [] : [inTime(row.id)]), ...also.guards],
        writes: [
          store.sql
            .updateTable("approval")
            .set({ state, decided_at: now, decided_by: decider.id })
            .where("id", "=", row.id)
            .compile(),
          requeueTurn(store, row.turn_id, now, "approval"),
          auditWrite(store, now, {
            ...{ kind: "approval_decided", approval_id: row.id, person_id: row.person_id },
            ...{ decision, decided_by: by?.id ?? null, ...cause },
          }),
          ...also.writes,
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
            by: decider.name,
            ...cause,
          },
        },
      ],
    );
    return commit.committed ? null : commit.guard;
  }

  const stillPending = (id: string): Guard => ({
    name: "pending",
    expect: "some",
    query: store.sql
      .selectFrom("approval")
      .innerJoin("turn", "turn.id", "approval.turn_id")
      .select("approval.id")
      .where("approval.id", "=", id)
      .where("approval.state", "=", "pending")
      .where("turn.state", "=", "awaiting_approval")
      .compile(),
  });

  const inTime = (id: string): Guard => ({
    name: EXPIRED,
    expect: "some",
    query: store.sql
      .selectFrom("approval")
      .select("id")
      .where("id", "=", id)
      .where("expires_at", ">", clock.now())
      .compile(),
  });

  async function expire(): Promise<number> {
    for (let expired = 0; ;) {
      const due = await store.query(dueNow());
      for (const row of due) if ((await close(row, unanswered)) === null) expired++;
      if (due.length < EXPIRE_AT_ONCE) return expired;
    }
  }

  /** Of turns that wait for them: only those can be closed. */
  const dueNow = () =>
    store.sql
      .selectFrom("approval")
      .innerJoin("turn", "turn.id", "approval.turn_id")
      .selectAll("approval")
      .where("approval.state", "=", "pending")
      .where("turn.state", "=", "awaiting_approval")
      .where("approval.expires_at", "<=", clock.now())
      .orderBy("approval.expires_at")
      .limit(EXPIRE_AT_ONCE);

  return { request, approved, pending, get, decide, expire };
}

const oldestFirst: Order<ApprovalRow> = {
  direction: "asc",
  columns: [sql.ref("approval.created_at"), sql.ref("approval.id")],
  keysOf: ({ created_at, id }) => [created_at, id],
};

interface Closing {
  readonly decision: "approve" | "deny";
  /** Null: the time for it. */
  readonly by: { readonly id: string; readonly name: string } | null;
  readonly because: Decision["because"];
}

const unanswered: Closing = { decision: "deny", by: null, because: undefined };

const EXPIRED = "expired";

/** @param failed the guard that kept the decision from being written */
function undecidable(failed: string, { state }: ApprovalRow): Refusal {
  if (failed === NO_ROOM) return noRoom();
  if (failed === EXPIRED)
    return new Refusal("approval_expired", "Nobody decided in time; the command is not run.");
  return new Refusal("approval_decided", `It was decided already: ${state}.`);
}

const nothing: Required<Batch> = { guards: [], writes: [] };

/** What the person saw, as rules; null where none can say it. */
const termsOf = ({ asks, pins }: Row<"approval">): readonly RuleTerms[] | null =>
  asks === null ? null : ruleTermsOf(JSON.parse(asks), JSON.parse(pins));
