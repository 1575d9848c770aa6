import { randomBytes } from "node:crypto";
import type { CommandEnd, RefusalCode } from "@mainstay/executor/command";
import { ExecutorGone } from "@mainstay/executor/errors";
import type { ExecutorLink } from "@mainstay/executor/launch";
import { type Consent, type Plan, signTicket } from "@mainstay/executor/ticket";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf, Paused, Stopping } from "../kernel/errors.ts";
import type { TurnWorkspace } from "../kernel/workspace.ts";
import { unlessAborted } from "./abort.ts";
import type { ExecutorKeeper } from "./executor-link.ts";
import { cancelOver, type Follower, type Onlooker } from "./follow.ts";
import type { OutputDesk } from "./output-desk.ts";
import type { Passage } from "./pauses.ts";

const TICKET_LIFE_MS = 60_000;
/** Each waits for the next executor, which takes the place of one that goes. */
const HAND_OVERS = 3;

/** A command that may run: the plan, for whom and where, and who agreed to it. */
export interface AgreedCommand {
  readonly plan: Plan;
  readonly person: { readonly number: number };
  readonly workspace: TurnWorkspace;
  /** Other folders of the person that it may read. */
  readonly openings: readonly TurnWorkspace[];
  readonly consent: Consent;
  /** Resolves when it is on record that it may run; with why it may not after all. */
  readonly intended: Promise<string | null>;
  /** Why it may not run any more; null while what was agreed to still is. */
  lastLook(): Promise<string | null>;
  /** The executor refused the ticket. */
  refused(code: RefusalCode): Promise<void>;
}

/**
 * Hands commands over to the executor: *ticket → run → follow*.
 *
 * 1. A command is handed over again only where it certainly left no marker: its executor refused it
 *    because it is going, or went and the next one has never heard of it. So its id is still free.
 * 2. What left a marker ends as the marker says, for the reason that the marker gives.
 * 3. An executor that is going, or a link that has dropped, is not asked again: it is waited for
 *    until it has closed, and then there is the next one.
 * 4. A wish to cancel follows the order at once, whatever the executor still prepares.
 * 5. Between the last look at the pauses and the order nothing is waited for (`Passage.begin`); the
 *    consent is looked at right before.
 * 6. Nothing is ordered before its intent is on record.
 *
 * The command's end is told, whatever it is. @throws Stopping; Paused, and then it left no marker.
 */
export type HandOver = (
  command: AgreedCommand,
  passage: Passage,
  onlooker: Onlooker,
) => Promise<CommandEnd>;

/** It left no marker and may be handed over again. */
interface NotTaken {
  readonly outcome: "not_taken";
  readonly why: string;
}

export interface HandOverParts {
  readonly keeper: ExecutorKeeper;
  readonly follower: Follower;
  readonly desk: OutputDesk;
  readonly ticket_key: Uint8Array;
  readonly clock: Clock;
}

export function createHandOver(parts: HandOverParts): HandOver {
  const { keeper, follower, desk, clock } = parts;

  async function handOver(
    command: AgreedCommand,
    passage: Passage,
    onlooker: Onlooker,
  ): Promise<CommandEnd> {
    let last_why = "";
    for (let tries = 1; tries <= HAND_OVERS; tries++) {
      const end = await tryOnce(command, passage, onlooker);
      if (end.outcome !== "not_taken") return end;
      passage.notTaken();
      last_why = end.why;
    }
    return notStarted(`the executor went away ${HAND_OVERS} times, at last: ${last_why}`);
  }

  async function tryOnce(
    command: AgreedCommand,
    passage: Passage,
    onlooker: Onlooker,
  ): Promise<CommandEnd | NotTaken> {
    const { signal } = passage;
    const [link, hindrance] = await Promise.all([
      linkFor(command, signal, onlooker),
      command.intended,
    ]);
    if (hindrance !== null) return notStarted(hindrance);
    if ("outcome" in link) return link;
    const taken_back = await lastLook(command);
    if (taken_back !== null) return notStarted(taken_back);
    const stopListening = desk.listen(command.plan.command_id, onlooker.output);
    try {
      return await runOn(link, command, passage, onlooker);
    } catch (fault) {
      if (keeper.stopping.aborted || fault instanceof Paused) throw fault;
      return await afterFault(fault, command, signal, onlooker);
    } finally {
      stopListening();
    }
  }

  /** Where nobody can look, it does not run. */
  async function lastLook(command: AgreedCommand): Promise<string | null> {
    try {
      return await command.lastLook();
    } catch (fault) {
      if (keeper.stopping.aborted) throw keeper.stopping.reason;
      return `whether it may still run cannot be told: ${messageOf(fault)}`;
    }
  }

  /** The link, with all folders registered at it; or why the command cannot begin. */
  async function linkFor(
    { workspace, openings, person }: AgreedCommand,
    signal: AbortSignal,
    onlooker: Onlooker,
  ): Promise<ExecutorLink | CommandEnd | NotTaken> {
    const ofPerson = ({ id, path, ino, owner_uid }: TurnWorkspace) => ({
      ...{ id, path, ino, owner_uid, person_uid_number: person.number },
    });
    const registered = keeper.register(
      { workspace: ofPerson(workspace), openings: openings.map(ofPerson) },
      onlooker.waits,
    );
    try {
      return await unlessAborted(registered, signal);
    } catch (fault) {
      if (fault instanceof Stopping) throw fault;
      return unbegun(fault);
    }
  }

  async function runOn(
    link: ExecutorLink,
    command: AgreedCommand,
    passage: Passage,
    onlooker: Onlooker,
  ): Promise<CommandEnd | NotTaken> {
    const { signal } = passage;
    const answer = await order(link, command, passage);
    switch (answer.state) {
      case "started":
        onlooker.began();
        return await follower.untilEnd(link, command.plan.command_id, signal);
      case "ended":
        return answer.end;
      case "refused":
        if (answer.code !== "stopping") {
          await command.refused(answer.code);
          return notStarted(answer.message);
        }
        passage.notTaken();
        await unlessAborted(link.closed, AbortSignal.any([signal, keeper.stopping]));
        return { outcome: "not_taken", why: answer.message };
    }
  }

  async function order(link: ExecutorLink, command: AgreedCommand, passage: Passage) {
    const answered = passage.begin(() => link.run(ticketFor(command)));
    const unwatch = cancelOver(link, command.plan.command_id, passage.signal);
    try {
      return await unlessAborted(answered, keeper.stopping);
    } finally {
      unwatch();
    }
  }

  async function afterFault(
    fault: unknown,
    { plan }: AgreedCommand,
    signal: AbortSignal,
    onlooker: Onlooker,
  ): Promise<CommandEnd | NotTaken> {
    const found = await follower.find(plan.command_id, signal, onlooker);
    switch (found.state) {
      case "never_started":
        return unbegun(fault);
      case "ended":
        return found.end;
      case "running":
        return await found.ended();
    }
  }

  const ticketFor = ({ plan, consent }: AgreedCommand) =>
    signTicket(parts.ticket_key, {
      plan,
      consent,
      expires_at: clock.now() + TICKET_LIFE_MS,
      nonce: randomBytes(16).toString("hex"),
    });

  return handOver;
}

/** Of what certainly did not begin: only a lost executor is a reason to try the next one. */
const unbegun = (fault: unknown): CommandEnd | NotTaken =>
  fault instanceof ExecutorGone
    ? { outcome: "not_taken", why: messageOf(fault) }
    : notStarted(messageOf(fault));

const notStarted = (why: string): CommandEnd => ({ outcome: "not_started", why });
