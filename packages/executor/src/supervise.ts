/**
 * One command, from the spawn of its sandbox to the death of its last process.
 *
 * 1. The plan runs only after `beforeGo` has resolved: whatever it makes durable precedes effects.
 * 2. Before the go it is stopped by closing the gate (killing bubblewrap early can leave its child
 *    waiting for ever); after it by killing the sandbox's init, because the kernel kills a pid
 *    namespace with its init, sessions and daemons included.
 * 3. `end` resolves only when that init is gone, so nothing of the command outlives its end.
 * 4. The end follows the process's exit and a grace for its pipe, never the pipe alone.
 * 5. `end` never rejects.
 */
import { readFileSync } from "node:fs";
import { setPriority } from "node:os";
import type { Clock } from "@mainstay/sdk/clock";
import type { Bound } from "./command.ts";
import type { KeptOutput, OutputSink } from "./output.ts";
import type { OutputPipe } from "./output-pipe.ts";
import { untilGone, type ProcessIdentity, type ProcessTable } from "./process-table.ts";
import { GO } from "./sandbox/gate.ts";
import {
  causeOfDeath,
  spawnSandbox,
  type Exit,
  type Launch,
  type SpawnedSandbox,
} from "./spawned-sandbox.ts";

const READY_LIMIT_MS = 15_000;
const DYING_LIMIT_MS = 10_000;
const PIPE_GRACE_MS = 100;
/** Commands that use every processor leave the server one to answer with. */
const NICENESS = 5;
/** What a command may print, kept or not: hashing it is work for the executor. */
const PRINT_LIMIT_BYTES = 4 * 2 ** 30;

/** What the gate shows before the go. */
export interface AtGate {
  init: ProcessIdentity;
  ready: string;
  /** /proc/PID/status of the sandbox's init, as the host sees it. */
  status: string;
}

export type Halt =
  | { cause: "timed_out" }
  | { cause: "cancelled" }
  | { cause: "exceeded"; bound: Bound; why: string }
  | { cause: "interrupted"; why: string };

export type Outcome =
  | { result: "not_started"; why: string; halt: Halt | null }
  | ({
      result: "ran";
      exit_code: number | null;
      halt: Halt | null;
      duration_ms: number;
      /** False when processes of it still resist the kill. */
      gone: boolean;
    } & KeptOutput);

export interface Supervised {
  /** True once it was let go, false when that can no longer happen. */
  let_go: Promise<boolean>;
  end: Promise<Outcome>;
  halt(why: Halt): void;
  /** Sets a new time limit, counted from the beginning; false where its end is decided. */
  extend(wall_ms: number): boolean;
  progress(): Progress;
}

export interface Progress {
  /** Since it was let go; 0 before. */
  elapsed_ms: number;
  wall_ms: number;
  output_bytes: number;
}

export interface SuperviseParts {
  processes: ProcessTable;
  clock: Clock;
  /** Rejects to keep the gate shut; the message becomes the reason. */
  beforeGo(gate: AtGate): Promise<void>;
  output: OutputSink;
  /** 4 GiB where none is given. */
  print_limit_bytes?: number;
}

export function supervise(launch: Launch, parts: SuperviseParts): Supervised {
  const let_go = Promise.withResolvers<boolean>();
  const command = spawnSandbox(launch);
  if ("failed" in command) {
    let_go.resolve(false);
    const outcome: Outcome = { result: "not_started", why: command.failed, halt: null };
    const progress = { elapsed_ms: 0, wall_ms: launch.wall_ms, output_bytes: 0 };
    return {
      ...{ let_go: let_go.promise, end: Promise.resolve(outcome) },
      ...{ halt: () => {}, extend: () => false, progress: () => progress },
    };
  }
  const gate_shut = Promise.withResolvers<void>();
  let halted: Halt | null = null;
  let killTree = () => gate_shut.resolve();
  let wall_ms = launch.wall_ms;
  let began_ms: number | null = null;
  let stopClock = () => {};
  let is_over = false;

  const end = (async (): Promise<Outcome> => {
    const opened = await openGate(command, gate_shut.promise, parts);
    if ("shut" in opened) {
      let_go.resolve(false);
      return { result: "not_started", why: opened.shut, halt: halted };
    }
    const { init, started_ms } = opened;
    let stopWaiting = () => {};
    const forsaken = Promise.withResolvers<Exit>();
    killTree = () => {
      parts.processes.kill(init);
      stopWaiting = parts.clock.after(DYING_LIMIT_MS, () =>
        forsaken.resolve({ code: null, signal: null }),
      );
    };
    if (halted !== null) killTree(); // it was halted while its gate was being opened
    began_ms = started_ms;
    runClock();
    const output = collect(command.output, parts, (limit_bytes) =>
      halt({ cause: "exceeded", bound: "output", why: `more than ${limit_bytes} bytes` }),
    );
    let_go.resolve(true);
    const exit = await Promise.race([command.exit, forsaken.promise]);
    is_over = true;
    stopClock();
    stopWaiting();
    killTree = () => {};
    const cause = halted;
    const duration_ms = parts.clock.monotonic() - started_ms;
    const gone = await bury(init, command, parts);
    const exit_code = cause === null && "code" in exit ? exit.code : null;
    return { result: "ran", exit_code, halt: cause, duration_ms, gone, ...output() };
  })();

  const elapsed_ms = () => (began_ms === null ? 0 : parts.clock.monotonic() - began_ms);

  function runClock(): void {
    stopClock();
    const left_ms = Math.max(0, wall_ms - elapsed_ms());
    stopClock = parts.clock.after(left_ms, () => halt({ cause: "timed_out" }));
  }

  function halt(why: Halt): void {
    if (halted !== null) return;
    halted = why;
    killTree();
  }

  return {
    let_go: let_go.promise,
    end,
    halt,
    extend(new_wall_ms) {
      if (halted !== null || is_over) return false;
      wall_ms = new_wall_ms;
      if (began_ms !== null) runClock();
      return true;
    },
    progress: () => ({ elapsed_ms: elapsed_ms(), wall_ms, output_bytes: parts.output.bytes() }),
  };
}

