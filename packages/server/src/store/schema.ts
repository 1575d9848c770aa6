import type { Generated, GeneratedAlways, Selectable } from "kysely";

/**
 * The tables. A turn's truth is its journal; the columns of `turn` beside the ids are what queries
 * need, written in the same batch as the event that changes them. Times are milliseconds since 1970,
 * booleans 0 or 1, so that both dialects hold the same bytes.
 */
export interface Schema {
  person: PersonTable;
  api_key: ApiKeyTable;
  workspace: WorkspaceTable;
  session: SessionTable;
  turn: TurnTable;
  journal: JournalTable;
  idempotency: IdempotencyTable;
  approval: ApprovalTable;
  rule: RuleTable;
  policy: PolicyTable;
  override: OverrideTable;
  server_run: ServerRunTable;
  audit: AuditTable;
  audit_checkpoint: AuditCheckpointTable;
  pause: PauseTable;
  command: CommandTable;
  edit: EditTable;
  host_grant: HostGrantTable;
  provider_state: ProviderStateTable;
  usage: UsageTable;
}

interface PersonTable {
  id: string;
  /** Small and never reused: gives the person's sandbox uid. */
  number: number;
  name: string;
  role: "admin" | "member";
  tier: "free" | "basic" | "pro";
  created_at: number;
}

interface ApiKeyTable {
  id: string;
  person_id: string;
  /** SHA-256 of the whole key, hex. */
  hash: string;
  created_at: number;
  revoked_at: number | null;
}

interface WorkspaceTable {
  id: string;
  person_id: string;
  path: string;
  /** Inode in decimal and owner, when the folder was proven to be the person's. */
  ino: string;
  owner_uid: number;
  /** The folder under the data folder that Mainstay made for this person. */
  is_private: number;
  trusted: number;
  created_at: number;
}

interface SessionTable {
  id: string;
  person_id: string;
  workspace_id: string;
  title: string;
  created_at: number;
  last_turn_at: number;
  /** Number of the lease; every write of a turn carries it (J2). */
  fence: Generated<number>;
  /** Incarnation of the server that holds the lease; null when nobody does. */
  holder: number | null;
}

interface TurnTable {
  id: string;
  session_id: string;
  person_id: string;
  workspace_id: string;
  state: "queued" | "running" | "awaiting_approval" | "parked" | "done" | "failed" | "cancelled";
  urgency: "interactive" | "batch";
  /** Order of acceptance. */
  ordinal: number;
  /** Wall time since when it waits for a seat. */
  queued_at: number;
  /** What brought it into the queue last. */
  queued_by: "acceptance" | "approval" | "retry" | "restart";
  created_at: number;
  settled_at: number | null;
  /** Number of the journal's last event; the schema itself keeps it. */
  last_event: Generated<number>;
  /** Of a turn that ended because its journal is damaged: how many events stand. */
  damaged_after: Generated<number | null>;
  /** When the details of its journal were given up for room. */
  folded_at: Generated<number | null>;
}

interface JournalTable {
  turn_id: string;
  seq: number;
  at: number;
  type: string;
  /** JSON of the event without seq and at. */
  body: string;
  /** Proves the row: `journal-checksum.ts`. */
  checksum: number;
}

interface IdempotencyTable {
  person_id: string;
  key: string;
  /** SHA-256 of the canonical body, hex. */
  body_hash: string;
  turn_id: string;
  created_at: number;
}

interface ApprovalTable {
  id: string;
  turn_id: string;
  person_id: string;
  /** With `call_id` names one call: models reuse the ids of calls from step to step. */
  step: number;
  call_id: string;
  state: "pending" | "approved" | "denied" | "expired";
  intent: string;
  command: string;
  /** SHA-256 of what was agreed to; the ticket's plan must match it. */
  command_sha256: string;
  workspace_id: string;
  reason: string;
  created_at: number;
  expires_at: number;
  decided_at: number | null;
  decided_by: string | null;
  /** JSON of the literal commands that it asks for, for rules; null where no rule can say them. */
  asks: Generated<string | null>;
  /** JSON of the workspace's programs that it runs, and of their bytes: part of what is agreed to. */
  pins: Generated<string>;
  /** JSON of what the person is shown; null in rows that were made anew from a journal. */
  card: Generated<string | null>;
}

/** Never deleted: a rule that is revoked stays, for who wants to know what agreed. */
interface RuleTable {
  id: string;
  /** For whose commands it holds, and where. */
  person_id: string;
  workspace_id: string;
  folder: string;
  /** JSON. */
  words: string;
  /** JSON: it holds only while these files have these bytes. */
  pins: string;
  source: "approval" | "suggestion" | "person";
  made_at: number;
  made_by: string;
  used: Generated<number>;
  last_used_at: number | null;
  revoked_at: number | null;
  revoked_by: string | null;
}

