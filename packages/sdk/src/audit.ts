import { z } from "zod";

/**
 * What the audit trail keeps: who did what when, as ids and digests. No text of a person, a model or a
 * command is in it, so that people's data can be deleted and the trail stays whole.
 */

/** How a command came to be agreed to. */
export const ConsentKind = z.enum([
  /** It only reads. */
  "policy",
  /** The workspace is trusted: commands run in the sandbox unasked. */
  "trust",
  /** A person approved this one. */
  "person",
  /** A rule that a person made covers it. */
  "rule",
  /** An admin let a blocked one through, once. */
  "override",
]);
export type ConsentKind = z.infer<typeof ConsentKind>;

/** Why something was denied without any person's word: it was asked where nobody could answer. */
export const DenialCause = z.literal("no_terminal");
export type DenialCause = z.infer<typeof DenialCause>;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** Of whatever has one: a word, in which nobody writes a text. */
export const PlainId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const id = PlainId;
/** A model names its calls, and journals of older versions have its names as they were. */
const call_id = PlainId.catch("unnamed");
const word = z.string().regex(/^[a-z][a-z_-]{0,63}$/);
/** Of an approval, an override, or the rules that agreed. */
/** As a grant has it, or as a command asked for it; what is no plain name is not told. */
const host = z
  .string()
  .regex(/^[A-Za-z0-9*][A-Za-z0-9._:-]{0,254}$/)
  .catch("unnamed");
const port = z.int().min(0).max(65_535);
const agreement_id = z.string().regex(/^[A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64}){0,99}$/);

