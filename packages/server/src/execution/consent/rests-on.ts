import type { Clock } from "@mainstay/sdk/clock";
import type { Batch } from "../../store/store.ts";
import type { Agreement } from "./consent.ts";
import type { CommandOfCall, Judge, Judged } from "./judge.ts";
import { hostInWords, takenAway } from "./network-of-command.ts";
import { isSameOpening } from "./openings.ts";
import type { Overrides } from "./overrides.ts";
import type { Policies } from "./policies.ts";
import type { Rules } from "./rules.ts";

/** A command may wait long for an executor. */
const STALE_MS = 1_000;

/** When what bears on a command was read. */
export interface Look {
  readonly revision: number;
  /** Monotonic. */
  readonly at_ms: number;
}

/** What was agreed to, and what its plan lets it reach. */
export interface Planned {
  readonly agreement: Agreement;
  readonly judged: Pick<Judged, "network" | "opened">;
}

/**
 * What an agreement rests on, from the judgement to the order to begin. Past that nothing is taken back
 * from a command: it goes on for its time, in the background too, and its person can stop it.
 */
export interface RestsOn {
  /** To be taken before what bears on the command is read. */
  look(): Look;
  /** What must still hold when the intent is written, and what the use of it changes. */
  batch(agreement: Agreement, order: CommandOfCall): Required<Batch>;
  /**
   * Why it does not hold any more; null: it does. What was judged long ago, or before somebody took
   * something away, is judged again; otherwise nothing is waited for between this and the order.
   */
  lastLook(planned: Planned, order: CommandOfCall, looked: Look): Promise<string | null>;
}

export interface RestsOnParts {
  readonly judge: Judge;
  readonly rules: Pick<Rules, "use">;
  readonly overrides: Pick<Overrides, "use">;
  readonly policies: Pick<Policies, "trustIn">;
  /** Rises whenever somebody takes something away that commands may rest on. */
  readonly consentRevision: () => number;
  readonly clock: Clock;
}

export function createRestsOn(parts: RestsOnParts): RestsOn {
  const { judge, consentRevision, clock } = parts;

  function batch({ kind, id }: Agreement, order: CommandOfCall): Required<Batch> {
    if (kind === "trust") return { guards: [parts.policies.trustIn(order.workspace)], writes: [] };
    if (id === null || kind === "person") return { guards: [], writes: [] };
    const { guard, write } =
      kind === "override" ? parts.overrides.use(id, order) : parts.rules.use(id.split(","));
    return { guards: [guard], writes: [write] };
  }

  async function lastLook(planned: Planned, order: CommandOfCall, looked: Look) {
    const is_stale = clock.monotonic() - looked.at_ms > STALE_MS;
    let seen = is_stale ? null : looked.revision;
    while (seen !== consentRevision()) {
      seen = consentRevision();
      const lost = lostSince(planned, await judge(order));
      if (lost !== null) return `what it rested on was taken back: ${lost}`;
    }
    return null;
  }

  return {
    look: () => ({ revision: consentRevision(), at_ms: clock.monotonic() }),
    batch,
    lastLook,
  };
}

/** Null while all that was planned still holds. */
function lostSince({ agreement, judged }: Planned, now: Judged): string | null {
  if (now.consent.kind !== "agreed" || !isSame(now.consent.agreement, agreement))
    return agreement.told;
  if (!isSameOpening(judged.opened, now.opened)) return "a folder that it opens";
  const host = takenAway(judged.network, now.network);
  return host === null ? null : `the host ${hostInWords(host)}`;
}

const isSame = (one: Agreement, other: Agreement): boolean =>
  one.kind === other.kind && one.id === other.id;
