import { z } from "zod";
import { DenialCause } from "./audit.ts";
import { HostGrant, Opening } from "./network.ts";
import { Pause } from "./pause.ts";

/** The resources around turns: sessions, approvals, workspaces, the person, health. */
export const Session = z.object({
  id: z.string(),
  workspace_id: z.string(),
  title: z.string(),
  turns: z.int(),
  created_at: z.string(),
  last_turn_at: z.string(),
});
export type Session = z.infer<typeof Session>;

/** What happened in a session between its turns: a background command ended, a person changed files. */
const SessionNote = z.object({
  at: z.string(),
  /** What it is about: one of the two. */
  command_id: z.string().nullable(),
  edit_id: z.string().nullable(),
  /** As the model is told it in the session's next turn. */
  text: z.string(),
});

/** `GET /v1/sessions/{id}`; the oldest note first. */
export const SessionDetail = Session.extend({ notes: z.array(SessionNote) });
export type SessionDetail = z.infer<typeof SessionDetail>;

/** Whose something is. */
export const Whose = z.object({ id: z.string(), name: z.string() });
export type Whose = z.infer<typeof Whose>;

/** One thing that a command does, and what the policy says of it, in words on one line. */
export const ConsentFinding = z.object({
  verdict: z.enum(["ask", "blocked"]),
  reason: z.string(),
  /** The piece of the command that it comes from; null where it is the whole. */
  part: z.string().nullable(),
});
export type ConsentFinding = z.infer<typeof ConsentFinding>;

/** A program of the workspace that the command runs: these bytes are what runs, or nothing does. */
export const PinnedScript = z.object({
  /** Relative to the workspace. */
  path: z.string(),
  sha256: z.string(),
  bytes: z.int(),
  /** Its first lines, with whatever is invisible escaped. */
  head: z.string(),
});
export type PinnedScript = z.infer<typeof PinnedScript>;

export const Approval = z.object({
  id: z.string(),
  turn_id: z.string(),
  state: z.enum(["pending", "approved", "denied", "expired"]),
  /** Whose turn asks. */
  person: Whose,
  intent: z.string(),
  /** Exactly what will run. Show `command_shown` instead. */
  command: z.string(),
  /** The command with everything invisible made visible; its line breaks stand. */
  command_shown: z.string(),
  workspace_id: z.string(),
  workspace_path: z.string(),
  /** What it can touch, in plain words. */
  reach: z.string(),
  /** Whether it may reach any host. */
  network: z.boolean(),
  /** Exactly what it may reach, what `opens` names included. */
  hosts: z.array(HostGrant),
  /** What agreeing opens for this one command alone; null where that is nothing. */
  opens: Opening.nullable(),
  /** Keeps it from beginning now, also once it is agreed to; it begins by itself at the lift. */
  pause: Pause.nullable(),
  /** Why it is asked: of the strictest finding. */
  reason: z.string(),
  /** At most 16, the strictest first. */
  findings: z.array(ConsentFinding),
  /** What will happen, a sentence each. */
  says: z.array(z.string()),
  runs: z.array(PinnedScript),
  /** What *remember* would allow from now on, in words; null where no rule can say it. */
  rule: z.string().nullable(),
  /** That the same was approved often enough to be worth a rule, in words. */
  suggestion: z.string().nullable(),
  created_at: z.string(),
  expires_at: z.string(),
  decided_at: z.string().nullable(),
  /** Name of who decided; null while nobody has. */
  decided_by: z.string().nullable(),
  /** Of a denial that is nobody's: why it was made all the same. */
  because: DenialCause.optional(),
});
export type Approval = z.infer<typeof Approval>;

/** Body of `POST /v1/approvals/{id}`. */
export const Decision = z
  .strictObject({
    decision: z.enum(["approve", "deny", "later"]),
    /** Makes the approval's `rule` a rule. */
    remember: z.boolean().optional(),
    /** With deny: no person said so, for none could be asked. */
    because: DenialCause.optional(),
  })
  .refine(({ decision, because }) => because === undefined || decision === "deny", {
    message: "only with deny",
    path: ["because"],
  })
  .refine(({ decision, remember }) => !remember || decision === "approve", {
    message: "true only with approve",
    path: ["remember"],
  });
export type Decision = z.infer<typeof Decision>;

export const Workspace = z.object({
  id: z.string(),
  path: z.string(),
  private: z.boolean(),
  trusted: z.boolean(),
  created_at: z.string(),
});
export type Workspace = z.infer<typeof Workspace>;

export const NewWorkspace = z.strictObject({
  path: z.string().min(1).max(4096),
  trust: z.boolean().optional(),
  proof: z.string().max(200).optional(),
});
export type NewWorkspace = z.infer<typeof NewWorkspace>;

/** How much of the product stands: all, fewer models, no model, or nothing can be written. */
export const Level = z.enum(["full", "reduced", "offline", "read-only"]);
export type Level = z.infer<typeof Level>;

export const Readiness = z.object({
  ready: z.boolean(),
  level: Level,
  version: z.string(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});
export type Readiness = z.infer<typeof Readiness>;

export const Me = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(["admin", "member"]),
  tier: z.enum(["free", "basic", "pro"]),
  /** While it holds nothing is done for this person; all can be read. */
  pause: Pause.nullable(),
  /** What whoever works here must know before anything else, on one line; null where that is nothing. */
  banner: z.string().nullable(),
});
export type Me = z.infer<typeof Me>;

export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable() });
