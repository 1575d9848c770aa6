import { z } from "zod";

/** An operator's emergency stop, as everybody whom it meets is told. */
export const Pause = z.object({
  /** Everybody's commands, all that is done for one person, or whatever one provider is asked. */
  scope: z.enum(["commands", "person", "provider"]),
  /** Name of who set it. */
  by: z.string(),
  since: z.string(),
  reason: z.string().nullable(),
});
export type Pause = z.infer<typeof Pause>;

const REASON_CHARS = 300;

const PauseShape = z.strictObject({
  scope: z.enum(["commands", "person", "provider"]),
  /** Name or id; with scope `person` alone. */
  person: z.string().min(1).max(128).optional(),
  /** As the configuration names it; with scope `provider` alone. */
  provider: z.string().min(1).max(128).optional(),
});

const names = (subject: "person" | "provider") => (what: z.infer<typeof PauseShape>) =>
  (what.scope === subject) === (what[subject] !== undefined);
const person = { path: ["person"], message: "a person with scope `person` alone" };
const provider = { path: ["provider"], message: "a provider with scope `provider` alone" };

/** Body of `PUT /v1/admin/pause`. What is paused already stays so, by whom, since when and why. */
export const NewPause = PauseShape.extend({
  reason: z.string().trim().min(1).max(REASON_CHARS).optional(),
  /** Also ends what runs now. */
  kill: z.boolean().optional(),
})
  .refine(names("person"), person)
  .refine(names("provider"), provider);
export type NewPause = z.infer<typeof NewPause>;

/** What a pause met when it was set. */
export const PauseSet = z.object({
  pause: Pause,
  /** Commands that had begun: with `kill` they are being ended, else they run on. None of a provider. */
  running: z.int(),
  /** Of so many the executor did not say in time whether they began: they may, still. */
  unanswered: z.int(),
  /** False where the disk did not take it: it holds, and is written once the disk takes writes. */
  kept: z.boolean(),
});
export type PauseSet = z.infer<typeof PauseSet>;

/** Query of `DELETE /v1/admin/pause`. */
export const PauseSubject = PauseShape.refine(names("person"), person).refine(
  names("provider"),
  provider,
);
export type PauseSubject = z.infer<typeof PauseSubject>;

export const PauseLifted = z.object({
  /** False where nothing was paused, or it was paused again meanwhile and is still. */
  lifted: z.boolean(),
});

/** `GET /v1/admin/pause`: all that is paused now. */
export const PausesNow = z.object({
  commands: Pause.nullable(),
  people: z.array(z.object({ person_id: z.string(), name: z.string(), pause: Pause })),
  providers: z.array(z.object({ provider: z.string(), pause: Pause })),
});
export type PausesNow = z.infer<typeof PausesNow>;
