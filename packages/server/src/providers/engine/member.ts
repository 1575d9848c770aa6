import type { Ask } from "../adapters/adapters.ts";
import type { Breaker } from "../policy/breaker.ts";
import type { Pacing } from "../policy/pacing.ts";
import type { Target } from "../target.ts";
import type { Heard } from "./attempt.ts";

/** Of the last calls, for deadlines that fit and for people. */
const OBSERVED = 50;

/** One target as the pool holds it. */
export interface Member {
  readonly key: string;
  readonly target: Target;
  readonly ask: Ask;
}

export interface Health {
  breaker: Breaker;
  readonly pacing: Pacing;
  readonly first_token_ms: number[];
  readonly between_ms: number[];
  in_flight: number;
  /** Of them those that were begun for want of a better target, while it is to be left alone. */
  resorts: number;
  /** Whether its rate leaves room now, or soon: as listeners were told last. */
  is_free: boolean;
  /** Since the start. */
  answered: number;
  failed: number;
}

export const freshHealth = (pacing: Pacing, breaker: Breaker): Health => ({
  ...{ breaker, pacing, first_token_ms: [], between_ms: [] },
  ...{ in_flight: 0, resorts: 0, is_free: true, answered: 0, failed: 0 },
});

export const credentialKey = ({ provider, credential }: Target): string =>
  `${provider}#${credential}`;

/** What a call showed of how fast its target is. */
export function observe({ first_token_ms, between_ms }: Health, heard: Heard): void {
  if (heard.first_token_ms === null) return;
  first_token_ms.push(heard.first_token_ms);
  between_ms.push(heard.longest_silence_ms);
  if (first_token_ms.length > OBSERVED) first_token_ms.shift();
  if (between_ms.length > OBSERVED) between_ms.shift();
}
