/** What is said over an open link: one JSON object a line, validated on both ends. */
import { z } from "zod";
import { CHAIN_PAGE_LIMIT } from "./chain-record.ts";
import { CommandId, PersonUidNumber, WallMs, WorkspaceId } from "./ticket.ts";

/** Raised with every change that an older peer would misread. */
export const PROTOCOL = 5;
/**
 * One that runs commands without a sandbox speaks another: a server that wants the sandbox never gets
 * hold of it, and the other way round, but waits until its commands have ended.
 */
export const UNSANDBOXED_PROTOCOL = PROTOCOL + 10_000;
export const LINE_LIMIT_BYTES = 4 << 20;
export const SPOOL_LIMIT_BYTES = 256 << 20;
/** The most that one `read_log` tells. */
export const LOG_READ_LIMIT_BYTES = 256 << 10;
/** What the executor's process exits with when another one holds the home's ledger. */
export const EXIT_LOCKED = 75;

export const WorkspaceRegistration = z.strictObject({
  id: WorkspaceId,
  path: z.string().min(1).max(4096),
  person_uid_number: PersonUidNumber,
  /** The folder's inode and owner when the person was given it; another folder is refused. */
  ino: z.string().regex(/^\d{1,20}$/),
  owner_uid: z.int().min(0),
});
export type WorkspaceRegistration = z.infer<typeof WorkspaceRegistration>;

const id = z.int().min(1);
export const Request = z.discriminatedUnion("op", [
  z.object({ id, op: z.literal("register_workspace"), workspace: WorkspaceRegistration }),
  /** A folder of the same person that a plan may name among its openings. */
  z.object({ id, op: z.literal("register_opening"), folder: WorkspaceRegistration }),
  /** The ticket is judged by `verifyTicket`, which answers a malformed one with a refusal. */
  z.object({ id, op: z.literal("run"), ticket: z.unknown() }),
  z.object({ id, op: z.literal("state"), command_id: CommandId }),
  z.object({ id, op: z.literal("wait"), command_id: CommandId }),
  z.object({ id, op: z.literal("cancel"), command_id: CommandId }),
  z.object({ id, op: z.literal("ack"), command_id: CommandId }),
  /** A new time limit, counted from the command's beginning, while it runs. */
  z.object({ id, op: z.literal("extend"), command_id: CommandId, wall_ms: WallMs }),
  z.object({ id, op: z.literal("output"), command_id: CommandId }),
  /** Raw output from byte `from` of the command's log, while it runs and long after. */
  z.object({
    ...{ id, op: z.literal("read_log"), command_id: CommandId },
    from: z.int().min(0),
    limit_bytes: z.int().min(1).max(LOG_READ_LIMIT_BYTES),
  }),
  z.object({ id, op: z.literal("usage") }),
  z.object({
    ...{ id, op: z.literal("chain") },
    after: z.int().min(0),
    limit: z.int().min(1).max(CHAIN_PAGE_LIMIT),
  }),
  /** `deep`: also what takes seconds, such as running against the bounds. */
  z.object({ id, op: z.literal("self_test"), deep: z.boolean() }),
  /** Another build is installed: go as soon as no command runs, and serve as ever until then. */
  z.object({ id, op: z.literal("retire_when_idle") }),
  z.object({ id, op: z.literal("close") }),
]);
export type Request = z.infer<typeof Request>;
/** A request before the link has numbered it. */
export type Ask = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;

export const FromExecutor = z.union([
  z.object({ re: id, ok: z.literal(true), value: z.unknown() }),
  z.object({ re: id, ok: z.literal(false), code: z.string(), message: z.string() }),
  z.object({
    event: z.literal("output"),
    command_id: CommandId,
    offset: z.int().min(0),
    text: z.string(),
  }),
]);
export type FromExecutor = z.infer<typeof FromExecutor>;

/** A piece of a command's decoded output; `offset` counts UTF-16 units since the command began. */
export const OutputPiece = z.object({ offset: z.int().min(0), text: z.string() });
export type OutputPiece = z.infer<typeof OutputPiece>;

/** A piece of a command's raw output; offsets count bytes since the command began. */
export const LogPiece = z.object({
  /** As asked, but never past `log_bytes`. */
  from: z.int().min(0),
  /** In base64 on the way. */
  bytes: z.string().transform((text) => Buffer.from(text, "base64")),
  /** The log holds all output from the beginning to here. */
  log_bytes: z.int().min(0),
  /**
   * What it has printed: more than `log_bytes` where the log was cut at its bound or has been
   * deleted since. Null where nobody knows.
   */
  printed_bytes: z.int().min(0).nullable(),
  has_ended: z.boolean(),
});
export type LogPiece = z.infer<typeof LogPiece>;

export const Usage = z.object({
  /** Commands that have not ended. */
  running: z.int(),
  /** Output on disk: of running commands, and of ended ones until their `ack`. */
  spool_bytes: z.int(),
  /** Past it `run` refuses with `spool_full`. */
  spool_limit_bytes: z.int(),
});
export type Usage = z.infer<typeof Usage>;

export const SandboxCheck = z.object({
  name: z.string(),
  /** `not_run`: a tool is missing, so nobody knows. What broke off is `open`. */
  state: z.enum(["held", "open", "not_run"]),
  /** What it is about, for grouping: *network*, *system calls*, … */
  area: z.string(),
  detail: z.string(),
  /** What a person can type or change; null where nothing needs mending. */
  fix: z.string().nullable(),
});
export type SandboxCheck = z.infer<typeof SandboxCheck>;

export const SandboxReport = z.object({
  /** None is `open`, or an admin wants none: `unsandboxed`. */
  available: z.boolean(),
  /** `per_person`: a uid for each person; `shared_user`: people are kept apart by mounts only. */
  level: z.enum(["per_person", "shared_user", "none"]),
  checks: z.array(SandboxCheck),
});
export type SandboxReport = z.infer<typeof SandboxReport>;
