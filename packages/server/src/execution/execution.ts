import type { ChainRecord } from "@mainstay/executor/chain-record";
import type { CommandEnd } from "@mainstay/executor/command";
import { planDigest } from "@mainstay/executor/ticket";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf, Paused } from "../kernel/errors.ts";
import type { NewId } from "../kernel/ids.ts";
import type { Limits } from "../kernel/limits.ts";
import type { StopMode } from "../kernel/stop-wishes.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { Approvals } from "./approvals.ts";
import { createAskExecutor } from "./ask-executor.ts";
import { beginInBackground } from "./background.ts";
import { type BackgroundChanges, createCommandJournal } from "./command-journal.ts";
import {
  type CommandEffect,
  type CommandOrder,
  effectOf,
  intentOf,
  type Ready,
  rowOf,
} from "./command-plan.ts";
import { type CommandStream, createCommandStream } from "./command-stream.ts";
import { type Commands, createCommands } from "./commands.ts";
import { createJudge, type JudgeParts } from "./consent/judge.ts";
import type { OpeningPlace } from "./consent/openings.ts";
import type { Overrides } from "./consent/overrides.ts";
import type { Policies } from "./consent/policies.ts";
import { createRestsOn } from "./consent/rests-on.ts";
import type { Rules } from "./consent/rules.ts";
import type { Suggestions } from "./consent/suggestions.ts";
import { createExecutorKeeper, type ExecutorUsage, type OpenLink } from "./executor-link.ts";
import { createFollower, type Onlooker, type Standing } from "./follow.ts";
import { createGateAudit } from "./gate-audit.ts";
import { type AgreedCommand, createHandOver } from "./hand-over.ts";
import { tellingMismatch } from "./mismatch.ts";
import { createOutputDesk } from "./output-desk.ts";
import type { Passage, Pauses } from "./pauses.ts";
import { createPlanner, type Hindered } from "./planner.ts";
import { createProgressWatch } from "./progress-watch.ts";
import { createRecovery, type Leave, type Looked } from "./recovery.ts";

export type { ApprovalStream } from "./approval-stream.ts";
export type { Approvals, ConsentRequest } from "./approvals.ts";
export { type Classified, classify } from "./classify/classify.ts";
export { outcomeOf } from "./command-outcome.ts";
export type { CommandEffect, CommandOrder } from "./command-plan.ts";
export type { CommandStream } from "./command-stream.ts";
export type { Commands } from "./commands.ts";
export type { WorkspaceNetwork } from "./consent/network.ts";
export type { OpeningPlace, OpeningWish } from "./consent/openings.ts";
export type { Overrides } from "./consent/overrides.ts";
export type { Policies } from "./consent/policies.ts";
export type { Rules } from "./consent/rules.ts";
export type { Suggestions } from "./consent/suggestions.ts";
export { nobody, type Onlooker, type Standing } from "./follow.ts";
export type { Passage, Pauses } from "./pauses.ts";

export type PlannedCommand =
  | {
      readonly kind: "ready";
      readonly effect: CommandEffect;
      /** For which it may run: what was asked for at most. */
      readonly wall_ms: number;
      /**
       * Ends when the command has, and that is on record. A cancellation kills its whole tree first;
       * a stopping server leaves it as it is. @throws Stopping; Paused where a pause came before it
       * began; never for the command's fate.
       */
      run(passage: Passage, onlooker: Onlooker): Promise<CommandEnd>;
      /**
       * Instead of `run`: resolves with null once it has begun, and it goes on by itself; with the
       * end of one that ended first. The signal ends what has not begun. @throws as `run`
       */
      begin(signal: AbortSignal): Promise<CommandEnd | null>;
    }
  | Hindered;

/** The gate to side effects: *plan → classify → consent → ticket*, each on record. */
export interface Execution {
  plan(order: CommandOrder): Promise<PlannedCommand>;
  /** Opens the way for one command of the person; `signal` is the turn's. To be left at the end. */
  enter(person_id: string, signal: AbortSignal): Passage;
  /**
   * Where a command stands that an earlier run started; one that still runs is followed from here.
   * Never runs it. Waits, and tells the onlooker why, while no executor can be asked. @throws Stopping
   */
  recover(command: StartedCommand, passage: Passage, onlooker: Onlooker): Promise<Standing>;
  /**
   * As `recover`, of one in the background, which `orphans` alone follows: it is only looked at. The
   * signal ends the wait for an executor, never the command.
   */
  look(command: StartedCommand, signal: AbortSignal, onlooker: Onlooker): Promise<Looked>;
  /** Folders that a command could have opened: the person's other workspaces. */
  openable(
    place: OpeningPlace,
  ): Promise<{ readonly workspace: string; readonly folders: readonly string[] }>;
  /** The command's end is in the journal: the executor may drop its output. */
  forget(command_id: string): void;
  /** Whether this run of the server began it, or found it running, and has not seen its end. */
  isFollowed(command_id: string): boolean;
  /** Who or what wanted a cancelled command to end, in words; the signal is its passage's. */
  whyKilled(command_id: string, signal: AbortSignal): Promise<string>;
  /** What runs and has run, for who looks after it. */
  readonly commands: Commands;
  readonly commandStream: CommandStream;
  /** What commands' output takes on disk; null while no executor runs. */
  usage(): Promise<ExecutorUsage | null>;
  /** A page of the executor's own record of what it ran, after a number; null while there is none. */
  chain(after: number): Promise<ChainRecord[] | null>;
  /** Every call lets go with `Stopping`; commands run on for the next server, or are ended. */
  stop(how: StopMode): Promise<void>;
}

