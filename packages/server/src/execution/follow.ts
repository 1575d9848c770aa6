import type { CommandEnd } from "@mainstay/executor/command";
import { ExecutorGone } from "@mainstay/executor/errors";
import type { ExecutorLink } from "@mainstay/executor/launch";
import type { Clock } from "@mainstay/sdk/clock";
import type { CommandProgress } from "@mainstay/sdk/commands";
import { messageOf } from "../kernel/errors.ts";
import { onCancel, unlessAborted } from "./abort.ts";
import { type ExecutorKeeper, whileLinked } from "./executor-link.ts";
import type { OutputDesk, OutputListener } from "./output-desk.ts";

const ASK_AGAIN_MS = 1_000;

/** Who looks on while a command runs. */
export interface Onlooker {
  /** What comes may overlap with what came before, as its offset says. */
  readonly output: OutputListener;
  /** Why it does not get on, in plain words; null once it does. */
  waits(why: string | null): void;
  /** It was let go, or was found running. */
  began(): void;
  /** Where it stands, once a second at most. */
  progress(progress: CommandProgress): void;
}

export const nobody: Onlooker = {
  output: () => undefined,
  waits: () => undefined,
  began: () => undefined,
  progress: () => undefined,
};

/** Where a command stands that was handed to an executor, to this one or to one before it. */
export type Standing =
  /** No executor has heard of it, or it ended without any effect: it may begin. */
  | { readonly state: "never_started" }
  | { readonly state: "ended"; readonly end: CommandEnd }
  /** It is followed from now on, until it `ended` or is let go of; `ended` never rejects for its fate. */
  | { readonly state: "running"; ended(): Promise<CommandEnd>; letGo(): void };

/**
 * Follows commands to their end, across losses of the link and deaths of the executor.
 *
 * 1. A lost link says nothing of a command: the next executor is asked for it, as soon as that link
 *    is closed and forgotten. Whatever else keeps the question from being answered, it is asked again
 *    after a rest.
 * 2. A cancellation kills, and the end says so. A server that stops lets go and decides nothing.
 */
export interface Follower {
  /** `never_started` only of what no executor has heard of. @throws Stopping */
  find(command_id: string, signal: AbortSignal, onlooker: Onlooker): Promise<Standing>;
  /** The end of what began on this link. @throws Stopping, ExecutorGone */
  untilEnd(link: ExecutorLink, command_id: string, signal: AbortSignal): Promise<CommandEnd>;
}

export interface FollowerParts {
  readonly keeper: ExecutorKeeper;
  readonly desk: OutputDesk;
  readonly clock: Clock;
}

export function createFollower({ keeper, desk, clock }: FollowerParts): Follower {
  async function find(
    command_id: string,
    signal: AbortSignal,
    onlooker: Onlooker,
  ): Promise<Standing> {
    for (;;) {
      try {
        const link = await keeper.link(onlooker.waits);
        onlooker.waits(null);
        return await whileLinked(link, standing(link, command_id, signal, onlooker));
      } catch (fault) {
        if (fault instanceof ExecutorGone) continue;
        if (keeper.stopping.aborted) throw fault;
        const why = `the executor cannot be asked: ${messageOf(fault)}`;
        if (signal.aborted) return { state: "ended", end: unknown(why) };
        onlooker.waits(why);
        await rest(signal);
      }
    }
  }

  /** A cancellation cuts it short: what is found then is what the turn ends with. */
  const rest = (signal: AbortSignal): Promise<void> =>
    clock.sleep(ASK_AGAIN_MS, signal).catch(() => undefined);

  async function standing(
    link: ExecutorLink,
    command_id: string,
    signal: AbortSignal,
    onlooker: Onlooker,
  ): Promise<Standing> {
    const found = await unlessAborted(link.state(command_id), keeper.stopping);
    switch (found.state) {
      case "never":
        return { state: "never_started" };
      case "ended":
        return found;
      case "running":
        return await adopt(link, command_id, signal, onlooker);
    }
  }

  async function adopt(
    link: ExecutorLink,
    command_id: string,
    signal: AbortSignal,
    onlooker: Onlooker,
  ): Promise<Standing> {
    const held = desk.listenHeld(command_id, onlooker.output);
    try {
      held.release(await unlessAborted(link.output(command_id), keeper.stopping));
      onlooker.began();
    } catch (fault) {
      held.end();
      throw fault;
    }
    return {
      state: "running",
      ended: () =>
        untilEnd(link, command_id, signal)
          .finally(held.end)
          .catch((fault: unknown) => endElsewhere(fault, command_id, signal, onlooker)),
      letGo: held.end,
    };
  }

  async function endElsewhere(
    fault: unknown,
    command_id: string,
    signal: AbortSignal,
    onlooker: Onlooker,
  ): Promise<CommandEnd> {
    if (!(fault instanceof ExecutorGone)) throw fault;
    const found = await find(command_id, signal, onlooker);
    switch (found.state) {
      case "never_started":
        return { outcome: "not_started", why: "the executor died before the command began" };
      case "ended":
        return found.end;
      case "running":
        return await found.ended();
    }
  }

  async function untilEnd(
    link: ExecutorLink,
    command_id: string,
    signal: AbortSignal,
  ): Promise<CommandEnd> {
    const unwatch = cancelOver(link, command_id, signal);
    try {
      return await unlessAborted(link.wait(command_id), keeper.stopping);
    } finally {
      unwatch();
    }
  }

  return { find, untilEnd };
}

/** Sends a wish to cancel as soon as there is one. Returns what ends the watch. */
export function cancelOver(
  link: ExecutorLink,
  command_id: string,
  signal: AbortSignal,
): () => void {
  return onCancel(signal, () => {
    // Where the link is lost the wait hears of it, and cancels at the next one.
    void link.cancel(command_id).catch(() => undefined);
  });
}

const unknown = (why: string): CommandEnd => ({ outcome: "interrupted", ran: "maybe", why });
