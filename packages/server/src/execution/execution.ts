import type { ChainRecord } from "@mainstay/executor/chain-record";
import type { CommandEnd } from "@mainstay/executor/command";
import { type Plan, planDigest } from "@mainstay/executor/ticket";
import type { Changes } from "@mainstay/sdk/changes";
import type { Clock } from "@mainstay/sdk/clock";
import type { Effect } from "@mainstay/sdk/events";
import { messageOf, Paused } from "../kernel/errors.ts";
import type { NewId } from "../kernel/ids.ts";
import type { Limits } from "../kernel/limits.ts";
import type { Pause } from "../kernel/pause.ts";
import type { StopMode } from "../kernel/stop-wishes.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { Approvals, ConsentRequest } from "./approvals.ts";
import { beginInBackground } from "./background.ts";
import { createCommandJournal } from "./command-journal.ts";
import { inBackground, type NewCommand } from "./command-rows.ts";
import { type CommandStream, createCommandStream } from "./command-stream.ts";
import { type Commands, createCommands } from "./commands.ts";
import { cardOf } from "./consent/card.ts";
import type { Agreement } from "./consent/consent.ts";
import { type CommandOfCall, createJudge, type Judged, type JudgeParts } from "./consent/judge.ts";
import type { OpeningPlace } from "./consent/openings.ts";
import type { Overrides } from "./consent/overrides.ts";
import { pinsText } from "./consent/pins.ts";
import type { Policies } from "./consent/policies.ts";
import { createRestsOn, type Look } from "./consent/rests-on.ts";
import type { Rules } from "./consent/rules.ts";
import type { Suggestions } from "./consent/suggestions.ts";
import { createExecutorKeeper, type ExecutorUsage, type OpenLink } from "./executor-link.ts";
import { createFollower, type Onlooker, type Standing } from "./follow.ts";
import { createGateAudit } from "./gate-audit.ts";
import { type AgreedCommand, createHandOver } from "./hand-over.ts";
import { tellingMismatch } from "./mismatch.ts";
import { createOutputDesk } from "./output-desk.ts";
import type { Passage, Pauses } from "./pauses.ts";
import { createProgressWatch } from "./progress-watch.ts";

export type { ApprovalStream } from "./approval-stream.ts";
export type { Approvals, ConsentRequest } from "./approvals.ts";
export { type Classified, classify } from "./classify/classify.ts";
export { outcomeOf } from "./command-outcome.ts";
export type { CommandStream } from "./command-stream.ts";
export type { Commands } from "./commands.ts";
export type { WorkspaceNetwork } from "./consent/network.ts";
export type { OpeningPlace, OpeningWish } from "./consent/openings.ts";
export type { Overrides } from "./consent/overrides.ts";
export type { Policies } from "./consent/policies.ts";
export type { Rules } from "./consent/rules.ts";
export type { Suggestions } from "./consent/suggestions.ts";
export { nobody, type Onlooker, type Standing } from "./follow.ts";
export { LARGEST_PAGE } from "./page.ts";
export type { Passage, Pauses } from "./pauses.ts";

/** One command of one call, as the server plans it. */
export interface CommandOrder extends CommandOfCall {
  readonly person: { readonly id: string; readonly number: number };
  readonly intent: string;
  readonly wall_ms: number;
  /** It goes on when its call has ended. */
  readonly background: boolean;
}

export type CommandEffect = Extract<Effect, { kind: "command" }>;

export type PlannedCommand =
  | {
      readonly kind: "ready";
      readonly effect: CommandEffect;
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
  | { readonly kind: "consent"; readonly request: ConsentRequest }
  /** All was agreed to, but nothing may begin now. */
  | { readonly kind: "paused"; readonly pause: Pause }
  | { readonly kind: "denied"; readonly by: string }
  /** An admin's policy is against it, or what it wants opened cannot be. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Only an admin's override lets it through. */
  | { readonly kind: "blocked"; readonly reason: string };

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
  /** Folders that a command could have opened: the person's other workspaces. */
  openable(place: OpeningPlace): Promise<{ readonly folders: readonly string[] }>;
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
  /** What a command changed that went on when its call had ended; null of every other. */
  readonly changesOf: (command_id: string) => Promise<Changes | null>;
}

