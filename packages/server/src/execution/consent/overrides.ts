import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { ToolCall } from "@mainstay/sdk/events";
import type { Clock } from "@mainstay/sdk/clock";
import type { HostGrant } from "@mainstay/sdk/network";
import type { NewOverride, Override } from "@mainstay/sdk/consent";
import type { People, Person, Workspaces } from "../../identity/identity.ts";
import { Refusal } from "../../kernel/errors.ts";
import type { NewId } from "../../kernel/ids.ts";
import { isoTime } from "../../kernel/time.ts";
import type { TurnWorkspace } from "../../kernel/workspace.ts";
import { auditWrite } from "../../store/audit-log.ts";
import type { Journal } from "../../store/journal.ts";
import type { Row } from "../../store/schema.ts";
import type { Guard, Statement, Store } from "../../store/store.ts";
import { foldTurn } from "../../store/turn-record.ts";
import { withdrawOverride } from "../../store/withdraw-consent.ts";
import type { CallOfTurn } from "../approvals.ts";
import { classify } from "../classify/classify.ts";
import { type Order, type Page, pageOf, type PageWish } from "../../store/page.ts";
import { Card, cardOf } from "./card.ts";
import type { WorkspaceNetwork } from "./network.ts";
import { networkOf } from "./network-of-command.ts";
import { pinningOf, pinsText, type ReadProgram } from "./pins.ts";
import type { Terms } from "./terms.ts";

const LIFE_MS = 3_600_000;
/** Open ones in all; past it one more is refused with `too_many_overrides`. */
const OPEN = 50;

/** What an override is for: these bytes, with these bytes of what they run, for this person, there, in the sandbox or without. */
export interface OverrideUse extends CallOfTurn {
  readonly person_id: string;
  readonly workspace_id: string;
  readonly command_sha256: string;
  readonly pins: string;
  readonly terms: Terms;
}

/**
 * An admin's word for one blocked command.
 *
 * 1. It agrees to exactly the bytes it was granted for, once, within an hour.
 * 2. Of calls that race for it one gets it; the same call, planned anew because it certainly did not
 *    run, keeps it.
 */
export interface Overrides {
  /** Open ones first, then the latest. */
  list(wish?: PageWish): Promise<Page<Override>>;
  /** @throws Refusal `not_found`, `override_impossible`, `too_many_overrides` */
  grant(admin: Person, wish: NewOverride): Promise<Override>;
  /** While nothing has used it; then nothing does. @throws Refusal `not_found`, `override_closed` */
  withdraw(admin: Person, id: string): Promise<Override>;
  /** One that this call may use; null where there is none. */
  find(use: OverrideUse): Promise<FoundOverride | null>;
  /** Holds while the call may use it; then what takes it. */
  use(id: string, call: CallOfTurn): { readonly guard: Guard; readonly write: Statement };
}

interface FoundOverride {
  readonly id: string;
  readonly by: { readonly id: string; readonly name: string };
  /** What the admin was shown that it may reach. */
  readonly hosts: readonly HostGrant[];
}

export interface OverridesParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly people: Pick<People, "named">;
  readonly workspaces: Pick<Workspaces, "resolve">;
  readonly network: Pick<WorkspaceNetwork, "allowedIn">;
  readonly readProgram: ReadProgram;
  /** The script that a call would run; null for a call that runs none. */
  readonly scriptOf: (call: ToolCall) => string | null;
  readonly wall_ms: number;
  readonly unsandboxed: boolean;
  readonly onTightened: () => void;
}

