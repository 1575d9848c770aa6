import { z } from "zod";
import { ConsentKind, DenialCause } from "./audit.ts";
import { CommandProgress } from "./commands.ts";
import { Changes } from "./changes.ts";
import { EditedFile } from "./edits.ts";
import { Pause } from "./pause.ts";
import { Mode, QueuePlace, TurnError, Urgency, Usage } from "./turn.ts";

/**
 * The journal of a turn, as it is kept and as clients see it. `seq` is dense from 1 (J4) and is
 * the SSE `id`. What a person must not see is not in the journal.
 */
export const ToolCall = z.object({
  id: z.string(),
  name: z.string(),
  /** Arguments as the model wrote them: JSON text, not yet trusted. */
  input: z.string(),
});
export type ToolCall = z.infer<typeof ToolCall>;

/** How a command ended, as the executor reported it. */
export const CommandResult = z.object({
  outcome: z.enum(["exited", "interrupted", "not_started"]),
  exit_code: z.int().nullable(),
  signal: z.string().nullable(),
  timed_out: z.boolean(),
  cancelled: z.boolean(),
  duration_ms: z.number().nullable(),
  output_bytes: z.int().nullable(),
  output_sha256: z.string().nullable(),
  executed_digest: z.string().nullable(),
  /** What it changed in the workspace; absent of what only reads, and in older journals. */
  changes: Changes.optional(),
});
export type CommandResult = z.infer<typeof CommandResult>;

/** What a tool is about to do to the world, fixed before it does it (J3). */
export const Effect = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("none") }),
  /** One or many files, all or nothing; `GET /v1/edits/{edit_id}` tells what became of it. */
  z.object({ kind: z.literal("edit"), edit_id: z.string(), files: z.array(EditedFile) }),
  /** An edit of one file, as older journals have it. */
  z.object({
    kind: z.literal("file"),
    edit_id: z.string(),
    path: z.string(),
    before_sha256: z.string().nullable(),
    after_sha256: z.string(),
  }),
  z.object({
    kind: z.literal("command"),
    command_id: z.string(),
    command: z.string(),
    verdict: z.string(),
    /** Why it has this verdict, and the piece of the command that it comes from. */
    reason: z.string().optional(),
    part: z.string().nullable().optional(),
    /** How it was agreed to. Journals that do not say are older; so are those without a reason. */
    consent: ConsentKind.optional(),
    /** For people; `agreement_id` is of the approval, the rules or the override. */
    agreed_by: z.string(),
    agreement_id: z.string().nullable().optional(),
    planned_digest: z.string(),
    /** The call ends once it runs; the command goes on until it ends or is stopped. */
    background: z.literal(true).optional(),
  }),
]);
export type Effect = z.infer<typeof Effect>;

export const ToolOutcome = z.enum(["ok", "error", "denied", "unknown", "cancelled"]);
export type ToolOutcome = z.infer<typeof ToolOutcome>;

const PassedOver = z.object({ provider: z.string(), model: z.string(), why: z.string() });
export type PassedOver = z.infer<typeof PassedOver>;

