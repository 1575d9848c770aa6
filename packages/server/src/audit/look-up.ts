import { AuditRecord } from "@mainstay/sdk/audit";
import type { AuditFilter, AuditItem } from "@mainstay/sdk/audit-trail";
import { type Expression, type ExpressionBuilder, sql, type SqlBool } from "kysely";
import { isoTime, timeOf } from "../kernel/time.ts";
import type { Schema } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { TrailRow } from "./chain-walk.ts";
import { commandTexts } from "./command-texts.ts";

/** Records looked at in one query: what lives does not wait for a long look. */
const WINDOW = 2_000;
/** Of one call; then it answers with what it has and where to go on. */
const WINDOWS = 50;

export interface LookUp {
  /** A person by their id. */
  readonly filter: AuditFilter;
  /** Only records before this one; null begins with the newest. */
  readonly before: number | null;
  readonly limit: number;
}

export interface AuditPage {
  /** Newest first; fewer than asked for do not mean that there are no more. */
  readonly items: AuditItem[];
  /** `before` of the next page; null when the trail's beginning was reached. */
  readonly next: number | null;
}

export async function lookUp(store: Store, { filter, before, limit }: LookUp): Promise<AuditPage> {
  const rows: TrailRow[] = [];
  let top = before ?? (await endOf(store));
  for (let i = 0; i < WINDOWS && top > 1 && rows.length < limit; i++) {
    const bottom = Math.max(1, top - WINDOW);
    const wanted = limit - rows.length;
    const found = await store.query(window(store, filter, { top, bottom, wanted }));
    rows.push(...found);
    top = found.length < wanted ? bottom : found.at(-1)!.seq;
  }
  return { items: await itemsOf(store, rows), next: top > 1 ? top : null };
}

/** One behind the last record. */
async function endOf(store: Store): Promise<number> {
  const query = store.sql.selectFrom("audit").select((of) => of.fn.max("seq").as("last"));
  const [row] = await store.query(query);
  return (row?.last ?? 0) + 1;
}

interface Window {
  readonly top: number;
  readonly bottom: number;
  readonly wanted: number;
}

const window = (store: Store, filter: AuditFilter, { top, bottom, wanted }: Window) =>
  store.sql
    .selectFrom("audit")
    .select(["seq", "at", "body", "hash"])
    .where("seq", "<", top)
    .where("seq", ">=", bottom)
    .where((of) => of.and(conditions(of, filter)))
    .orderBy("seq", "desc")
    .limit(wanted);

type Of = ExpressionBuilder<Schema, "audit">;

function conditions(of: Of, filter: AuditFilter): Expression<SqlBool>[] {
  const { person, turn, command, kind, since, until } = filter;
  return [
    ...(kind === undefined ? [] : [of("kind", "=", kind)]),
    ...(command === undefined ? [] : [of("command_id", "=", command)]),
    ...(since === undefined ? [] : [of("at", ">=", timeOf(since))]),
    ...(until === undefined ? [] : [of("at", "<", timeOf(until))]),
    ...(person === undefined ? [] : [readable(isAbout(person))]),
    ...(turn === undefined ? [] : [readable(isOfTurn(turn))]),
  ];
}

/** A damaged body is found by no word in it, and breaks no query. */
const readable = (condition: Expression<SqlBool>) =>
  sql<SqlBool>`case when json_valid(body) then ${condition} end`;

/** The fields that may hold somebody's id: who it is about, and who did it (`agreed_by`, …). */
const isPersonField = (name: string): boolean =>
  name.endsWith("_by") || name === "person_id" || name === "subject";

const PERSON_FIELDS = [
  ...new Set(AuditRecord.options.flatMap(({ shape }) => Object.keys(shape)).filter(isPersonField)),
];

const isAbout = (person_id: string) => sql<SqlBool>`
  exists (select 1 from json_each(audit.body) as part
    where part.key in (${sql.join(PERSON_FIELDS)}) and part.value = ${person_id})`;

/** Results know their command, decisions their approval, and those their turn. */
const isOfTurn = (turn_id: string) => sql<SqlBool>`
  (audit.body ->> 'turn_id' = ${turn_id}
    or exists (select 1 from audit as intent where intent.command_id = audit.command_id
      and intent.kind = 'command_intent' and intent.body ->> 'turn_id' = ${turn_id})
    or audit.body ->> 'approval_id' in (select id from approval where turn_id = ${turn_id}))`;

async function itemsOf(store: Store, rows: readonly TrailRow[]): Promise<AuditItem[]> {
  const records = rows.map(({ body }) => recordOf(body));
  const known = records.filter((record) => record !== null);
  const names_by_id = await namesOf(store, known);
  const commandOf = await commandTexts(store, known);
  return rows.map(({ seq, at, hash }, index) => {
    const record = records[index]!;
    const people = record === null ? {} : pick(names_by_id, idsIn(record));
    const command = record === null ? null : commandOf(record);
    return { seq, at: isoTime(at), hash, record, people, command };
  });
}

function recordOf(body: string): AuditRecord | null {
  try {
    return AuditRecord.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}

const idsIn = (record: AuditRecord): string[] =>
  Object.entries(record).flatMap(([name, value]) =>
    isPersonField(name) && typeof value === "string" ? [value] : [],
  );

async function namesOf(
  store: Store,
  records: readonly AuditRecord[],
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(records.flatMap(idsIn))];
  if (ids.length === 0) return new Map();
  const query = store.sql.selectFrom("person").select(["id", "name"]).where("id", "in", ids);
  return new Map((await store.query(query)).map(({ id, name }) => [id, name]));
}

const pick = (from: ReadonlyMap<string, string>, ids: readonly string[]): Record<string, string> =>
  Object.fromEntries(ids.flatMap((id) => (from.has(id) ? [[id, from.get(id)!]] : [])));
