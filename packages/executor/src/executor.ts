/**
 * The executor's core: tickets in, ends out.
 *
 * 1. From the check for a burned nonce to its burning nothing is awaited, so that of two equal tickets
 *    one at most gets through.
 * 2. A command is in `burning` until its `started` is durable and from then in `running` to its
 *    durable end: it is told to nobody as ended before, and never as one that did not run.
 * 3. A refusal burned nothing, and is in the chain before it is told.
 * 4. A cancel that comes after its `run` holds, however far that has come: what is still prepared or
 *    burned then is ended instead of begun.
 * 5. The ticket burns while the sandbox is made: that is the command's gate shut, and no effect. The
 *    gate opens only when the ticket is burned.
 */
import type { Clock } from "@mainstay/sdk/clock";
import { createAdmission, refuse } from "./admission.ts";
import { createArchive } from "./archive.ts";
import type { Bounds } from "./bounds/bounds.ts";
import type { CommandEnd, CommandState, RefusalCode, RunAnswer } from "./command.ts";
import { endOf } from "./ending.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { OutputLogs } from "./output-log.ts";
import type { LogPiece, OutputPiece, Usage } from "./protocol.ts";
import { raise, type Raised } from "./raised.ts";
import { refusalOf } from "./refused-ticket.ts";
import type { Prepared, Sandbox } from "./sandbox/sandbox.ts";
import { type Spool, spoolFileBytes } from "./spool/spool.ts";
import type { Halt, Outcome } from "./supervise.ts";
import type { Plan, Ticket } from "./ticket.ts";
import type { Workspaces } from "./workspaces.ts";

const RUNNING_LIMIT = 256;
const SPOOL_FULL = "no room for more output of commands until earlier ones end or are fetched";
const GONE = "this executor is going, or its server has gone";
const PRUNE_EVERY = 1_000;
const NOTHING_PRINTED = { output_bytes: 0, last_line: null, percent: null };

export interface Executor {
  /** `holder` is the link that asks: once it is aborted nothing more begins in its name. */
  run(ticket: unknown, holder: AbortSignal): Promise<RunAnswer>;
  state(command_id: string): CommandState;
  /** The end of a command that runs or has run; null for one that never did. */
  wait(command_id: string): Promise<CommandEnd | null>;
  cancel(command_id: string): Promise<void>;
  /** Resolves with the time limit that holds now; null for a command that does not run. */
  extend(command_id: string, wall_ms: number): Promise<number | null>;
  ack(command_id: string): void;
  /** Null for a command that does not run. */
  output(command_id: string): OutputPiece | null;
  /** Null for a command that never ran. */
  readLog(command_id: string, from: number, limit_bytes: number): Promise<LogPiece | null>;
  usage(): Usage;
  /** Commands that have not ended. */
  running(): number;
  /** Kills all and resolves when their ends are durable. */
  interruptAll(why: string): Promise<void>;
}

export interface ExecutorParts {
  ledger: Ledger;
  spool: Spool;
  logs: OutputLogs;
  workspaces: Workspaces;
  sandbox: Sandbox;
  bounds: Bounds;
  ticket_key: Uint8Array;
  clock: Clock;
  spool_limit_bytes: number;
  log(text: string): void;
  onOutput(command_id: string, offset: number, text: string): void;
  /** A command is no longer running. */
  onEnded(): void;
}

/** One `run`, until it is answered. */
interface Attempt {
  ticket: Ticket;
  holder: AbortSignal;
  is_cancelled: boolean;
}

/** Its `started` is on the way to the disk. */
interface Burning {
  plan: Plan;
  /** Resolves when it runs, or never will. */
  over: Promise<void>;
  leave(): void;
}

interface Running extends Raised {
  ended: Promise<CommandEnd>;
}

