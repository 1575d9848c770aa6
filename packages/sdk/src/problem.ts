import { z } from "zod";

/** Every refusal of the API has one of these codes; they are stable, clients may switch on them. */
export const ProblemCode = z.enum([
  "invalid_request",
  "malformed_json",
  "body_too_large",
  "unsupported_media_type",
  "unauthenticated",
  "forbidden",
  "misdirected_host",
  "not_found",
  "method_not_allowed",
  "idempotency_conflict",
  "queue_full",
  "too_many_waiting",
  "turn_settled",
  "turn_not_parked",
  "paused",
  "one_person_only",
  "name_taken",
  "approval_decided",
  "approval_expired",
  "rule_impossible",
  "too_many_rules",
  "override_impossible",
  "too_many_overrides",
  "override_closed",
  "command_not_begun",
  "command_ended",
  "limit_too_long",
  "output_gone",
  "edit_conflict",
  "edit_refused",
  "edit_not_standing",
  "nothing_to_undo",
  "undo_too_large",
  "backup_gone",
  "offer_gone",
  "executor_unavailable",
  "workspace_refused",
  "workspace_unproven",
  "too_many_hosts",
  "shutting_down",
  "storage_unavailable",
  "journal_damaged",
  "journal_full",
  "audit_damaged",
  "disk_full",
  "disk_nearly_full",
  "internal",
]);
export type ProblemCode = z.infer<typeof ProblemCode>;

/** One fault of the input: where it is (RFC 6901 pointer), what belongs there, what came, what to do. */
export const InputFault = z.object({
  pointer: z.string(),
  expected: z.string(),
  got: z.string(),
  fix: z.string(),
});
export type InputFault = z.infer<typeof InputFault>;

/** RFC 9457 `application/problem+json`. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: ProblemCode,
  errors: z.array(InputFault).optional(),
  retry_after_s: z.number().optional(),
  /** Only on `workspace_unproven`: create this empty file in the folder, ask again with `proof` set to its name. */
  proof: z.object({ file: z.string(), expires_in_s: z.number() }).optional(),
});
export type Problem = z.infer<typeof Problem>;