export interface StartedCommand {
  readonly command_id: string;
  readonly person_id: string;
}

export interface ExecutionParts extends JudgeParts {
  readonly store: Store;
  readonly approvals: Pick<Approvals, "approved" | "request">;
  readonly rules: Pick<Rules, "inForce" | "use">;
  readonly overrides: Pick<Overrides, "find" | "use">;
  readonly policies: Pick<Policies, "limitFor" | "trustIn">;
  readonly suggestions: Pick<Suggestions, "textFor">;
  readonly openable: Execution["openable"];
  /** Rises whenever somebody takes something away that commands may rest on. */
  readonly consentRevision: () => number;
  readonly pauses: Pick<Pauses, "enter" | "forCommandOf">;
  readonly openLink: OpenLink;
  /** Ends an executor to which there is no link; resolves with whether there was one. */
  readonly endUnheld: () => Promise<boolean>;
  readonly ticket_key: Uint8Array;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly limits: Limits;
  readonly log: Log;
  readonly changes: BackgroundChanges;
}

export function createExecution(parts: ExecutionParts): Execution {
  const { store, pauses, clock, limits, ticket_key } = parts;
  const desk = createOutputDesk();
  const keeper = createExecutorKeeper({
    open: parts.openLink,
    endUnheld: parts.endUnheld,
    onOutput: desk.hear,
    clock,
  });
  const follower = createFollower({ keeper, desk, clock });
  const handOver = createHandOver({ keeper, follower, desk, ticket_key, clock });
  const audit = createGateAudit({ store, clock, stopping: keeper.stopping });
  const journal = createCommandJournal({
    ...{ store, audit, clock },
    background_commands: limits.background_commands_a_person,
    changes: parts.changes,
  });
  const progress = createProgressWatch({ keeper, clock });
  const { longest_wall_ms } = limits;
  const ask = createAskExecutor({ keeper, clock });
  const commands = createCommands({ store, journal, progress, ask, clock, longest_wall_ms });
  const commandStream = createCommandStream({ store, journal, commands, progress, ask, desk });
  const judge = createJudge(parts);
  const rests_on = createRestsOn({ ...parts, judge });
  const planner = createPlanner({ ...parts, judge, rests_on, audit });
  const { recover, look } = createRecovery({ follower, journal, watch });

  async function plan(order: CommandOrder): Promise<PlannedCommand> {
    const planned = await planner.plan(order);
    if (planned.kind !== "ready") return planned;
    const { ready } = planned;
    return {
      kind: "ready",
      effect: effectOf(ready),
      wall_ms: ready.order.wall_ms,
      run: (passage, onlooker) => run(ready, passage, onlooker),
      begin: (signal) => begin(ready, signal),
    };
  }

  function begin(ready: Ready, signal: AbortSignal): Promise<CommandEnd | null> {
    const { command_id, person_id } = ready.plan;
    return beginInBackground({
      ...{ pauses, person_id, signal },
      run: (passage, onlooker) => run(ready, passage, onlooker),
      recorded: () => forget(command_id),
      lost: (fault) =>
        parts.log.error(
          { command_id, fault: messageOf(fault) },
          "a background command's end was not put on record; the next start does it",
        ),
    });
  }

  async function run(ready: Ready, passage: Passage, onlooker: Onlooker): Promise<CommandEnd> {
    const { plan: planned, order, judged } = ready;
    const { command_id } = planned;
    const leave = watch(command_id, passage, onlooker);
    try {
      const end = await handOver(agreedCommand(ready), passage, onlooker);
      await journal.ended(command_id, order.person.id, end, passage.signal);
      return tellingMismatch(end, planDigest(planned));
    } catch (fault) {
      if (!(fault instanceof Paused)) throw fault;
      await planner.refuse(order, judged, command_id, "paused");
      const end: CommandEnd = { outcome: "not_started", why: "paused" };
      await journal.ended(command_id, order.person.id, end, passage.signal);
      throw fault;
    } finally {
      leave();
    }
  }

  /** From now on its onlooker hears how it stands, and who wants it to end is heard. */
  function watch(command_id: string, passage: Passage, onlooker: Onlooker): Leave {
    const unfollow = journal.follow(command_id, passage);
    const unwatch = progress.watch(command_id, onlooker.progress);
    return () => {
      unfollow();
      unwatch();
    };
  }

  function agreedCommand(ready: Ready): AgreedCommand {
    const { plan: planned, order, judged, agreement, looked } = ready;
    const { verdict } = judged.classified;
    const { kind, decided_by, id: agreement_id } = agreement;
    return {
      plan: planned,
      person: order.person,
      workspace: order.workspace,
      openings: judged.opened?.folders ?? [],
      consent: { verdict, kind, decided_by, agreement_id },
      intended: journal.intend(
        intentOf(ready),
        rowOf(ready, clock.now()),
        rests_on.batch(agreement, order),
      ),
      lastLook: () => rests_on.lastLook({ agreement, judged }, order, looked),
      refused: (code) => planner.refuse(order, judged, planned.command_id, code),
    };
  }

  function forget(command_id: string): void {
    // A lost acknowledgement only keeps some output longer; the executor drops it with age.
    void keeper
      .link(() => undefined)
      .then((link) => link.ack(command_id))
      .catch(() => undefined);
  }

  return {
    plan,
    enter: pauses.enter,
    recover,
    look,
    openable: parts.openable,
    forget,
    isFollowed: journal.isFollowed,
    whyKilled: journal.whyKilled,
    commands,
    commandStream,
    usage: keeper.usage,
    chain: keeper.chain,
    stop: keeper.stop,
  };
}
