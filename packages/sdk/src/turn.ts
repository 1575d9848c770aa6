import { z } from "zod";
import { Pause } from "./pause.ts";

export const TurnState = z.enum([
  "queued",
  "running",
  "awaiting_approval",
  "parked",
  "done",
  "failed",
  "cancelled",
]);
export type TurnState = z.infer<typeof TurnState>;

const settledStates: ReadonlySet<TurnState> = new Set(["done", "failed", "cancelled"]);
export const isSettled = (state: TurnState): boolean => settledStates.has(state);

export const Urgency = z.enum(["interactive", "batch"]);
export type Urgency = z.infer<typeof Urgency>;

/** How much of the product answered: all of it, fewer models, or none but local data. */
export const Mode = z.enum(["full", "reduced", "offline"]);
export type Mode = z.infer<typeof Mode>;

const MESSAGE_LIMIT_CHARS = 200_000;

/** Body of `POST /v1/turns`. */
export const NewTurn = z.strictObject({
  message: z
    .string()
    .max(MESSAGE_LIMIT_CHARS)
    .refine((text) => text.trim() !== "", "text that is not empty"),
  session_id: z.string().max(100).optional(),
  workspace: z.string().min(1).max(4096).optional(),
  urgency: Urgency.optional(),
  model: z.string().min(1).max(200).optional(),
  on_disconnect: z.enum(["detach", "cancel"]).optional(),
});
export type NewTurn = z.infer<typeof NewTurn>;

export const Usage = z.object({ input_tokens: z.int(), output_tokens: z.int() });
export type Usage = z.infer<typeof Usage>;

/** Null estimates: nobody can know, as where an earlier turn waits for a person's consent. */
export const QueuePlace = z.object({
  position: z.int(),
  eta_s: z.number().nullable(),
  no_later_than_s: z.number().nullable(),
  reason: z.string(),
});
export type QueuePlace = z.infer<typeof QueuePlace>;

export const TurnError = z.object({ code: z.string(), message: z.string() });
export type TurnError = z.infer<typeof TurnError>;

/** What became of a command: its real result, or a plain word that there is none. */
export const CommandRecord = z.object({
  id: z.string(),
  call_id: z.string(),
  intent: z.string(),
  command: z.string(),
  verdict: z.string(),
  agreed_by: z.string(),
  /** `background`: it went on when its call had ended; `GET /v1/commands/{id}` has its end. */
  outcome: z.enum([
    "running",
    "background",
    "exited",
    "interrupted",
    "not_started",
    "denied",
    "unknown",
  ]),
  exit_code: z.int().nullable(),
  signal: z.string().nullable(),
  timed_out: z.boolean(),
  cancelled: z.boolean(),
  duration_ms: z.number().nullable(),
  output_bytes: z.int().nullable(),
  output_sha256: z.string().nullable(),
  planned_digest: z.string(),
  executed_digest: z.string().nullable(),
});
export type CommandRecord = z.infer<typeof CommandRecord>;

/** One file that the turn changed. A hash is null where the file did not exist. */
export const EditRecord = z.object({
  id: z.string(),
  call_id: z.string(),
  path: z.string(),
  before_sha256: z.string().nullable(),
  after_sha256: z.string().nullable(),
});
export type EditRecord = z.infer<typeof EditRecord>;

/** `GET /v1/turns/{id}`. Times are ISO 8601 in UTC. */
export const Turn = z.object({
  id: z.string(),
  session_id: z.string(),
  workspace_id: z.string(),
  state: TurnState,
  message: z.string(),
  urgency: Urgency,
  queue: QueuePlace.nullable(),
  /** What keeps a parked turn from going on; its lift lets it. */
  pause: Pause.nullable(),
  answer: z.string().nullable(),
  mode: Mode.nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  /** Why it is not the first choice that answered; null where it is, or nobody has. */
  provider_why: z.string().nullable(),
  /** Of all attempts, also of those that failed, were cut or cancelled. */
  usage: Usage,
  error: TurnError.nullable(),
  approvals: z.array(z.string()),
  commands: z.array(CommandRecord),
  edits: z.array(EditRecord),
  last_event: z.int(),
  created_at: z.string(),
  settled_at: z.string().nullable(),
});
export type Turn = z.infer<typeof Turn>;

export const TurnList = z.object({ items: z.array(Turn), next: z.string().nullable() });
