import { z } from "zod";

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

export const Approval = z.object({
  id: z.string(),
  turn_id: z.string(),
  state: z.enum(["pending", "approved", "denied", "expired"]),
  intent: z.string(),
  /** Exactly what will run. Show it with control characters escaped. */
  command: z.string(),
  workspace_path: z.string(),
  /** What it can touch, in plain words. */
  reach: z.string(),
  reason: z.string(),
  created_at: z.string(),
  expires_at: z.string(),
});
export type Approval = z.infer<typeof Approval>;

export const Decision = z.strictObject({ decision: z.enum(["approve", "deny", "later"]) });
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

export const ProviderStatus = z.object({
  id: z.string(),
  models: z.array(z.string()),
  source: z.string(),
});
export type ProviderStatus = z.infer<typeof ProviderStatus>;

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
});
export type Me = z.infer<typeof Me>;

export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable() });
