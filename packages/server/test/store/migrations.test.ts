import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { StoreFault } from "../../src/kernel/errors.ts";
import { DataTooNew, migrate } from "../../src/store/migrate.ts";
import type { Migration } from "../../src/store/migrations/migration.ts";
import { migrations } from "../../src/store/migrations/migrations.ts";
import type { Schema } from "../../src/store/schema.ts";

/** The columns of schema.ts: the compiler sees that none is missing here, the test none in SQL. */
const columns: { [Table in keyof Schema]: Record<keyof Schema[Table], true> } = {
  person: { id: true, number: true, name: true, role: true, tier: true, created_at: true },
  api_key: { id: true, person_id: true, hash: true, created_at: true, revoked_at: true },
  workspace: {
    id: true,
    person_id: true,
    path: true,
    ino: true,
    owner_uid: true,
    is_private: true,
    trusted: true,
    created_at: true,
  },
  session: {
    id: true,
    person_id: true,
    workspace_id: true,
    title: true,
    created_at: true,
    last_turn_at: true,
    fence: true,
    holder: true,
  },
  turn: {
    id: true,
    session_id: true,
    person_id: true,
    workspace_id: true,
    state: true,
    urgency: true,
    ordinal: true,
    queued_at: true,
    queued_by: true,
    created_at: true,
    settled_at: true,
    last_event: true,
    damaged_after: true,
    folded_at: true,
  },
  journal: { turn_id: true, seq: true, at: true, type: true, body: true, checksum: true },
  idempotency: { person_id: true, key: true, body_hash: true, turn_id: true, created_at: true },
  approval: {
    id: true,
    turn_id: true,
    person_id: true,
    step: true,
    call_id: true,
    state: true,
    intent: true,
    command: true,
    command_sha256: true,
    workspace_id: true,
    reason: true,
    created_at: true,
    expires_at: true,
    decided_at: true,
    decided_by: true,
    asks: true,
    pins: true,
    card: true,
  },
  edit: {
    id: true,
    ordinal: true,
    turn_id: true,
    session_id: true,
    step: true,
    call_id: true,
    person_id: true,
    workspace_id: true,
    origin: true,
    intent: true,
    record: true,
    undoes: true,
    began_at: true,
    state: true,
    fault: true,
    ended_at: true,
    undone_by: true,
  },
  rule: {
    id: true,
    person_id: true,
    workspace_id: true,
    folder: true,
    words: true,
    pins: true,
    source: true,
    made_at: true,
    made_by: true,
    used: true,
    last_used_at: true,
    revoked_at: true,
    revoked_by: true,
  },
  policy: { scope: true, subject: true, ceiling: true, set_by: true, set_at: true },
  override: {
    id: true,
    person_id: true,
    workspace_id: true,
    command: true,
    command_sha256: true,
    pins: true,
    card: true,
    reason: true,
    granted_by: true,
    created_at: true,
    expires_at: true,
    used_at: true,
    used_turn_id: true,
    used_step: true,
    used_call_id: true,
  },
  audit: {
    seq: true,
    at: true,
    body: true,
    hash: true,
    kind: true,
    command_id: true,
    once: true,
  },
  audit_checkpoint: {
    n: true,
    seq: true,
    hash: true,
    at: true,
    executor_n: true,
    executor_hash: true,
    signature: true,
  },
  pause: {
    scope: true,
    subject: true,
    set_by: true,
    since: true,
    reason: true,
    ends_running: true,
    lifted_by: true,
  },
  command: {
    id: true,
    turn_id: true,
    session_id: true,
    person_id: true,
    workspace_id: true,
    step: true,
    call_id: true,
    intent: true,
    text: true,
    background: true,
    began_at: true,
    wall_ms: true,
    stopped_by: true,
    ended_at: true,
    outcome: true,
    tail: true,
  },
  host_grant: {
    workspace_id: true,
    host: true,
    port: true,
    inside: true,
    allowed_by: true,
    allowed_at: true,
  },
  provider_state: { key: true, kind: true, state: true, at: true },
  usage: {
    day: true,
    person_id: true,
    provider: true,
    credential: true,
    model: true,
    requests: true,
    input_tokens: true,
    output_tokens: true,
    cost_micro_usd: true,
    estimated_requests: true,
    unpriced_requests: true,
  },
  server_run: { one: true, incarnation: true },
};

const step = (name: string, sql: string): Migration => ({ name, up: (db) => db.exec(sql) });
const versionOf = (db: DatabaseSync) => db.prepare("pragma user_version").get()!["user_version"];

test("from an empty file come the tables that schema.ts describes", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db);
  expect(versionOf(db)).toBe(migrations.length);
  const tables = db.prepare("select name from sqlite_schema where type = 'table'").all();
  expect(new Set(tables.map(({ name }) => name))).toEqual(new Set(Object.keys(columns)));
  for (const [table, expected] of Object.entries(columns)) {
    const found = db.prepare("select name from pragma_table_xinfo(?)").all(table);
    expect(new Set(found.map(({ name }) => name))).toEqual(new Set(Object.keys(expected)));
  }
});

test("what the gate asks of the trail for each command is found without reading all of it", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db);
  const plan = db
    .prepare("explain query plan select seq from audit where command_id = ? and kind = ?")
    .all();
  expect(plan.map(({ detail }) => detail)).toEqual([
    "SEARCH audit USING INDEX audit_of_command (command_id=?)",
  ]);
});

test("only what is missing is applied, and a second run changes nothing", () => {
  const db = new DatabaseSync(":memory:");
  const first = step("one", "create table one (id integer) strict");
  const second = step("two", "create table two (id integer) strict");
  migrate(db, [first]);
  migrate(db, [first, second]);
  migrate(db, [first, second]);
  expect(versionOf(db)).toBe(2);
});

test("a migration that fails leaves nothing of itself, and all before it", () => {
  const db = new DatabaseSync(":memory:");
  const good = step("good", "create table one (id integer) strict");
  const bad = step("bad", "create table two (id integer) strict; insert into nowhere");
  expect(() => migrate(db, [good, bad])).toThrow(StoreFault);
  expect(() => migrate(db, [good, bad])).toThrow(
    "migration 2 (bad) failed: incomplete input (SQLite 1)",
  );
  expect(db.prepare("select name from sqlite_schema").all()).toEqual([{ name: "one" }]);
  expect(versionOf(db)).toBe(1);
});

test("data of a newer program is refused untouched, naming both versions", () => {
  const db = new DatabaseSync(":memory:");
  db.exec(`pragma user_version = ${migrations.length + 1}`);
  expect(() => migrate(db)).toThrow(DataTooNew);
  expect(() => migrate(db)).toThrow(
    `version ${migrations.length + 1}, but this program knows versions up to ${migrations.length}`,
  );
  expect(db.prepare("select name from sqlite_schema").all()).toEqual([]);
});