export function createOverrides(parts: OverridesParts): Overrides {
  const { store, journal, clock, newId } = parts;

  const rows = () =>
    store.sql
      .selectFrom("override")
      .innerJoin("person", "person.id", "override.person_id")
      .innerJoin("person as admin", "admin.id", "override.granted_by")
      .innerJoin("workspace", "workspace.id", "override.workspace_id")
      .selectAll("override")
      .select(["person.name as person_name", "admin.name as granter_name"])
      .select("workspace.path as workspace_path");

  const open = () =>
    store.sql
      .selectFrom("override")
      .where("used_at", "is", null)
      .where("expires_at", ">", clock.now());

  async function list(wish: PageWish = {}): Promise<Page<Override>> {
    const now = clock.now();
    const { items, next } = await pageOf(store, rows(), openFirst(now), wish);
    return { items: items.map((row) => resource(row, now)), next };
  }

  async function grant(admin: Person, wish: NewOverride): Promise<Override> {
    const { command, person_id, workspace } = await meantBy(wish);
    const classified = classify(command, { root: workspace.path });
    if (classified.verdict !== "blocked")
      throw new Refusal("override_impossible", "It is not blocked: it needs no override.");
    const pinning = await pinningOf(workspace, classified.runs, parts.readProgram);
    const allowed = await parts.network.allowedIn(workspace.id);
    const network = networkOf({ classified, allowed, opened: [], named: null });
    const asked = {
      command,
      classified,
      pinning,
      network,
      opened: null,
      wall_ms: parts.wall_ms,
      background: false,
      unsandboxed: parts.unsandboxed,
    };
    const card = cardOf({ ...asked, needs_person: true, suggestion: null, again: null });
    const now = clock.now();
    const row = {
      ...{ id: newId("ovr"), person_id, workspace_id: workspace.id, command },
      command_sha256: sha256Of(command),
      pins: pinsText(pinning),
      card: JSON.stringify(card),
      ...{ reason: wish.reason, granted_by: admin.id, created_at: now, expires_at: now + LIFE_MS },
      ...{ used_at: null, used_turn_id: null, used_step: null, used_call_id: null },
    };
    const { committed } = await store.commit({
      guards: [
        {
          name: "room",
          expect: "none",
          query: open()
            .select("id")
            .limit(1)
            .offset(OPEN - 1)
            .compile(),
        },
      ],
      writes: [
        store.sql.insertInto("override").values(row).compile(),
        auditWrite(store, now, {
          ...{ kind: "override_granted", override_id: row.id, person_id },
          ...{ workspace_id: workspace.id, script_sha256: row.command_sha256 },
          ...{ granted_by: admin.id, reason_sha256: sha256Of(wish.reason) },
        }),
      ],
    });
    if (!committed) throw tooMany();
    return await get(row.id);
  }

  async function get(id: string): Promise<Override> {
    const [row] = await store.query(rows().where("override.id", "=", id));
    if (row === undefined)
      throw new Refusal("not_found", `There is no override ${JSON.stringify(id)}.`);
    return resource(row, clock.now());
  }

  async function withdraw(admin: Person, id: string): Promise<Override> {
    const { person } = await get(id);
    const mine = open().select("id").where("id", "=", id).compile();
    const by = { by: admin.id, at: clock.now() };
    const { committed } = await store.commit({
      guards: [{ name: "open", expect: "some", query: mine }],
      writes: withdrawOverride(store, { id, person_id: person.id }, by),
    });
    if (!committed) throw closed(await get(id));
    parts.onTightened();
    return await get(id);
  }

  async function meantBy(wish: NewOverride): Promise<Meant> {
    if ("turn_id" in wish) return await meantByCall(wish);
    const person = await parts.people.named(wish.person);
    const workspace = await parts.workspaces
      .resolve(person, wish.workspace)
      .catch((fault: unknown) => {
        throw fault instanceof Refusal ? notTheirs() : fault;
      });
    return { command: wish.command, person_id: person.id, workspace };
  }

  async function meantByCall({ turn_id, step, call_id }: CallOfTurn): Promise<Meant> {
    const [turn] = await store.query(
      store.sql.selectFrom("turn").selectAll().where("id", "=", turn_id),
    );
    if (turn === undefined)
      throw new Refusal("not_found", `There is no turn ${JSON.stringify(turn_id)}.`);
    const { steps } = foldTurn(await journal.read(turn_id));
    const made = steps.find((each) => each.step === step)?.tool_calls;
    const call = made?.find(({ id }) => id === call_id);
    const command = call === undefined ? null : parts.scriptOf(call);
    if (command === null)
      throw new Refusal("not_found", `Step ${step} of ${turn_id} ran no such command.`);
    const workspace = await workspaceOf(turn.workspace_id, turn.person_id);
    return { command, person_id: turn.person_id, workspace };
  }

  async function workspaceOf(id: string, person_id: string): Promise<TurnWorkspace> {
    const [row] = await store.query(
      store.sql
        .selectFrom("workspace")
        .select(["id", "path", "ino", "owner_uid"])
        .where("id", "=", id)
        .where("person_id", "=", person_id),
    );
    if (row === undefined) throw notTheirs();
    return row;
  }

  async function find({
    command_sha256,
    pins,
    terms,
    ...use
  }: OverrideUse): Promise<FoundOverride | null> {
    const found = await store.query(
      rows()
        .where("override.person_id", "=", use.person_id)
        .where("override.workspace_id", "=", use.workspace_id)
        .where("override.command_sha256", "=", command_sha256)
        .where("override.pins", "=", pins)
        .where("override.expires_at", ">", clock.now())
        .where((is) => is.or([is("override.used_at", "is", null), is.and(usedBy(use))]))
        .orderBy("override.created_at"),
    );
    for (const { id, card, granted_by, granter_name } of found) {
      const { hosts, sandboxed } = Card.parse(JSON.parse(card));
      if (sandboxed === terms.sandboxed)
        return { id, hosts, by: { id: granted_by, name: granter_name } };
    }
    return null;
  }

  function use(id: string, call: CallOfTurn) {
    const mine = store.sql.selectFrom("override").where("id", "=", id);
    return {
      guard: {
        name: "an override that was used or has expired",
        expect: "some" as const,
        query: mine
          .select("id")
          .where("expires_at", ">", clock.now())
          .where((is) => is.or([is("used_at", "is", null), is.and(usedBy(call))]))
          .compile(),
      },
      write: store.sql
        .updateTable("override")
        .set({ used_at: clock.now(), ...usedBy(call) })
        .where("id", "=", id)
        .compile(),
    };
  }

  return { list, grant, withdraw, find, use };
}

