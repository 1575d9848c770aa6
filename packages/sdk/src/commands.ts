import { z } from "zod";
import { Changes } from "./changes.ts";
import { Whose } from "./resources.ts";

/** Commands as jobs: each has an id, can be watched, given more time and stopped. */

/** How far a command got. `partly`: it was killed on the way; `unknown`: nobody can say. */
const Ran = z.enum(["never_started", "ran", "partly", "unknown"]);

/** Where a running command stands. */
export const CommandProgress = z.object({
  /** Since it began; 0 while its sandbox is made. */
  elapsed_ms: z.number(),
  /** The time limit that holds, from its beginning. */
  wall_ms: z.number(),
  output_bytes: z.int(),
  /** What it printed last, on one line; null while there is nothing, or nobody knows. */
  last_line: z.string().nullable(),
  /** What it says of itself; null where it does not say. */
  percent: z.number().min(0).max(100).nullable(),
});
export type CommandProgress = z.infer<typeof CommandProgress>;

/** How a command ended. */
export const CommandOutcome = z.object({
  ran: Ran,
  /** The same in words, on one line. */
  summary: z.string(),
  /** Null where it was killed or did not begin. */
  exit_code: z.int().nullable(),
  signal: z.string().nullable(),
  timed_out: z.boolean(),
  cancelled: z.boolean(),
  /** The bound that it went past, and so was killed. */
  exceeded: z.enum(["output", "memory", "disk"]).nullable(),
  duration_ms: z.number().nullable(),
  output_bytes: z.int().nullable(),
  output_sha256: z.string().nullable(),
  /** Of one that went on in the background: of others, and of what only reads, their turn tells. */
  changes: Changes.optional(),
});
export type CommandOutcome = z.infer<typeof CommandOutcome>;

const CommandState = z.enum(["running", "ended"]);

/** `GET /v1/commands/{id}`. Times are ISO 8601 in UTC. */
export const Command = z.object({
  id: z.string(),
  turn_id: z.string(),
  session_id: z.string(),
  workspace_id: z.string(),
  person: Whose,
  step: z.int(),
  call_id: z.string(),
  /** What it is for, on one line. */
  intent: z.string(),
  /** As far as 4,000 characters; its turn's record has all of it. */
  command: z.string(),
  /** It goes on when its turn has ended. */
  background: z.boolean(),
  state: CommandState,
  /** When it was handed over. */
  began_at: z.string(),
  ended_at: z.string().nullable(),
  /** The time limit that holds, from its beginning. */
  wall_ms: z.number(),
  /** Of one that runs; null where the executor cannot be asked right now. */
  progress: CommandProgress.nullable(),
  /** Name of who wanted it stopped; null while nobody did. */
  stopped_by: z.string().nullable(),
  /** Null while it runs. */
  outcome: CommandOutcome.nullable(),
});
export type Command = z.infer<typeof Command>;

/** `GET /v1/commands`: yours, the newest first; for an admin, everybody's. */
export const CommandsFilter = z.strictObject({
  state: CommandState.optional(),
  session_id: z.string().max(100).optional(),
  turn_id: z.string().max(100).optional(),
});
export type CommandsFilter = z.infer<typeof CommandsFilter>;

/** A piece of what a command printed, stdout and stderr in the order of arrival. */
export const CommandOutput = z.object({
  /** Where the piece begins, in bytes since the command began. */
  from: z.int(),
  /** Where to go on: the `from` of the next piece. */
  next: z.int(),
  /** The bytes as they were printed. */
  base64: z.base64(),
  /** All that it printed so far; what is past `kept_bytes` was not kept. */
  output_bytes: z.int(),
  kept_bytes: z.int(),
  /** Nothing more will come. */
  ended: z.boolean(),
});
export type CommandOutput = z.infer<typeof CommandOutput>;

/** Body of `POST /v1/commands/{id}/extend`. */
export const CommandExtension = z.union([
  /** So many seconds more than its limit is now. */
  z.strictObject({ for_s: z.number().min(1).max(86_400) }),
  /** Until then; a repetition changes nothing. */
  z.strictObject({ until: z.iso.datetime({ offset: true }) }),
]);
export type CommandExtension = z.infer<typeof CommandExtension>;

const progress = z.object({ type: z.literal("progress"), ...CommandProgress.shape });

/** `GET /v1/commands/{id}/events`: how it stands and its output's tail, what happens, its end. */
export const CommandEvent = z.discriminatedUnion("type", [
  /** First of a connection. Of a command that has ended there is only `ended`. */
  z.object({ type: z.literal("snapshot"), command: Command }),
  progress,
  /**
   * `offset` counts UTF-16 units since its start: what a client has may come again after a break,
   * and a gap shows; `GET …/output` has all of it.
   */
  z.object({ type: z.literal("output"), offset: z.int(), text: z.string() }),
  /** The last. */
  z.object({ type: z.literal("ended"), command: Command }),
]);
export type CommandEvent = z.infer<typeof CommandEvent>;

/** `GET /v1/commands/events`: what runs of yours, then what begins and ends. */
export const CommandNews = z.discriminatedUnion("type", [
  /** At the start, and again after a break: it takes the place of what was known to run. */
  z.object({ type: z.literal("snapshot"), items: z.array(Command) }),
  z.object({ type: z.literal("began"), command: Command }),
  z.object({ type: z.literal("ended"), command: Command }),
]);
export type CommandNews = z.infer<typeof CommandNews>;
