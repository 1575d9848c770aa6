import { systemClock } from "@mainstay/sdk/clock";
import { adapterFor, type Ask } from "../../packages/server/src/providers/adapters/adapters.ts";
import { createPool, type Pool } from "../../packages/server/src/providers/engine/pool.ts";
import { answerStep } from "../../packages/server/src/providers/engine/step.ts";
import { closedBreaker } from "../../packages/server/src/providers/policy/breaker.ts";
import {
  createPacing,
  type Pacing,
  type Reservation,
} from "../../packages/server/src/providers/policy/pacing.ts";
import { createRetryBudget } from "../../packages/server/src/providers/policy/retry-budget.ts";
import { targetKey } from "../../packages/server/src/providers/target.ts";
import { targetsOf } from "../../packages/server/src/providers/targets-of.ts";
import type { OpenPort } from "./scene.ts";

/** What is wrong with a pool. */
export interface Plant {
  readonly pool?: (pool: Pool) => Pool;
  readonly pacing?: (pacing: Pacing) => Pacing;
  readonly ask?: (ask: Ask) => Ask;
}

/** A pool with a fault in it, without a prober. */
export function planted(plant: Plant): OpenPort {
  return (settings) => {
    const clock = systemClock;
    const random = () => 0;
    const whole = createPool({ clock, random, paused: () => null });
    const pool = plant.pool?.(whole) ?? whole;
    for (const each of settings)
      for (const { target, api_key } of targetsOf(each)) {
        const { provider, type, model } = target;
        const ask = adapterFor({ provider, type, model, base_url: each.base_url, api_key, clock });
        const pacing = createPacing({ clock, limits: target.limits });
        const member = { key: targetKey(target), target, ask: plant.ask?.(ask) ?? ask };
        pool.add(member, plant.pacing?.(pacing) ?? pacing, closedBreaker);
      }
    const parts = {
      pool,
      clock,
      random,
      retries: createRetryBudget(),
      told: (text: string) => text,
    };
    return {
      stream: (request, signal) => answerStep(parts, request, signal),
      start: () => undefined,
      stop: () => Promise.resolve(),
    };
  };
}

/** Faults teach it nothing: it asks a dead target for ever. */
export const forgetful: Plant = {
  pool: (pool) => ({
    ...pool,
    begin(member, tokens, taken) {
      const begun = pool.begin(member, tokens, taken);
      return begun && { ...begun, failed: () => begun.end() };
    },
  }),
};

const boundless: Reservation = {
  heard: () => undefined,
  settle: () => undefined,
  release: () => undefined,
};

/** It takes no notice of rates. */
export const unpaced: Plant = {
  pacing: (pacing) => ({
    ...pacing,
    ready: () => ({ ready: true }),
    reserve: (asked) => pacing.reserve(asked) ?? boundless,
    afterRate: () => undefined,
  }),
};

/** It lets a call go on that nobody waits for. */
export const unstoppable: Plant = {
  ask: (ask) => (request, how) => ask(request, { ...how, signal: new AbortController().signal }),
};
