import { z } from "zod";
import { DenialCause } from "./audit.ts";
import { Approval, ConsentFinding, Whose } from "./resources.ts";

/** Consent beyond one approval: its news, rules made from it, an admin's policies and overrides. */

/** What `GET /v1/approvals/events` tells: all that waits, then what changes. */
export const ApprovalNews = z.discriminatedUnion("type", [
  /** At the start, and again after a break: it takes the place of what was known. */
  z.object({ type: z.literal("snapshot"), items: z.array(Approval) }),
  z.object({ type: z.literal("requested"), approval: Approval }),
  z.object({
    type: z.literal("decided"),
    id: z.string(),
    state: z.enum(["approved", "denied", "expired"]),
    /** Name of who decided. */
    by: z.string(),
    because: DenialCause.optional(),
  }),
]);
export type ApprovalNews = z.infer<typeof ApprovalNews>;

/** Remembered consent: commands of exactly these words run unasked in this workspace. */
export const Rule = z.object({
  id: z.string(),
  person: Whose,
  workspace_id: z.string(),
  workspace_path: z.string(),
  words: z.array(z.string()),
  /** Where in the workspace; empty for its root. */
  folder: z.string(),
  /** It holds only while these files have these bytes. */
  pins: z.array(z.object({ path: z.string(), sha256: z.string() })),
  /** What it allows, in words. */
  text: z.string(),
  made_at: z.string(),
  /** Name of who made it. */
  made_by: z.string(),
  from: z.enum(["approval", "suggestion", "person"]),
  used: z.int(),
  last_used_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
});
export type Rule = z.infer<typeof Rule>;

/** Body of `POST /v1/rules`: one rule for each part of the command that is not safe by itself. */
export const NewRule = z.strictObject({
  /** An id or a registered path. */
  workspace: z.string().min(1).max(4096),
  command: z.string().min(1).max(4_000),
});
export type NewRule = z.infer<typeof NewRule>;

/** What a person approved again and again. Only a person makes a rule of it. */
export const RuleSuggestion = z.object({
  workspace_id: z.string(),
  workspace_path: z.string(),
  /** To be sent as a `NewRule`. */
  command: z.string(),
  command_shown: z.string(),
  /** What the rule would allow, in words. */
  rule: z.string(),
  /** "You approved `npm test` in this workspace 3 times". */
  text: z.string(),
  times: z.int(),
  last_at: z.string(),
});
export type RuleSuggestion = z.infer<typeof RuleSuggestion>;

/**
 * The most that commands may do: none runs; what only reads runs; the rest asks; the rest runs in
 * workspaces that are trusted.
 */
export const Ceiling = z.enum(["none", "read-only", "ask", "trust"]);
export type Ceiling = z.infer<typeof Ceiling>;

export const PolicyScope = z.enum(["tier", "workspace", "person"]);
export type PolicyScope = z.infer<typeof PolicyScope>;

export const Policy = z.object({
  scope: PolicyScope,
  /** A tier's name, or the id of a workspace or person. */
  subject: z.string(),
  /** For people: the tier, the workspace's path, the person's name. */
  subject_name: z.string(),
  ceiling: Ceiling,
  /** Name of the admin. */
  set_by: z.string(),
  set_at: z.string(),
});
export type Policy = z.infer<typeof Policy>;

/** What a policy is about. `subject` may also be a person's name, or a workspace's path where only one person has it. */
export const PolicySubject = z.strictObject({
  scope: PolicyScope,
  subject: z.string().min(1).max(4096),
});
export type PolicySubject = z.infer<typeof PolicySubject>;

/** Body of `PUT /v1/policies`. */
export const NewPolicy = z.strictObject({ ...PolicySubject.shape, ceiling: Ceiling });
export type NewPolicy = z.infer<typeof NewPolicy>;

const reason = z
  .string()
  .max(1_000)
  .refine((text) => text.trim() !== "", "text that is not empty");

/**
 * Body of `POST /v1/admin/overrides`: the command of a call that was blocked, or the bytes themselves.
 */
export const NewOverride = z.union([
  z.strictObject({
    turn_id: z.string().max(100),
    step: z.int().min(1),
    call_id: z.string().min(1).max(1_000),
    reason,
  }),
  z.strictObject({
    /** An id, or a path that is registered for this person. */
    workspace: z.string().min(1).max(4096),
    /** An id or a name. */
    person: z.string().min(1).max(128),
    command: z.string().min(1).max(100_000),
    reason,
  }),
]);
export type NewOverride = z.infer<typeof NewOverride>;

/** An admin's word that one blocked command may run: exactly these bytes, once, there, for that person. */
export const Override = z.object({
  id: z.string(),
  person: Whose,
  workspace_id: z.string(),
  workspace_path: z.string(),
  command: z.string(),
  command_shown: z.string(),
  findings: z.array(ConsentFinding),
  says: z.array(z.string()),
  reason: z.string(),
  state: z.enum(["open", "used", "expired"]),
  granted_by: z.string(),
  created_at: z.string(),
  expires_at: z.string(),
  /** The call that used it. */
  used_by: z.object({ turn_id: z.string(), step: z.int(), call_id: z.string() }).nullable(),
  used_at: z.string().nullable(),
});
export type Override = z.infer<typeof Override>;
