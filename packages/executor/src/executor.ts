/**
 * The executor's core: tickets in, ends out.
 *
 * 1. From the check for a burned nonce to its burning nothing is awaited, so that of two equal tickets
 *    one at most gets through.
 * 2. A command is in `burning` until its `started` is durable and from then in `running` to its
 *    durable end: it is told to nobody as ended before, and never as one that did not run.
 * 3. A refusal burned nothing.
 */
import type { Clock } from "@mainstay/sdk/clock";
import { createArchive } from "./archive.ts";
import type { CommandEnd, CommandState, RefusalCode, RunAnswer } from "./command.ts";
import { endOf } from "./ending.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { keepPrinted, type Printed } from "./printed.ts";
import type { ProcessTable } from "./process-table.ts";
import type { OutputPiece, Usage } from "./protocol.ts";
import type { Prepared, Sandbox } from "./sandbox/sandbox.ts";
import { type Spool, spoolFileBytes } from "./spool/spool.ts";
import { supervise, type Outcome, type Supervised } from "./supervise.ts";
import { verifyTicket, type Plan, type Ticket } from "./ticket.ts";
import { whyChanged, type Workspace, type Workspaces } from "./workspaces.ts";

const RUNNING_LIMIT = 256;
const SPOOL_FULL = "no room for more output of commands until earlier ones end or are fetched";
const GONE = "this executor is going, or its server has gone";
const PRUNE_EVERY = 1_000;

export interface Executor {
  /** `holder` is the link that asks: once it is aborted nothing more begins in its name. */
  run(ticket: unknown, holder: AbortSignal): Promise<RunAnswer>;
  state(command_id: string): CommandState;
  /** The end of a command that runs or has run; null for one that never did. */
  wait(command_id: string): Promise<CommandEnd | null>;
  cancel(command_id: string): Promise<void>;
  ack(command_id: string): void;
  /** Null for a command that does not run. */
  output(command_id: string): OutputPiece | null;
  usage(): Usage;
  /** Commands that have not ended. */
  running(): number;
  /** Kills all and resolves when their ends are durable. */
  interruptAll(why: string): Promise<void>;
}

export interface ExecutorParts {
  ledger: Ledger;
  spool: Spool;
  workspaces: Workspaces;
  sandbox: Sandbox;
  processes: ProcessTable;
  ticket_key: Uint8Array;
  clock: Clock;
  spool_limit_bytes: number;
  log(text: string): void;
  onOutput(command_id: string, offset: number, text: string): void;
  /** A command is no longer running. */
  onEnded(): void;
}

/** Its `started` is on the way to the disk. */
interface Burning {
  plan: Plan;
  /** Resolves when it runs, or never will. */
  over: Promise<void>;
  leave(): void;
}

interface Running {
  plan: Plan;
  printed: Printed;
  supervised: Supervised;
  ended: Promise<CommandEnd>;
}

