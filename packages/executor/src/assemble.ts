/** Builds one executor from its settings, and ends it in one way whatever the reason. */
import type { Clock } from "@mainstay/sdk/clock";
import { createBounds, type HostMemory } from "./bounds/bounds.ts";
import { sourceDigest } from "./build.ts";
import { ExecutorRefused } from "./errors.ts";
import { createExecutor } from "./executor.ts";
import { openKeys } from "./keys.ts";
import { openLedger } from "./ledger/ledger.ts";
import { createLife } from "./life.ts";
import { listen } from "./listener.ts";
import type { ProcessTable } from "./process-table.ts";
import { PROTOCOL, type Request, UNSANDBOXED_PROTOCOL } from "./protocol.ts";
import { openOutputLogs } from "./output-log.ts";
import { recover } from "./recovery.ts";
import { openRunFolder } from "./run-folder.ts";
import { openCgroups } from "./sandbox/cgroup.ts";
import { gateNames } from "./sandbox/gate.ts";
import { createSandbox, type SandboxSettings } from "./sandbox/sandbox.ts";
import { openSpool } from "./spool/spool.ts";
import { createUnsandboxed } from "./unsandboxed.ts";
import { openWorkspaces } from "./workspaces.ts";

const WATCH_MS = 1_000;

export interface ExecutorSettings extends SandboxSettings {
  pid: number;
  idle_ms: number;
  spool_limit_bytes: number;
  /** Commands run as our own user, kept by nothing. */
  unsandboxed: boolean;
}

export interface Assembled {
  /** Ends all commands, then the executor. Idempotent. */
  stop(why: string): Promise<void>;
  /** Resolves when it has stopped, for whatever reason. */
  stopped: Promise<void>;
}

export async function assemble(
  settings: ExecutorSettings,
  parts: { processes: ProcessTable; memory: HostMemory; clock: Clock; log(text: string): void },
): Promise<Assembled> {
  const { home } = settings;
  const { clock, log } = parts;
  const build = sourceDigest();
  const folder = openRunFolder(home);
  const { link_key, ticket_key } = openKeys(home);
  const ledger = openLedger(home, clock.now());
  if (ledger.doubt !== null) log(ledger.doubt.why);
  const spool = openSpool(home, log);
  const recovered = await recover({ ...parts, ledger, spool, gateName: gateNames(home) });
  if (recovered > 0) log(`ended ${recovered} commands that a dead executor left behind`);
  const sandbox = (settings.unsandboxed ? createUnsandboxed : createSandbox)(settings, parts);
  const workspaces = openWorkspaces(home, sandbox.stage);
  const executor = createExecutor({
    ...parts,
    ledger,
    spool,
    logs: openOutputLogs(home, parts),
    workspaces,
    sandbox,
    bounds: createBounds({ ...parts, cgroups: openCgroups(log) }),
    ticket_key,
    spool_limit_bytes: settings.spool_limit_bytes,
    onOutput: (...piece) => listener.sendOutput(...piece),
    onEnded: () => life.reconsider(),
  });
  let ever_held = false;
  let retiring = false;
  const life = createLife({
    clock,
    idle_ms: settings.idle_ms,
    standing: () => ({ held: listener.isHeld(), ever_held, running: executor.running(), retiring }),
    end: (why) => void stop(why),
  });
  const listener = await listen({
    folder,
    link_key,
    pid: settings.pid,
    protocol: settings.unsandboxed ? UNSANDBOXED_PROTOCOL : PROTOCOL,
    build,
    clock,
    running: executor.running,
    answer,
    onHeldChanged() {
      ever_held = true;
      life.reconsider();
    },
    onOrder(order) {
      if (order === "end") return void stop("a server ended the executor");
      listener.stopBeginning();
      retire();
    },
  });
  const stopped = Promise.withResolvers<void>();
  let stopping: Promise<void> | null = null;
  const stopWatching = watch();
  life.reconsider();

  function retire(): void {
    retiring = true;
    life.reconsider();
  }

  async function answer(request: Request, holder: AbortSignal): Promise<unknown> {
    switch (request.op) {
      case "register_workspace":
        return workspaces.register(request.workspace);
      case "register_opening":
        return workspaces.registerOpening(request.folder);
      case "run":
        return executor.run(request.ticket, holder);
      case "state":
        return executor.state(request.command_id);
      case "wait": {
        const end = await executor.wait(request.command_id);
        if (end === null) throw new ExecutorRefused("unknown_command", request.command_id);
        return end;
      }
      case "cancel":
        return executor.cancel(request.command_id);
      case "extend":
        return executor.extend(request.command_id, request.wall_ms);
      case "ack":
        return executor.ack(request.command_id);
      case "output":
        return executor.output(request.command_id);
      case "read_log": {
        const { command_id, from, limit_bytes } = request;
        const piece = await executor.readLog(command_id, from, limit_bytes);
        return piece === null ? null : { ...piece, bytes: piece.bytes.toString("base64") };
      }
      case "usage":
        return executor.usage();
      case "chain":
        return ledger.chain(request.after, request.limit);
      case "self_test":
        return request.deep ? sandbox.probe() : sandbox.report();
      case "retire_when_idle": {
        const running = executor.running();
        retire();
        return running;
      }
      case "close":
        void stop("the server was stopped");
        return;
    }
  }

  /** The lock on the ledger is dropped last, so that a successor finds all ends written. */
  function stop(why: string): Promise<void> {
    stopping ??= (async () => {
      log(`stopping: ${why}`);
      stopWatching();
      life.stop();
      listener.stopBeginning();
      await executor.interruptAll(why);
      await sandbox.settled();
      await listener.close();
      workspaces.close();
      ledger.close();
      folder.close();
      stopped.resolve();
    })();
    return stopping;
  }

  function watch(): () => void {
    let cancel = clock.after(WATCH_MS, look);
    function look(): void {
      if (!folder.isInPlace()) return void stop("the executor's folder vanished");
      cancel = clock.after(WATCH_MS, look);
    }
    return () => cancel();
  }

  void sandbox.report().then((report) => {
    if (!report.available) log(`no sandbox: ${JSON.stringify(report.checks)}`);
  });
  return { stop, stopped: stopped.promise };
}