const step = z.int();
const kinds = {
  /** The request is on disk; nobody heard so before (J1). */
  accepted: z.object({
    type: z.literal("accepted"),
    message: z.string(),
    urgency: Urgency,
    session_id: z.string(),
    workspace_id: z.string(),
    model: z.string().nullable(),
    on_disconnect: z.enum(["detach", "cancel"]),
  }),
  /** It got a seat. `fence` numbers the lease (J2); `ahead` is how many turns went first. */
  started: z.object({
    type: z.literal("started"),
    fence: z.int(),
    waited_ms: z.number(),
    ahead: z.int(),
  }),
  /** Another holder goes on where the last one stopped. */
  resumed: z.object({
    type: z.literal("resumed"),
    fence: z.int(),
    cause: z.string(),
    /** What it waited after. Journals that do not say are older; each such resume counts (J7). */
    after: z.enum(["approval", "retry", "restart"]).optional(),
  }),
  attempt_started: z.object({
    type: z.literal("attempt_started"),
    step,
    attempt: z.int(),
    provider: z.string(),
    model: z.string(),
    why: z.string(),
    /** Names the key that was used, without telling it. This and what follows older journals lack. */
    credential: z.string().optional(),
    /** What came before it in the order, and why it was not asked. */
    passed_over: z.array(PassedOver).optional(),
    /** The request's size, estimated: what is billed should nobody hear of this attempt again. */
    input_tokens: z.int().optional(),
  }),
  attempt_failed: z.object({
    type: z.literal("attempt_failed"),
    step,
    attempt: z.int(),
    provider: z.string(),
    model: z.string(),
    code: z.string(),
    message: z.string(),
    /** What it took all the same. Absent where nothing was taken, and in older journals. */
    usage: Usage.optional(),
    /** The usage is our estimate: the provider told none. */
    estimated: z.literal(true).optional(),
  }),
  /** Every model that could be asked has used up its rate: the step waits for the next window. */
  model_waited: z.object({
    type: z.literal("model_waited"),
    step,
    attempt: z.int(),
    provider: z.string(),
    model: z.string(),
    reason: z.string(),
    wait_ms: z.number(),
  }),
  /** A reply was not fit for a person as it came, and what was made of it. */
  reply_mended: z.object({
    type: z.literal("reply_mended"),
    step,
    attempt: z.int(),
    provider: z.string(),
    model: z.string(),
    problem: z.enum(["planning", "invalid_call", "empty"]),
    how: z.enum([
      "call_extracted",
      "answer_extracted",
      "plan_dropped",
      "asked_again",
      "handed_over",
    ]),
    detail: z.string(),
  }),
  /** The request was too long for the model: from here on the step is asked with less history. */
  compacted: z.object({
    type: z.literal("compacted"),
    step,
    /** How often in this turn, this time included. */
    times: z.int(),
    tokens_before: z.int(),
    tokens_after: z.int(),
    left_out: z.int(),
  }),
  /** Clients drop the text of earlier attempts of this step. */
  step_restarted: z.object({
    type: z.literal("step_restarted"),
    step,
    attempt: z.int(),
    cause: z.string(),
  }),
  step_ended: z.object({
    type: z.literal("step_ended"),
    step,
    attempt: z.int(),
    text: z.string(),
    tool_calls: z.array(ToolCall),
    finish: z.string(),
    provider: z.string(),
    model: z.string(),
    mode: Mode,
    usage: Usage,
    /** Why it is not the first choice that answered; absent where it is. */
    why: z.string().optional(),
    /** The usage is our estimate: the provider told none. */
    estimated: z.literal(true).optional(),
  }),
  /** The answer was no answer; the model is asked once more. */
  nudged: z.object({
    type: z.literal("nudged"),
    step,
    reason: z.enum(["promise", "empty"]),
    matched: z.string(),
  }),
  approval_requested: z.object({
    type: z.literal("approval_requested"),
    step,
    call_id: z.string(),
    approval_id: z.string(),
    tool: z.string(),
    intent: z.string(),
    command: z.string(),
    reason: z.string(),
    /** What would happen, a sentence each. */
    says: z.array(z.string()).optional(),
    expires_at: z.string(),
  }),
  approval_decided: z.object({
    type: z.literal("approval_decided"),
    approval_id: z.string(),
    call_id: z.string(),
    decision: z.enum(["approve", "deny"]),
    by: z.string(),
    because: DenialCause.optional(),
  }),
  tool_started: z.object({
    type: z.literal("tool_started"),
    step,
    call_id: z.string(),
    tool: z.string(),
    /** One line that says what it is for; shown before the tool runs. */
    intent: z.string(),
    effect: Effect,
  }),
  /** The server restarted while the call ran: the new one follows it to its end. */
  tool_adopted: z.object({
    type: z.literal("tool_adopted"),
    step,
    call_id: z.string(),
    /** From the question what became of it until it was followed. */
    took_ms: z.number(),
  }),
  tool_ended: z.object({
    type: z.literal("tool_ended"),
    step,
    call_id: z.string(),
    outcome: ToolOutcome,
    /** What the model reads. */
    result: z.string(),
    command: CommandResult.nullable(),
  }),
  cancel_requested: z.object({ type: z.literal("cancel_requested"), by: z.string() }),
  /** It left its seat: for a person's word, or until a pause is lifted. The answer is provisional. */
  parked: z.object({
    type: z.literal("parked"),
    answer: z.string(),
    cause: z.string(),
    /** Who lets it go on: a model that can be asked again, or a person alone. Older journals do not say. */
    waits_for: z.enum(["model", "person"]).optional(),
    /** No model failed: none had room in its rate, or could be asked at all. */
    no_fault: z.literal(true).optional(),
    /** What stopped it; its lift lets the turn go on by itself. Absent where no model answered. */
    pause: Pause.optional(),
    /** The call that had started and, for the pause, certainly did nothing: it may start again. */
    not_begun: z.object({ step, call_id: z.string() }).optional(),
  }),
  retried: z.object({
    type: z.literal("retried"),
    by: z.string(),
    /** Whether a person wanted this turn to go on, a pause was lifted, or a model answers again. */
    after: z.enum(["wish", "lift", "recovery"]).optional(),
  }),
  /** An event of a turn that ended long ago: it was, and what it said was given up for room. */
  folded: z.object({ type: z.literal("folded"), was: z.string(), folded_at: z.string() }),
  settled: z.object({
    type: z.literal("settled"),
    state: z.enum(["done", "failed", "cancelled"]),
    answer: z.string().min(1),
    mode: Mode,
    provider: z.string().nullable(),
    model: z.string().nullable(),
    usage: Usage,
    error: TurnError.nullable(),
  }),
};