type Opened = { init: ProcessIdentity; started_ms: number } | { shut: string };

const STOPPED = "it was stopped before it began";

/** Waits for the stub, asks `beforeGo`, says go. On any other way the gate is closed for good. */
async function openGate(
  command: SpawnedSandbox,
  shut: Promise<void>,
  parts: SuperviseParts,
): Promise<Opened> {
  const { promise: late, cancel } = deadline(READY_LIMIT_MS, parts.clock);
  const arrived = await Promise.race([
    Promise.all([command.ready, command.info]),
    command.exit.then(() => "exit" as const),
    shut.then(() => STOPPED),
    late.then(() => `the sandbox was not ready after ${READY_LIMIT_MS} ms` as const),
  ]);
  cancel();
  const refusal =
    typeof arrived === "string"
      ? arrived
      : await letGo(command, arrived[0], arrived[1], shut, parts);
  if (typeof refusal !== "string") return refusal;
  command.gate.destroy();
  command.output.close();
  await orKill(command, parts.clock);
  return { shut: refusal === "exit" ? await causeOfDeath(command) : refusal };
}

async function letGo(
  command: SpawnedSandbox,
  ready: string,
  info: string,
  shut: Promise<void>,
  { processes, clock, beforeGo }: SuperviseParts,
): Promise<Opened | string> {
  try {
    const pid = Number(/"child-pid"\s*:\s*(\d+)/.exec(info)?.[1] ?? 0);
    const init = pid > 0 && ready.endsWith("\n") ? processes.identify(pid) : null;
    if (init === null) return "exit";
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const stopped = await Promise.race([
      beforeGo({ init, ready: ready.trimEnd(), status }),
      shut.then(() => STOPPED),
    ]);
    if (stopped !== undefined) return stopped;
    setPriority(pid, NICENESS);
    command.gate.write(GO);
    return { init, started_ms: clock.monotonic() };
  } catch (error) {
    return (error as Error).message;
  }
}

/** A closed gate ends a sandbox by itself; one that is stuck is killed. */
async function orKill({ child, exit }: SpawnedSandbox, clock: Clock): Promise<void> {
  const stuck = deadline(DYING_LIMIT_MS, clock);
  void stuck.promise.then(() => child.kill("SIGKILL"));
  await exit;
  stuck.cancel();
}

function collect(
  pipe: OutputPipe,
  { output, print_limit_bytes = PRINT_LIMIT_BYTES }: SuperviseParts,
  onOverflow: (limit_bytes: number) => void,
): () => KeptOutput {
  pipe.onPiece((piece) => {
    output.push(piece);
    if (output.bytes() > print_limit_bytes) onOverflow(print_limit_bytes);
  });
  return () => {
    pipe.close();
    return output.finish();
  };
}

/** Sees the last process off and gives the pipe its grace; false if something resists. */
async function bury(
  init: ProcessIdentity,
  { output }: SpawnedSandbox,
  { processes, clock }: SuperviseParts,
): Promise<boolean> {
  const resists = () => {
    processes.kill(init); // again: where nothing holds it, what was killed may have begun more
    return processes.isAlive(init);
  };
  const gone = await untilGone(resists, clock, DYING_LIMIT_MS, processes.look_ms);
  const grace = deadline(PIPE_GRACE_MS, clock);
  await Promise.race([output.closed, grace.promise]);
  grace.cancel();
  return gone;
}

function deadline(delay_ms: number, clock: Clock) {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, cancel: clock.after(delay_ms, resolve) };
}
