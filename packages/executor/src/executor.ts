/**
 * The executor's core: tickets in, ends out.
 *
 * 1. From the check for a burned nonce to the durable `started` nothing is awaited, so that of two
 *    equal tickets one at most gets through.
 * 2. A command lives in `running` from its `started` to its durable end, and is told to nobody as
 *    ended before.
 * 3. A refusal burned nothing.
 */
import type { Clock } from "@mainstay/sdk/clock";
import type { CommandEnd, CommandState, RefusalCode, RunAnswer } from "./command.ts";
import type { Ledger } from "./ledger.ts";
import { keepPrinted, type Printed } from "./printed.ts";
import type { ProcessTable } from "./process-table.ts";
import type { OutputPiece, Usage } from "./protocol.ts";
import type { Prepared, Sandbox } from "./sandbox/sandbox.ts";
import { supervise, type Outcome, type Supervised } from "./supervise.ts";
import { planDigest, verifyTicket, type Plan, type Ticket } from "./ticket.ts";
import { whyChanged, type Workspace, type Workspaces } from "./workspaces.ts";

const RUNNING_LIMIT = 256;
const UNWRITTEN_END = "its end could not be written";
const PRUNE_EVERY = 1_000;

export interface Executor {
  /** `holder` is the link that asks: once it is aborted nothing more begins in its name. */
  run(ticket: unknown, holder: AbortSignal): Promise<RunAnswer>;
  state(command_id: string): CommandState;
  /** The end of a command that runs or has run; null for one that never did. */
  wait(command_id: string): Promise<CommandEnd | null>;
  cancel(command_id: string): void;
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

interface Running {
  printed: Printed;
  supervised: Supervised;
  ended: Promise<CommandEnd>;
}

export function createExecutor(parts: ExecutorParts): Executor {
  const { ledger, workspaces, sandbox, clock, log } = parts;
  const running = new Map<string, Running>();
  let started_count = 0;

  async function run(claimed: unknown, holder: AbortSignal): Promise<RunAnswer> {
    const verified = verifyTicket(parts.ticket_key, claimed, clock.now());
    if (!verified.ok) return refuse(verified.code, verified.message);
    const { ticket } = verified;
    if (ticket.consent.verdict === "blocked") {
      return refuse("blocked", "no policy allows a command that was classified as blocked");
    }
    const known = answerKnown(ticket);
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

  /** Invariant 1 holds because this function is not asynchronous. */
  function begin(
    ticket: Ticket,
    prepared: Prepared,
    holder: AbortSignal,
  ): RunAnswer | Promise<RunAnswer> {
    const refused = answerKnown(ticket) ?? refuseNow(holder) ?? burn(ticket);
    if (refused !== null) {
      logNotices(ticket.plan, prepared.finish());
      return refused;
    }
    if (started_count++ % PRUNE_EVERY === 0) prune();
    return follow(ticket.plan, prepared);
  }

  function refuseNow(holder: AbortSignal): RunAnswer | null {
    if (holder.aborted) return refuse("stopping", "this executor is going, or its server has gone");
    if (running.size < RUNNING_LIMIT) return null;
    return refuse("too_many", `${RUNNING_LIMIT} commands run already; try again later`);
  }

  function burn(ticket: Ticket): RunAnswer | null {
    try {
      ledger.start(ticket, clock.now());
      return null;
    } catch (error) {
      return refuse("ledger_unwritable", (error as Error).message);
    }
  }

  /** Housekeeping must not refuse a command whose ticket is burned by now. */
  function prune(): void {
    try {
      ledger.prune(clock.now());
    } catch (error) {
      log(`old rows of the ledger could not be deleted: ${(error as Error).message}`);
    }
  }

  async function follow(plan: Plan, prepared: Prepared): Promise<RunAnswer> {
    const { command_id } = plan;
    const printed = keepPrinted(plan.limits.output_bytes, (...piece) =>
      parts.onOutput(command_id, ...piece),
    );
    const supervised = supervise(prepared.launch, {
      processes: parts.processes,
      clock,
      beforeGo(gate) {
        prepared.inspect(gate);
        ledger.release(command_id, gate.init);
      },
      output: printed,
    });
    const ended = supervised.end.then((outcome) => conclude(plan, prepared, outcome));
    running.set(command_id, { printed, supervised, ended });
    if (await supervised.let_go) return { state: "started" };
    return { state: "ended", end: await ended };
  }

  function conclude(plan: Plan, prepared: Prepared, outcome: Outcome): CommandEnd {
    const notices = prepared.finish();
    const end = endOf(plan, outcome, notices);
    if (end.outcome !== "exited") logNotices(plan, notices);
    try {
      ledger.end(plan.command_id, end);
    } catch (error) {
      // The caller still hears the truth; after a restart recovery says "maybe".
      log(`the end of ${plan.command_id} could not be written: ${(error as Error).message}`);
    }
    running.delete(plan.command_id);
    parts.onEnded();
    return end;
  }

  /** Of a command whose end has no place for them. */
  function logNotices({ command_id }: Plan, notices: string[]): void {
    for (const notice of notices) log(`${command_id}: ${notice}`);
  }

  function answerKnown({ plan, nonce, mac }: Ticket): RunAnswer | null {
    const row = ledger.find(plan.command_id);
    if (row?.mac === mac && row.markers.state === "ended") {
      return { state: "ended", end: row.markers.end };
    }
    if (row === null && !ledger.isBurned(nonce)) return null;
    return refuse("replayed", `${plan.command_id} or its ticket was used before`);
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
    if (running.has(command_id)) return { state: "running" };
    const markers = ledger.find(command_id)?.markers;
    if (markers === undefined) return { state: "never" };
    if (markers.state === "ended") return markers;
    // It is over, but the disk did not take its end: "never" would have it run a second time.
    const ran = markers.state === "started" ? "no" : "maybe";
    return { state: "ended", end: { outcome: "interrupted", ran, why: UNWRITTEN_END } };
  }

  return {
    run,
    state,
    async wait(command_id) {
      const live = running.get(command_id);
      if (live !== undefined) return live.ended;
      const known = state(command_id);
      return known.state === "ended" ? known.end : null;
    },
    cancel: (command_id) => running.get(command_id)?.supervised.halt({ cause: "cancelled" }),
    ack: (command_id) => ledger.forgetOutput(command_id),
    output: (command_id) => running.get(command_id)?.printed.tail() ?? null,
    usage: () => ({
      running: running.size,
      spool_bytes: 0,
      spool_limit_bytes: parts.spool_limit_bytes,
    }),
    running: () => running.size,
    async interruptAll(why) {
      const live = [...running.values()];
      for (const { supervised } of live) supervised.halt({ cause: "interrupted", why });
      await Promise.all(live.map(({ ended }) => ended));
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

function endOf(plan: Plan, outcome: Outcome, notices: string[]): CommandEnd {
  const { halt } = outcome;
  if (outcome.result === "not_started") {
    if (halt?.cause === "interrupted") {
      return { outcome: "interrupted", ran: "no", why: halt.why };
    }
    const why = halt === null ? outcome.why : `${halt.cause} before it began`;
    return { outcome: "not_started", why };
  }
  if (halt?.cause === "interrupted") return { outcome: "interrupted", ran: "maybe", why: halt.why };
  if (!outcome.gone) {
    const why = "its processes were killed but do not die (waiting for a device or file system?)";
    return { outcome: "interrupted", ran: "maybe", why };
  }
  return {
    outcome: "exited",
    exit_code: outcome.exit_code,
    signal: halt === null ? null : "SIGKILL",
    timed_out: halt?.cause === "timed_out",
    cancelled: halt?.cause === "cancelled",
    output_overflow: halt?.cause === "output_overflow",
    duration_ms: outcome.duration_ms,
    output: outcome.output,
    output_bytes: outcome.output_bytes,
    output_sha256: outcome.output_sha256,
    output_truncated: outcome.output_truncated,
    notices,
    plan_digest: planDigest(plan),
    sandbox: "bubblewrap",
  };
}
