/** What the executor says of a command: how it answered a ticket, and how it ended. */
import { NetworkUse, USES_LIMIT } from "@mainstay/sdk/network";
import { z } from "zod";

/** A bound past which the executor kills a command. */
export const Bound = z.enum(["output", "memory", "disk"]);
export type Bound = z.infer<typeof Bound>;

export const CommandEnd = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("exited"),
    /** As a shell says it (128 + n for a process killed by signal n); null if the executor killed it. */
    exit_code: z.int().nullable(),
    /** The signal by which the executor killed the whole tree. */
    signal: z.string().nullable(),
    timed_out: z.boolean(),
    cancelled: z.boolean(),
    /** Killed because it went past it. Ends of older executors do not say. */
    exceeded: Bound.nullable().default(null),
    duration_ms: z.number(),
    /** stdout and stderr in the order of arrival: head and tail, empty after `ack`. */
    output: z.string(),
    /** Counts and hashes all raw bytes that were read, also those left out of `output`. */
    output_bytes: z.int(),
    output_sha256: z.string(),
    output_truncated: z.boolean(),
    /** What the executor undid after it, or found in the workspace that a person must look at. */
    notices: z.array(z.string().max(1024)).max(16),
    plan_digest: z.string(),
    /** Hosts that it reached or was kept from, at most 64. */
    network: z.array(NetworkUse).max(USES_LIMIT).default([]),
    /** What kept it; `none` only where an admin opted in to that. */
    sandbox: z.enum(["bubblewrap", "none"]),
  }),
  /**
   * `ran: "no"` is certain; `"partly"`: the executor killed it because it itself had to end, for the
   * reason `why`; `"maybe"` means that nobody knows how far it got.
   */
  z.object({
    outcome: z.literal("interrupted"),
    ran: z.enum(["no", "partly", "maybe"]),
    why: z.string(),
    /** From its go to its death, where the executor saw both. */
    duration_ms: z.number().optional(),
    /** What it had printed, where that is known; empty after `ack`. */
    output: z.string().optional(),
    output_truncated: z.boolean().optional(),
  }),
  /** Certainly did not run. */
  z.object({ outcome: z.literal("not_started"), why: z.string() }),
]);
export type CommandEnd = z.infer<typeof CommandEnd>;

export const RefusalCode = z.enum([
  "malformed",
  "bad_mac",
  "expired",
  "expires_too_late",
  "blocked",
  "not_agreed",
  "replayed",
  "doubtful",
  "unknown_workspace",
  "wrong_person",
  "workspace_changed",
  "pin_changed",
  "search_unavailable",
  "sandbox_unavailable",
  "ledger_unwritable",
  "spool_full",
  "too_many",
  "stopping",
]);
export type RefusalCode = z.infer<typeof RefusalCode>;

/** `refused` burned nothing; `ended` is the end of this very ticket, now or at an earlier `run`. */
export const RunAnswer = z.discriminatedUnion("state", [
  z.object({ state: z.literal("started") }),
  z.object({ state: z.literal("refused"), code: RefusalCode, message: z.string() }),
  z.object({ state: z.literal("ended"), end: CommandEnd }),
]);
export type RunAnswer = z.infer<typeof RunAnswer>;

export const CommandState = z.discriminatedUnion("state", [
  z.object({ state: z.literal("never") }),
  z.object({
    state: z.literal("running"),
    /** Since it was let go; 0 before. */
    elapsed_ms: z.number(),
    /** Its time limit, from then. */
    wall_ms: z.number(),
    output_bytes: z.int(),
    /** The last line that is not empty, as a terminal would show it; at most 200 characters. */
    last_line: z.string().nullable(),
    /** How far it is, 0 to 100, where that line shows it; it never falls. */
    percent: z.int().nullable(),
  }),
  z.object({ state: z.literal("ended"), end: CommandEnd }),
]);
export type CommandState = z.infer<typeof CommandState>;