const kinds = {
  /** Durable before the command begins. */
  command_intent: z.object({
    kind: z.literal("command_intent"),
    command_id: id,
    turn_id: id,
    step: z.int(),
    call_id,
    person_id: id,
    workspace_id: id,
    profile: word,
    script_sha256: sha256,
    planned_digest: sha256,
    verdict: z.enum(["safe", "ask", "blocked"]),
    consent: ConsentKind,
    /** The person's id; null where a policy agreed. */
    agreed_by: id.nullable(),
    /** Of the approval, the rules or the override. */
    agreement_id: agreement_id.nullable(),
    /** How many hosts it may reach; left out where it has no network. */
    hosts: z.int().optional(),
    /** What its approval opened for it alone: hosts, and ids of workspaces. */
    opened: z
      .object({
        hosts: z.array(z.object({ host, port: port.nullable() })),
        workspaces: z.array(id),
      })
      .optional(),
  }),
  /** What it had to do with one host, or was kept from; written with its result. */
  command_network: z.object({
    kind: z.literal("command_network"),
    command_id: id,
    person_id: id,
    host,
    port,
    methods: z
      .array(
        z
          .string()
          .regex(/^[A-Z]{1,32}$/)
          .catch("OTHER"),
      )
      .max(8),
    requests: z.int(),
    bytes_up: z.int(),
    bytes_down: z.int(),
    refused: z.boolean(),
  }),
  command_result: z.object({
    kind: z.literal("command_result"),
    command_id: id,
    person_id: id,
    outcome: z.enum(["exited", "interrupted", "not_started"]),
    exit_code: z.int().nullable(),
    signal: z
      .string()
      .regex(/^SIG[A-Z0-9]{1,16}$/)
      .nullable(),
    duration_ms: z.number().nullable(),
    output_bytes: z.int().nullable(),
    output_sha256: sha256.nullable(),
    executed_digest: sha256.nullable(),
    /** What kept it: `bubblewrap`; null where it did not begin. */
    sandbox: word.nullable(),
  }),
  /** Somebody gave a running command another time limit. */
  command_extended: z.object({
    kind: z.literal("command_extended"),
    command_id: id,
    person_id: id,
    /** From its beginning. */
    wall_ms: z.number(),
    extended_by: id,
  }),
  /** Somebody wanted a running command to end. */
  command_stopped: z.object({
    kind: z.literal("command_stopped"),
    command_id: id,
    person_id: id,
    /** Null: the agent did, in a turn of the person's. */
    stopped_by: id.nullable(),
    /** The agent's turn. */
    turn_id: id.optional(),
  }),
  /** Did not run, and why: `blocked`, `denied`, `paused`, `policy`, or a code of the executor. */
  command_refused: z.object({
    kind: z.literal("command_refused"),
    turn_id: id,
    step: z.int(),
    call_id,
    /** Null where it was refused before it was planned. */
    command_id: id.nullable(),
    person_id: id,
    workspace_id: id,
    script_sha256: sha256,
    code: word,
  }),
  /** Durable before any file of it is touched. Paths are texts of people: their digests stand for them. */
  edit_intent: z.object({
    kind: z.literal("edit_intent"),
    edit_id: id,
    person_id: id,
    workspace_id: id,
    origin: z.enum(["call", "offer", "undo"]),
    /** Null where no turn did it. */
    turn_id: id.nullable(),
    /** Of an undo: whose word it was, and what it takes back. */
    undone_by: id.optional(),
    undoes: z.array(id).optional(),
    files: z.array(
      z.object({
        path_sha256: sha256,
        /** Null: no file. */
        before_sha256: sha256.nullable(),
        after_sha256: sha256.nullable(),
      }),
    ),
  }),
  edit_result: z.object({
    kind: z.literal("edit_result"),
    edit_id: id,
    person_id: id,
    outcome: z.enum(["applied", "untouched", "torn"]),
  }),
  approval_requested: z.object({
    kind: z.literal("approval_requested"),
    approval_id: id,
    turn_id: id,
    person_id: id,
    workspace_id: id,
    script_sha256: sha256,
  }),
  approval_decided: z.object({
    kind: z.literal("approval_decided"),
    approval_id: id,
    person_id: id,
    /** `void`: nobody has to decide any more, because of its turn. */
    decision: z.enum(["approve", "deny", "void"]),
    /** Null where nobody decided in time, or at all. */
    decided_by: id.nullable(),
    /** Whose client denied it, without anybody's word. */
    because: DenialCause.optional(),
    /** Of `void`: what became of the turn. */
    cause: z.enum(["cancelled", "ended", "damaged"]).optional(),
  }),
  rule_made: z.object({
    kind: z.literal("rule_made"),
    rule_id: id,
    person_id: id,
    workspace_id: id,
    rule_digest: sha256,
    made_by: id,
  }),
  rule_revoked: z.object({
    kind: z.literal("rule_revoked"),
    rule_id: id,
    person_id: id,
    revoked_by: id,
  }),
  override_granted: z.object({
    kind: z.literal("override_granted"),
    override_id: id,
    person_id: id,
    workspace_id: id,
    script_sha256: sha256,
    granted_by: id,
    reason_sha256: sha256,
  }),
  override_withdrawn: z.object({
    kind: z.literal("override_withdrawn"),
    override_id: id,
    person_id: id,
    withdrawn_by: id,
  }),
  policy_set: z.object({
    kind: z.literal("policy_set"),
    scope: z.enum(["tier", "workspace", "person"]),
    subject: id,
    /** Null takes the policy away. */
    ceiling: word.nullable(),
    set_by: id,
  }),
  workspace_trusted: z.object({
    kind: z.literal("workspace_trusted"),
    workspace_id: id,
    person_id: id,
    trusted: z.boolean(),
  }),
  network_allowed: z.object({
    kind: z.literal("network_allowed"),
    workspace_id: id,
    person_id: id,
    host,
    port: port.nullable(),
    inside: z.boolean(),
    allowed_by: id,
  }),
  network_forbidden: z.object({
    kind: z.literal("network_forbidden"),
    workspace_id: id,
    person_id: id,
    host,
    port: port.nullable(),
    forbidden_by: id,
  }),
  pause_set: z.object({
    kind: z.literal("pause_set"),
    scope: z.enum(["commands", "person", "provider"]),
    person_id: id.nullable(),
    /** Of that scope alone; older records have none. */
    provider: id.optional(),
    set_by: id,
  }),
  pause_lifted: z.object({
    kind: z.literal("pause_lifted"),
    scope: z.enum(["commands", "person", "provider"]),
    person_id: id.nullable(),
    provider: id.optional(),
    lifted_by: id,
  }),
  person_added: z.object({
    kind: z.literal("person_added"),
    person_id: id,
    role: z.enum(["admin", "member"]),
    tier: z.enum(["free", "basic", "pro"]),
    added_by: id,
  }),
  server_started: z.object({ kind: z.literal("server_started"), incarnation: z.int() }),
  /** From this start on commands run without a sandbox, because the operator said so. */
  unsandboxed: z.object({ kind: z.literal("unsandboxed"), incarnation: z.int() }),
  /** The executor's own chain is no more the one that was signed; heads after this are of the new one. */
  executor_chain_began: z.object({
    kind: z.literal("executor_chain_began"),
    /** The last link of the old chain that was followed. */
    before_n: z.int().positive(),
    before_hash: sha256,
  }),
};

export const AuditRecord = z.discriminatedUnion("kind", [
  kinds.command_intent,
  kinds.command_network,
  kinds.command_result,
  kinds.command_extended,
  kinds.command_stopped,
  kinds.command_refused,
  kinds.edit_intent,
  kinds.edit_result,
  kinds.approval_requested,
  kinds.approval_decided,
  kinds.rule_made,
  kinds.rule_revoked,
  kinds.override_granted,
  kinds.override_withdrawn,
  kinds.policy_set,
  kinds.workspace_trusted,
  kinds.network_allowed,
  kinds.network_forbidden,
  kinds.pause_set,
  kinds.pause_lifted,
  kinds.person_added,
  kinds.server_started,
  kinds.unsandboxed,
  kinds.executor_chain_began,
]);
export type AuditRecord = z.infer<typeof AuditRecord>;