export const JournalBody = z.discriminatedUnion("type", [
  kinds.accepted,
  kinds.started,
  kinds.resumed,
  kinds.attempt_started,
  kinds.attempt_failed,
  kinds.model_waited,
  kinds.reply_mended,
  kinds.compacted,
  kinds.step_restarted,
  kinds.step_ended,
  kinds.nudged,
  kinds.approval_requested,
  kinds.approval_decided,
  kinds.tool_started,
  kinds.tool_adopted,
  kinds.tool_ended,
  kinds.cancel_requested,
  kinds.parked,
  kinds.retried,
  kinds.folded,
  kinds.settled,
]);
export type JournalBody = z.infer<typeof JournalBody>;
export type JournalType = JournalBody["type"];
export type BodyOf<T extends JournalType> = Extract<JournalBody, { type: T }>;

/** A journal event: `seq` is dense from 1 within its turn, `at` is wall time in milliseconds. */
export type JournalEvent = { seq: number; at: number } & JournalBody;

/** Live text: sent without an SSE id, never journaled; lost on a reconnect, then a snapshot comes. */
export const LiveEvent = z.discriminatedUnion("type", [
  /** All the text of the running attempt so far. */
  z.object({ type: z.literal("snapshot"), step, attempt: z.int(), text: z.string() }),
  z.object({
    type: z.literal("delta"),
    step,
    attempt: z.int(),
    /** UTF-16 offset of `text` in the attempt. */
    offset: z.int(),
    text: z.string(),
  }),
  /**
   * What a running command prints. `offset` counts UTF-16 units since its start: a client that
   * connects gets the kept tail first, so what it has already may come again, and a gap shows.
   */
  z.object({ type: z.literal("output"), call_id: z.string(), offset: z.int(), text: z.string() }),
  /** Where a running command stands: once a second at most. It is the command that is waited for. */
  z.object({ type: z.literal("progress"), call_id: z.string(), ...CommandProgress.shape }),
  z.object({ type: z.literal("queue"), place: QueuePlace }),
  /** Why a running turn does not get on right now, in plain words. */
  z.object({ type: z.literal("status"), text: z.string() }),
]);
export type LiveEvent = z.infer<typeof LiveEvent>;

export type ClientEvent = JournalEvent | LiveEvent;
export const isJournalEvent = (event: ClientEvent): event is JournalEvent => "seq" in event;