/** The most that commands may do for a tier, in a workspace, for a person. */
interface PolicyTable {
  scope: "tier" | "workspace" | "person";
  subject: string;
  ceiling: "none" | "read-only" | "ask" | "trust";
  set_by: string;
  set_at: number;
}

/** An admin let one blocked command through, once. */
interface OverrideTable {
  id: string;
  person_id: string;
  workspace_id: string;
  command: string;
  command_sha256: string;
  /** JSON, as of an approval. */
  pins: string;
  card: string;
  reason: string;
  granted_by: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
  /** The call that used it. */
  used_turn_id: string | null;
  used_step: number | null;
  used_call_id: string | null;
}

/** One row. */
interface ServerRunTable {
  one: 1;
  /** Of the newest run of the server on this data; an older one writes nothing (J2). */
  incarnation: number;
}

/** A chain: `audit-hash.ts`. Nothing in it ever changes. */
interface AuditTable {
  /** Dense from 1. */
  seq: number;
  at: number;
  /** JSON of the record. */
  body: string;
  /** SHA-256 (hex) over the record before and this one. */
  hash: string;
  /** These two are read from the body; null where it is no JSON. */
  kind: GeneratedAlways<string | null>;
  command_id: GeneratedAlways<string | null>;
  /** With the command unique: the kind, of what a command has once. */
  once: GeneratedAlways<string>;
}
/** Signed words of how far the trail went, with what `AuditHead` has of each. */
interface AuditCheckpointTable {
  /** Dense from 1. */
  n: number;
  seq: number;
  hash: string;
  at: number;
  /** Where the executor's chain was; both null where it could not be asked. */
  executor_n: number | null;
  executor_hash: string | null;
  signature: string;
}

/** What an operator paused last; it holds until it has been lifted. */
interface PauseTable {
  scope: "commands" | "person" | "provider";
  /** The id of the person or the provider; empty where everybody's commands are meant. */
  subject: string;
  set_by: string;
  since: number;
  reason: string | null;
  ends_running: number;
  lifted_by: string | null;
}

/** A command of a tool call, as its person looks after it. */
interface CommandTable {
  id: string;
  turn_id: string;
  session_id: string;
  person_id: string;
  workspace_id: string;
  step: number;
  call_id: string;
  intent: string;
  /** As far as 4,000 characters. */
  text: string;
  background: number;
  /** When its intent was put on record. */
  began_at: number;
  /** The time limit that holds, from its beginning. */
  wall_ms: number;
  /** Who wanted it to end, first: a person's id, or `agent`. */
  stopped_by: string | null;
  ended_at: number | null;
  /** JSON of the `CommandOutcome`. */
  outcome: string | null;
  /** The end of what it printed, for the session's note; null of one that its call waited for. */
  tail: string | null;
}

/** An edit of files, by a tool call, a person who took an offer, or an undo. */
interface EditTable {
  id: string;
  /** Order in which intents were put on record; no wall clock. */
  ordinal: number;
  /** The turn that did it, or whose answer offered it; null of an undo. */
  turn_id: string | null;
  /** An undo has the session of what it takes back; null where that is of several. */
  session_id: string | null;
  /** Of a call; else null. */
  step: number | null;
  call_id: string | null;
  person_id: string;
  workspace_id: string;
  origin: "call" | "offer" | "undo";
  intent: string;
  /** JSON of what it does to which paths: enough to finish it or to take it back. */
  record: string;
  /** JSON of the ids that an undo takes back. */
  undoes: string;
  /** When its intent was put on record. */
  began_at: number;
  state: "running" | "applied" | "untouched" | "torn";
  fault: string | null;
  ended_at: number | null;
  /** Set with the undo's intent, and taken away again if that comes to nothing. */
  undone_by: string | null;
}

/** A host that the commands of a workspace may reach. */
interface HostGrantTable {
  workspace_id: string;
  host: string;
  /** 0: 80 and 443. */
  port: number;
  inside: number;
  allowed_by: string;
  allowed_at: number;
}

/** How a target or a key of a provider stood last. */
interface ProviderStateTable {
  /** Of the target, the key, or the rate: no two alike. */
  key: string;
  kind: "breaker" | "credential" | "rate";
  /** JSON of the `KeptBreaker`, `KeptCredential` or `KeptRate`. */
  state: string;
  at: number;
}

/** What one person's attempts with one key and model took on one day, summed. */
interface UsageTable {
  /** In UTC: `2026-01-31`. */
  day: string;
  person_id: string;
  provider: string;
  /** Names the key, without telling it. */
  credential: string;
  model: string;
  requests: number;
  input_tokens: number;
  output_tokens: number;
  /** Millionths of a US dollar, of what has a price. */
  cost_micro_usd: number;
  /** Of the requests: those whose tokens are our estimate. */
  estimated_requests: number;
  /** Of the requests: those of models without a price. */
  unpriced_requests: number;
}

export type Row<T extends keyof Schema> = Selectable<Schema[T]>;
