import type { Clock } from "@mainstay/sdk/clock";
import { createPacing, type Reservation } from "../../../src/providers/policy/pacing.ts";
import type { RateWindow } from "../../../src/providers/policy/rate-headers.ts";
import { seeded } from "../../../../../torture/seeded.ts";
import { handClock } from "../../door/hand-clock.ts";

/** A provider with fixed windows behind a network with delays, and callers that share its pacing. */
export interface World {
  readonly seed: number;
  /** Requests a window. */
  readonly limit: number;
  /** Tokens a window. */
  readonly token_limit: number;
  readonly window_ms: number;
  /** Whether its answers tell of the rates; else the operator has set them, for a minute. */
  readonly tells: boolean;
  readonly concurrency: number | null;
  readonly callers: number;
}

export interface Outcome {
  readonly calls: number;
  readonly served: number;
  /** Requests in one window, as the provider counts, where it tells. */
  readonly most_requests: number;
  readonly most_tokens: number;
  readonly most_at_once: number;
  /** Calls that were allowed in any sixty seconds, and sent. */
  readonly in_any_minute: number;
}

const MINUTE_MS = 60_000;

/** Runs until everybody was served, on a clock of its own. */
export async function simulate(world: World): Promise<Outcome> {
  const { clock, pass } = handClock();
  const random = seeded(world.seed);
  const provider = ratedProvider(world, clock);
  const per_minute = (limit: number) => (world.tells ? null : limit);
  const pacing = createPacing({
    clock,
    limits: {
      concurrency: world.concurrency,
      requests_per_minute: per_minute(world.limit),
      tokens_per_minute: per_minute(world.token_limit),
    },
  });
  const sent_at: number[] = [];
  let served = 0;
  let at_once = 0;
  let most_at_once = 0;

  async function caller(): Promise<void> {
    await clock.sleep(random() * 3 * world.window_ms);
    const tokens = 1 + Math.floor((random() * world.token_limit) / 2);
    const place = await pacing.wait(
      { prompt_tokens: tokens, reply_tokens: 0 },
      new AbortController().signal,
    );
    if (place === null) throw new Error("no request of this world is too large");
    at_once += 1;
    most_at_once = Math.max(most_at_once, at_once);
    await send(place, tokens);
    at_once -= 1;
    served += 1;
  }

  async function send(place: Reservation, tokens: number): Promise<void> {
    if (random() < 0.1) return place.release();
    sent_at.push(clock.monotonic());
    await clock.sleep(random() * 500);
    const told = provider.take(tokens);
    await clock.sleep(random() * 2_000);
    if (random() < 0.15) return place.settle(null);
    if (random() < 0.8) place.heard(told);
    await clock.sleep(random() * 5_000);
    place.settle({ input_tokens: tokens, output_tokens: 0 }, told);
  }

  async function everybody(): Promise<void> {
    // Nobody can keep to a rate that no answer has told yet: one call goes before.
    const first = pacing.reserve({ prompt_tokens: 1, reply_tokens: 0 })!;
    first.settle(null, provider.take(1));
    await Promise.all(Array.from({ length: world.callers }, caller));
  }

  const done = everybody();
  await pass(1e9);
  await done;
  return {
    calls: sent_at.length,
    served,
    most_requests: provider.most("requests"),
    most_tokens: provider.most("tokens"),
    most_at_once,
    in_any_minute: mostIn(sent_at, MINUTE_MS),
  };
}

function ratedProvider({ limit, token_limit, window_ms, tells }: World, clock: Clock) {
  const windows = new Map<number, { requests: number; tokens: number }>();
  const limits = { requests: limit, tokens: token_limit };

  function take(tokens: number): RateWindow[] {
    if (!tells) return [];
    const now_ms = clock.monotonic();
    const index = Math.floor(now_ms / window_ms);
    const counted = windows.get(index) ?? { requests: 0, tokens: 0 };
    counted.requests += 1;
    counted.tokens += tokens;
    windows.set(index, counted);
    return (["requests", "tokens"] as const).map((kind) => ({
      name: kind,
      kind,
      limit: limits[kind],
      remaining: Math.max(0, limits[kind] - counted[kind]),
      resets_in_ms: (index + 1) * window_ms - now_ms,
      span_ms: window_ms,
    }));
  }

  return {
    /** A request arrives: what its answer's headers tell. */
    take,
    most: (kind: RateWindow["kind"]): number =>
      Math.max(0, ...[...windows.values()].map((counted) => counted[kind])),
  };
}

const mostIn = (times_ms: readonly number[], span_ms: number): number =>
  Math.max(
    0,
    ...times_ms.map((from) => times_ms.filter((at) => at >= from && at < from + span_ms).length),
  );
