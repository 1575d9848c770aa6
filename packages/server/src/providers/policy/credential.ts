import { z } from "zod";

export const credentialDefaults = {
  /** When a refused key is looked at again first; each further look is twice as far off. */
  first_recheck_ms: 600_000,
  longest_recheck_ms: 21_600_000,
  /** Credit comes back without a new key. */
  payment_recheck_ms: 600_000,
} as const;

const Cause = z.enum(["auth", "payment"]);
/** The faults that retire a key. */
export type CredentialCause = z.infer<typeof Cause>;

/** How one provider takes a key. Pure; times are monotonic, in milliseconds. */
export type CredentialState =
  | { readonly state: "live" }
  | {
      readonly state: "retired";
      readonly cause: CredentialCause;
      readonly since_ms: number;
      /** When it may be tried again; never with a person's request. */
      readonly recheck_at_ms: number;
      /** How often it was refused, first and at rechecks, or looked at for nothing. */
      readonly times: number;
    };

export const liveCredential: CredentialState = { state: "live" };

/**
 * Retires it at once. Refusals of calls that were out when it was retired change nothing.
 */
export const afterRefusal = (
  credential: CredentialState,
  cause: CredentialCause,
  now_ms: number,
): CredentialState =>
  credential.state === "retired" ? credential : retired(cause, now_ms, now_ms, 1);

export const needsRecheck = (credential: CredentialState, now_ms: number): boolean =>
  credential.state === "retired" && now_ms >= credential.recheck_at_ms;

/** What a recheck told of the key; a call may fail for what has nothing to do with it. */
export type Recheck = "taken" | "nothing" | CredentialCause;

/** Whatever it told, the next one is further off. */
export function afterRecheck(
  credential: CredentialState,
  told: Recheck,
  now_ms: number,
): CredentialState {
  if (told === "taken") return liveCredential;
  if (credential.state === "live")
    return told === "nothing" ? credential : retired(told, now_ms, now_ms, 1);
  const cause = told === "nothing" ? credential.cause : told;
  const times = cause === credential.cause ? credential.times + 1 : 1;
  return retired(cause, credential.since_ms, now_ms, times);
}

/** There is reason to believe that it is taken again: only a call can tell. */
export const recheckDue = (credential: CredentialState, now_ms: number): CredentialState =>
  credential.state === "live" ? credential : { ...credential, recheck_at_ms: now_ms };

const retired = (
  cause: CredentialCause,
  since_ms: number,
  now_ms: number,
  times: number,
): CredentialState => ({
  state: "retired",
  cause,
  since_ms,
  recheck_at_ms: now_ms + recheckMs(cause, times),
  times,
});

function recheckMs(cause: CredentialCause, times: number): number {
  const { first_recheck_ms, longest_recheck_ms, payment_recheck_ms } = credentialDefaults;
  if (cause === "payment") return payment_recheck_ms;
  return Math.min(first_recheck_ms * 2 ** (times - 1), longest_recheck_ms);
}

/** As it is kept over restarts; its times are wall time. */
export const KeptCredential = z.discriminatedUnion("state", [
  z.object({ state: z.literal("live") }),
  z.object({
    state: z.literal("retired"),
    cause: Cause,
    since_at: z.number(),
    recheck_at: z.number(),
    times: z.int().min(1),
  }),
]);
export type KeptCredential = z.infer<typeof KeptCredential>;

export function keptCredential(
  credential: CredentialState,
  mono_now: number,
  wall_now: number,
): KeptCredential {
  if (credential.state === "live") return { state: "live" };
  const { state, cause, times, since_ms, recheck_at_ms } = credential;
  const offset_ms = wall_now - mono_now;
  return {
    state,
    cause,
    times,
    since_at: since_ms + offset_ms,
    recheck_at: recheck_at_ms + offset_ms,
  };
}

/** A wall clock that was set meanwhile does no harm: the recheck is at most the longest wait away. */
export function restoredCredential(
  kept: KeptCredential,
  mono_now: number,
  wall_now: number,
): CredentialState {
  if (kept.state === "live") return liveCredential;
  const { state, cause, times } = kept;
  const left_ms = Math.max(0, kept.recheck_at - wall_now);
  return {
    state,
    cause,
    times,
    since_ms: mono_now - Math.max(0, wall_now - kept.since_at),
    recheck_at_ms: mono_now + Math.min(left_ms, recheckMs(cause, times)),
  };
}
