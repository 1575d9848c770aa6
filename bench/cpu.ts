import type { House } from "./house.ts";
import { cpuTime, executorOf } from "./proc.ts";

/** Processor time of a house up to now; that of its executor is 0 while there is none. */
interface CpuReading {
  readonly server_ms: number;
  readonly executor_ms: number;
  /** Of the sandboxes and the commands in them. */
  readonly commands_ms: number;
}

export function cpuNow({ home, server }: House): CpuReading {
  const executor_pid = executorOf(home);
  const executor = executor_pid === null ? null : cpuTime(executor_pid);
  return {
    server_ms: cpuTime(server.pid).own_ms,
    executor_ms: executor?.own_ms ?? 0,
    commands_ms: executor?.children_ms ?? 0,
  };
}

export function cpuSince(before: CpuReading, house: House) {
  const now = cpuNow(house);
  const spent = [
    ["server", now.server_ms - before.server_ms],
    ["executor", now.executor_ms - before.executor_ms],
    ["sandboxes and commands", now.commands_ms - before.commands_ms],
  ] as const;
  return {
    total_ms: spent.reduce((sum, [, ms]) => sum + ms, 0),
    /** Each part for one of `n` turns, in words. */
    parts: (n: number) =>
      spent
        .filter(([, ms]) => ms > 0)
        .map(([name, ms]) => `${name} ${(ms / n).toFixed(1)}`)
        .join(", "),
  };
}