export function createExecution(parts: ExecutionParts): Execution {
  const { store, pauses, clock, newId, limits, ticket_key } = parts;
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
    changesOf: parts.changesOf,
  });
  const progress = createProgressWatch({ keeper, clock });
  const { longest_wall_ms } = limits;
  const commands = createCommands({ store, journal, progress, keeper, clock, longest_wall_ms });
  const commandStream = createCommandStream({ store, journal, commands, progress, keeper, desk });
  const judge = createJudge(parts);
  const rests_on = createRestsOn({ ...parts, judge });

  async function plan(order: CommandOrder): Promise<PlannedCommand> {
    const looked = rests_on.look();
    const judged = await judge(order);
    const { consent, classified } = judged;
    if (consent.kind === "ask")
      return { kind: "consent", request: await requestFor(order, judged) };
    if (consent.kind === "refused") {
      await refuse(order, judged, null, consent.code);
      return refusals[consent.code](consent.why);
    }
    const pause = pauses.forCommandOf(order.person.id);
    if (pause !== null) {
      await refuse(order, judged, null, "paused");
      return { kind: "paused", pause };
    }
    const hindrance = order.background ? await againstBackground(order, consent.agreement) : null;
    if (hindrance !== null) {
      await refuse(order, judged, null, "background");
      return refusals.policy(hindrance);
    }
    const { agreement } = consent;
    const ready = { order, judged, agreement, plan: planOf(order, judged), looked };
    return {
      kind: "ready",
      effect: {
        kind: "command",
        command_id: ready.plan.command_id,
        command: judged.command,
        verdict: classified.verdict,
        reason: classified.reason,
        part: classified.part,
        consent: agreement.kind,
        agreed_by: agreement.told,
        agreement_id: agreement.id,
        planned_digest: planDigest(ready.plan),
        ...(order.background && { background: true }),
      },
      run: (passage, onlooker) => run(ready, passage, onlooker),
      begin: (signal) => begin(ready, signal),
    };
  }

  /** Why it cannot go on by itself; null where it can. */
  async function againstBackground(
    { person }: CommandOrder,
    { kind }: Agreement,
  ): Promise<string | null> {
    if (kind === "override") return "an admin let it run for its call, not in the background";
    const most = limits.background_commands_a_person;
    const running = await store.query(inBackground(store, person.id));
    return running.length < most ? null : `${most} ${FULL}`;
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
      await refuse(order, judged, command_id, "paused");
      const end: CommandEnd = { outcome: "not_started", why: "paused" };
      await journal.ended(command_id, order.person.id, end, passage.signal);
      throw fault;
    } finally {
      leave();
    }
  }

  /** From now on its onlooker hears how it stands, and who wants it to end is heard. */
  function watch(command_id: string, passage: Passage, onlooker: Onlooker): () => void {
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
      refused: (code) => refuse(order, judged, planned.command_id, code),
    };
  }

  async function requestFor(order: CommandOrder, judged: Judged): Promise<ConsentRequest> {
    const { turn_id, step, call_id, person, workspace, intent, wall_ms, background } = order;
    const { command, command_sha256, classified, pinning, network, opened, again } = judged;
    const place = { person_id: person.id, workspace_id: workspace.id };
    const asks = classified.asks === null ? null : JSON.stringify(classified.asks);
    const suggestion = asks === null ? null : await parts.suggestions.textFor(place, asks);
    const say = { classified, pinning, network, opened, wall_ms, background, again };
    const card = cardOf({ command, suggestion, needs_person: judged.needs_person, ...say });
    return parts.approvals.request({
      ...{ turn_id, step, call_id, ...place, intent, command, command_sha256, card },
      reason: again ?? classified.reason,
      pins: pinsText(pinning),
      asks: card.rule === null ? null : asks,
    });
  }

  const refuse = (
    { turn_id, step, call_id, person, workspace }: CommandOrder,
    { command_sha256 }: Judged,
    command_id: string | null,
    code: string,
  ) =>
    audit.refused({
      ...{ turn_id, step, call_id, command_id, code },
      ...{ person_id: person.id, workspace_id: workspace.id, script_sha256: command_sha256 },
    });

  const planOf = (order: CommandOrder, { pinning, network, opened }: Judged): Plan => ({
    command_id: newId("cmd"),
    person_id: order.person.id,
    person_uid_number: order.person.number,
    workspace_id: order.workspace.id,
    run: order.run,
    stdin: null,
    profile: order.profile,
    pins: [...pinning.pins],
    network: network === null ? null : { hosts: [...network.hosts] },
    openings: (opened?.folders ?? []).map(({ id }) => id),
    limits: { wall_ms: order.wall_ms, output_bytes: limits.command_output_bytes },
  });

  /** What certainly did not begin, for whatever reason, may be planned anew, under a new id. */
  async function recover(
    { command_id, person_id }: StartedCommand,
    passage: Passage,
    onlooker: Onlooker,
  ): Promise<Standing> {
    const leave = watch(command_id, passage, onlooker);
    const onRecord = async (end: CommandEnd): Promise<CommandEnd> => {
      await journal.ended(command_id, person_id, end, passage.signal);
      return end;
    };
    const found = await follower
      .find(command_id, passage.signal, onlooker)
      .then((standing) => recorded(standing, onRecord))
      .catch((fault: unknown) => {
        leave();
        throw fault;
      });
    if (found.state !== "running") {
      leave();
      return found;
    }
    passage.adopt();
    return {
      state: "running",
      ended: () => found.ended().then(onRecord).finally(leave),
      letGo() {
        found.letGo();
        leave();
      },
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

/** Agreed to, as of the last look at what consent rests on. */
interface Ready {
  readonly order: CommandOrder;
  readonly judged: Judged;
  readonly agreement: Agreement;
  readonly plan: Plan;
  readonly looked: Look;
}

const refusals = {
  blocked: (reason: string): PlannedCommand => ({ kind: "blocked", reason }),
  denied: (by: string): PlannedCommand => ({ kind: "denied", by }),
  opening: (reason: string): PlannedCommand => ({ kind: "refused", reason }),
  policy: (reason: string): PlannedCommand => ({ kind: "refused", reason }),
};

const intentOf = ({ order, judged, agreement, plan }: Ready) => ({
  ...{ command_id: plan.command_id, turn_id: order.turn_id, step: order.step },
  ...{ call_id: order.call_id, person_id: order.person.id, workspace_id: order.workspace.id },
  profile: order.profile,
  script_sha256: judged.command_sha256,
  planned_digest: planDigest(plan),
  verdict: judged.classified.verdict,
  consent: agreement.kind,
  agreed_by: agreement.person_id,
  agreement_id: agreement.id,
  ...(judged.network !== null && { hosts: judged.network.hosts.length }),
  ...(judged.opened !== null && {
    opened: {
      hosts: judged.opened.hosts.map(({ host, port }) => ({ host, port })),
      workspaces: judged.opened.folders.map(({ id }) => id),
    },
  }),
});

/** Null of what works for the agent alone: nobody looks after a search. */
const rowOf = ({ order, judged, plan }: Ready, began_at: number): NewCommand | null =>
  order.profile === "search"
    ? null
    : {
        ...{ id: plan.command_id, turn_id: order.turn_id, step: order.step },
        ...{ call_id: order.call_id, intent: order.intent, text: judged.command },
        ...{ person_id: order.person.id, workspace_id: order.workspace.id },
        ...{ background: order.background ? 1 : 0, began_at, wall_ms: order.wall_ms },
      };

const FULL =
  "commands of this person run in the background already, and no more may: wait for one, or stop one";

const neverStarted: Standing = { state: "never_started" };

/** What has ended, with its end on record. */
async function recorded(
  found: Standing,
  onRecord: (end: CommandEnd) => Promise<CommandEnd>,
): Promise<Standing> {
  switch (found.state) {
    case "running":
      return found;
    case "never_started":
      await onRecord({ outcome: "not_started", why: "no executor has heard of it" });
      return found;
    case "ended":
      await onRecord(found.end);
      return hadNoEffect(found.end) ? neverStarted : found;
  }
}

const hadNoEffect = (end: CommandEnd): boolean =>
  end.outcome === "not_started" || (end.outcome === "interrupted" && end.ran === "no");