export function createExecutor(parts: ExecutorParts): Executor {
  const { ledger, spool, workspaces, sandbox, clock, log } = parts;
  const archive = createArchive(parts);
  const burning = new Map<string, Burning>();
  const running = new Map<string, Running>();
  let started_count = 0;

  async function run(claimed: unknown, holder: AbortSignal): Promise<RunAnswer> {
    const verified = verifyTicket(parts.ticket_key, claimed, clock.now());
    if (!verified.ok) return refuse(verified.code, verified.message);
    const { ticket } = verified;
    if (ticket.consent.verdict === "blocked") {
      return refuse("blocked", "no policy allows a command that was classified as blocked");
    }
    const known = archive.answer(ticket);
    if (known !== null) return known;
    const report = await sandbox.report();
    if (!report.available) return refuse("sandbox_unavailable", reasons(report));
    const workspace = workspaces.find(ticket.plan.workspace_id);
    const refused = refuseWorkspace(ticket.plan, workspace);
    if (refused !== null || workspace === null) return refused ?? unknownWorkspace(ticket.plan);
    const prepared = await prepareOrRefuse(ticket.plan, workspace);
    if ("state" in prepared) return prepared;
    return begin(ticket, prepared, holder);
  }

  async function begin(
    ticket: Ticket,
    prepared: Prepared,
    holder: AbortSignal,
  ): Promise<RunAnswer> {
    const { plan } = ticket;
    const refused = archive.answer(ticket) ?? refuseNow(ticket, holder) ?? (await burn(ticket));
    if (refused !== null) {
      logNotices(plan, prepared.finish());
      return refused;
    }
    if (started_count++ % PRUNE_EVERY === 0) void prune();
    return holder.aborted ? giveUp(plan, prepared) : follow(plan, prepared);
  }

  function refuseNow({ plan }: Ticket, holder: AbortSignal): RunAnswer | null {
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

  async function follow(plan: Plan, prepared: Prepared): Promise<RunAnswer> {
    const { command_id } = plan;
    const printed = keepPrinted(plan, spool, (...piece) => parts.onOutput(command_id, ...piece));
    const supervised = supervise(prepared.launch, {
      processes: parts.processes,
      clock,
      async beforeGo(gate) {
        prepared.inspect(gate);
        await ledger.release(command_id, gate.init);
      },
      output: printed,
    });
    const ended = supervised.end.then((outcome) => conclude(plan, prepared, outcome));
    running.set(command_id, { plan, printed, supervised, ended });
    burning.get(command_id)?.leave();
    if (await supervised.let_go) return { state: "started" };
    return { state: "ended", end: await ended };
  }

  /** Its server went while the ticket was being burned. */
  async function giveUp(plan: Plan, prepared: Prepared): Promise<RunAnswer> {
    const outcome: Outcome = { result: "not_started", why: GONE, halt: null };
    const end = await conclude(plan, prepared, outcome);
    burning.get(plan.command_id)?.leave();
    return { state: "ended", end };
  }

  async function conclude(plan: Plan, prepared: Prepared, outcome: Outcome): Promise<CommandEnd> {
    const notices = prepared.finish();
    const end = endOf(plan, outcome, notices);
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

  function refuseWorkspace(plan: Plan, workspace: Workspace | null): RunAnswer | null {
    if (workspace === null) return unknownWorkspace(plan);
    if (workspace.person_uid_number !== plan.person_uid_number) {
      return refuse("wrong_person", `${plan.workspace_id} is another person's`);
    }
    const changed = whyChanged(workspace);
    return changed === null ? null : refuse("workspace_changed", `${changed}; register it again`);
  }

  async function prepareOrRefuse(plan: Plan, workspace: Workspace): Promise<Prepared | RunAnswer> {
    const stage = await sandbox.stage();
    if (plan.profile === "search" && stage.ripgrep_folder === null) {
      return refuse("search_unavailable", "there is no ripgrep on this host");
    }
    try {
      return await sandbox.prepare(plan, workspace);
    } catch (error) {
      return refuse("workspace_changed", (error as Error).message);
    }
  }

  function state(command_id: string): CommandState {
    const is_open = burning.has(command_id) || running.has(command_id);
    return is_open ? { state: "running" } : archive.state(command_id);
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
      await burning.get(command_id)?.over;
      running.get(command_id)?.supervised.halt({ cause: "cancelled" });
    },
    ack: archive.forgetOutput,
    output: (command_id) => running.get(command_id)?.printed.tail() ?? null,
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

function refuse(code: RefusalCode, message: string): RunAnswer {
  return { state: "refused", code, message };
}

function unknownWorkspace(plan: Plan): RunAnswer {
  return refuse("unknown_workspace", `${plan.workspace_id} is not registered with the executor`);
}

function reasons(report: Awaited<ReturnType<Sandbox["report"]>>): string {
  const failed = report.checks.filter(({ ok }) => !ok);
  return failed.map(({ name, detail, fix }) => `${name}: ${detail} (fix: ${fix})`).join("; ");
}