interface Meant {
  readonly command: string;
  readonly person_id: string;
  readonly workspace: TurnWorkspace;
}

const usedBy = ({ turn_id, step, call_id }: CallOfTurn) => ({
  used_turn_id: turn_id,
  used_step: step,
  used_call_id: call_id,
});

const closed = ({ state }: Override): Refusal =>
  new Refusal("override_closed", `Only an open one can be withdrawn, and it is ${state}.`);

const notTheirs = (): Refusal =>
  new Refusal("not_found", "This person has no such workspace; name it by its path or its id.");

const tooMany = (): Refusal =>
  new Refusal("too_many_overrides", `There are ${OPEN} open ones; they last an hour at most.`);

const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");

interface OverrideRow extends Row<"override"> {
  readonly person_name: string;
  readonly granter_name: string;
  readonly workspace_path: string;
}

const openFirst = (now: number): Order<OverrideRow> => ({
  direction: "desc",
  columns: [
    sql`(override.used_at is null and override.expires_at > ${now})`,
    sql.ref("override.created_at"),
    sql.ref("override.id"),
  ],
  keysOf: ({ used_at, expires_at, created_at, id }) => [
    Number(used_at === null && expires_at > now),
    created_at,
    id,
  ],
});

function resource(row: OverrideRow, now: number): Override {
  const { command_shown, findings, says } = Card.parse(JSON.parse(row.card));
  const { used_turn_id: turn_id, used_step: step, used_call_id: call_id } = row;
  const is_used = turn_id !== null && step !== null && call_id !== null;
  return {
    id: row.id,
    person: { id: row.person_id, name: row.person_name },
    workspace_id: row.workspace_id,
    workspace_path: row.workspace_path,
    command: row.command,
    ...{ command_shown, findings, says },
    reason: row.reason,
    state: is_used ? "used" : row.expires_at > now ? "open" : "expired",
    granted_by: row.granter_name,
    created_at: isoTime(row.created_at),
    expires_at: isoTime(row.expires_at),
    used_by: is_used ? { turn_id, step, call_id } : null,
    used_at: row.used_at === null ? null : isoTime(row.used_at),
  };
}