export function createExecutor(parts: ExecutorParts): Executor {
  const { ledger, spool, clock, log } = parts;
  const admission = createAdmission(parts);
  const archive = createArchive(parts);
  const attempts = new Set<Attempt>();
  const burning = new Map<string, Burning>();
  const running = new Map<string, Running>();
  let started_count = 0;

  async function run(claimed: unknown, holder: AbortSignal): Promise<RunAnswer> {
    const answer = await answerTo(claimed, holder);
    if (answer.state === "refused") await noteRefusal(claimed, answer.code);
    return answer;
  }

  /** Where it cannot be written nothing runs either: it stays a refusal. */
  async function noteRefusal(claimed: unknown, code: RefusalCode): Promise<void> {
    try {
      await ledger.refuse(refusalOf(claimed, code), clock.now());
    } catch (error) {
      log(`a refusal (${code}) could not be recorded: ${(error as Error).message}`);
    }
  }

  async function answerTo(claimed: unknown, holder: AbortSignal): Promise<RunAnswer> {
    const ticket = admission.verify(claimed);
    if ("state" in ticket) return ticket;
    const attempt = { ticket, holder, is_cancelled: false };
    attempts.add(attempt);
    try {
      const known = knownOf(ticket);
      if (known !== null) return known;
      const prepared = await admission.prepare(ticket.plan);
      return "state" in prepared ? prepared : await begin(attempt, prepared);
    } finally {
      attempts.delete(attempt);
    }
  }

  /** Null for a ticket that nobody has used. */
  function knownOf(ticket: Ticket): RunAnswer | null {
    const { command_id } = ticket.plan;
    if (isOpen(command_id)) return refuse("replayed", `${command_id} has not ended yet`);
    return archive.answer(ticket);
  }

  const isOpen = (command_id: string) => burning.has(command_id) || running.has(command_id);

  async function begin(attempt: Attempt, prepared: Prepared): Promise<RunAnswer> {
    const { ticket, holder } = attempt;
    const { plan } = ticket;
    const refused = knownOf(ticket) ?? refuseNow(attempt);
    const raised = refused ?? (await burnAndRaise(ticket, prepared));
    if ("state" in raised) {
      logNotices(plan, prepared.finish());
      return raised;
    }
    if (started_count++ % PRUNE_EVERY === 0) void prune();
    if (!attempt.is_cancelled && !holder.aborted) return follow(raised, prepared);
    await raised.fell();
    return giveUp(plan, prepared, attempt.is_cancelled ? { cause: "cancelled" } : null);
  }

  /** Invariant 5; the refusal where the ticket cannot be burned. */
  async function burnAndRaise(ticket: Ticket, prepared: Prepared): Promise<Raised | RunAnswer> {
    const burned = burn(ticket);
    const raised = raise(ticket.plan, prepared, parts, async (init) => {
      if ((await burned) !== null) throw new Error("its ticket is not burned");
      await ledger.release(ticket.plan.command_id, init);
    });
    const refused = await burned;
    if (refused === null) return raised;
    await raised.fell();
    return refused;
  }

  function refuseNow({ ticket: { plan }, holder }: Attempt): RunAnswer | null {
    if (holder.aborted) return refuse("stopping", GONE);
    if (burning.size + running.size >= RUNNING_LIMIT) {
      return refuse("too_many", `${RUNNING_LIMIT} commands run already; try again later`);
    }
    const wanted_bytes = promisedBytes() + spoolFileBytes(plan.limits.output_bytes);
    return wanted_bytes <= parts.spool_limit_bytes ? null : refuse("spool_full", SPOOL_FULL);
  }

  /** What the disk may come to hold: outputs that nobody has fetched, and all that running ones may. */
  function promisedBytes(): number {
    const open = [...burning.values(), ...running.values()];
    const limits = open.map(({ plan }) => plan.limits.output_bytes);
    return limits.reduce((sum, limit) => sum + spoolFileBytes(limit), ledger.unreadBytes());
  }

  /** Null when the ticket is burned; the command is in `burning` then. */
  async function burn(ticket: Ticket): Promise<RunAnswer | null> {
    const { plan } = ticket;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const leave = () => {
      burning.delete(plan.command_id);
      resolve();
    };
    burning.set(plan.command_id, { plan, over, leave });
    try {
      await ledger.start(ticket, clock.now());
      return null;
    } catch (error) {
      leave();
      return refuse("ledger_unwritable", (error as Error).message);
    }
  }

  /** Housekeeping must not refuse a command whose ticket is burned by now. */
  async function prune(): Promise<void> {
    try {
      await ledger.prune(clock.now());
    } catch (error) {
      log(`old rows of the ledger could not be deleted: ${(error as Error).message}`);
    }
  }

  async function follow(raised: Raised, prepared: Prepared): Promise<RunAnswer> {
    const { plan, supervised } = raised;
    const ended = raised.over.then((outcome) => conclude(plan, prepared, outcome));
    running.set(plan.command_id, { ...raised, ended });
    burning.get(plan.command_id)?.leave();
    if (await supervised.let_go) return { state: "started" };
    return { state: "ended", end: await ended };
  }

  /** Its ticket is burned, but it was cancelled by now, or its server has gone. */
  async function giveUp(plan: Plan, prepared: Prepared, halt: Halt | null): Promise<RunAnswer> {
    const outcome: Outcome = { result: "not_started", why: GONE, halt };
    const end = await conclude(plan, prepared, outcome);
    burning.get(plan.command_id)?.leave();
    return { state: "ended", end };
  }

  async function conclude(plan: Plan, prepared: Prepared, outcome: Outcome): Promise<CommandEnd> {
    const notices = prepared.finish();
    const { uses: network, doubt } = await prepared.network();
    if (doubt !== null) notices.push(doubt);
    const end = endOf(plan, outcome, { notices, network, sandbox: prepared.sandbox });
    if (end.outcome !== "exited") logNotices(plan, notices);
    await archive.end(plan.command_id, end);
    running.delete(plan.command_id);
    parts.onEnded();
    return end;
  }

  /** Of a command whose end has no place for them. */
  function logNotices({ command_id }: Plan, notices: string[]): void {
    for (const notice of notices) log(`${command_id}: ${notice}`);
  }

  function state(command_id: string): CommandState {
    const live = running.get(command_id);
    if (live !== undefined) {
      return { state: "running", ...live.supervised.progress(), ...live.printed.showing() };
    }
    const beginning = burning.get(command_id);
    if (beginning === undefined) return archive.state(command_id);
    const { wall_ms } = beginning.plan.limits;
    return { state: "running", elapsed_ms: 0, wall_ms, ...NOTHING_PRINTED };
  }

  return {
    run,
    state,
    async wait(command_id) {
      await burning.get(command_id)?.over;
      const live = running.get(command_id);
      if (live !== undefined) return live.ended;
      const known = state(command_id);
      return known.state === "ended" ? known.end : null;
    },
    async cancel(command_id) {
      for (const attempt of attempts) {
        if (attempt.ticket.plan.command_id === command_id) attempt.is_cancelled = true;
      }
      running.get(command_id)?.supervised.halt({ cause: "cancelled" });
    },
    async extend(command_id, wall_ms) {
      await burning.get(command_id)?.over;
      const live = running.get(command_id);
      return live?.supervised.extend(wall_ms) === true ? wall_ms : null;
    },
    ack: archive.forgetOutput,
    output: (command_id) => running.get(command_id)?.printed.tail() ?? null,
    async readLog(command_id, from, limit_bytes) {
      const before = state(command_id);
      if (before.state === "never") return null;
      const piece = await parts.logs.read(command_id, from, limit_bytes);
      const printed_bytes = printedBytes(state(command_id));
      return { ...piece, printed_bytes, has_ended: before.state === "ended" };
    },
    usage: () => ({
      running: burning.size + running.size,
      spool_bytes: spool.bytes() + ledger.unreadBytes(),
      spool_limit_bytes: parts.spool_limit_bytes,
    }),
    running: () => burning.size + running.size,
    async interruptAll(why) {
      await Promise.all([...burning.values()].map(({ over }) => over));
      const live = [...running.values()];
      for (const { supervised } of live) supervised.halt({ cause: "interrupted", why });
      await Promise.all(live.map(({ ended }) => ended));
      await archive.stop();
    },
  };
}

function printedBytes(known: CommandState): number | null {
  if (known.state !== "ended") return known.state === "running" ? known.output_bytes : null;
  if (known.end.outcome === "exited") return known.end.output_bytes;
  return known.end.outcome === "not_started" ? 0 : null;
}
