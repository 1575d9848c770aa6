import type { BodyOf } from "@mainstay/sdk/events";
import type { ScriptedCall } from "./foreign.ts";
import type { ReplayedTurn } from "./replay.ts";

type Kept<T extends "tool_started" | "tool_ended"> = BodyOf<T> & { seq: number; at: number };

/** A scripted call and all that the journal says of it. */
export interface MadeCall extends ScriptedCall {
  readonly started: readonly Kept<"tool_started">[];
  readonly ended: readonly Kept<"tool_ended">[];
}

export function madeCalls(turns: readonly ReplayedTurn[]): MadeCall[] {
  return turns.flatMap(({ script, events }) => {
    const started = events.filter((event) => event.type === "tool_started");
    const ended = events.filter((event) => event.type === "tool_ended");
    return script.steps
      .flatMap(({ calls }) => calls)
      .map((call) => ({
        ...call,
        started: started.filter(({ call_id }) => call_id === call.id),
        ended: ended.filter(({ call_id }) => call_id === call.id),
      }));
  });
}

/** How many of all succeeded, 0 to 1. */
export const share = (calls: readonly MadeCall[]): number =>
  calls.filter(succeeded).length / calls.length;

const succeeded = ({ ended }: MadeCall): boolean => ended[0]?.outcome === "ok";

/** Whether an error is of use: it says how a command ended, or what was wrong with which path. */
export function isPrecise({ name, arguments: input }: ScriptedCall, result: string): boolean {
  if (name === "shell") return /\[(exit \d+|killed: \w+)/.test(result);
  const about = JSON.stringify(input["path"]);
  return result.includes(about) || result.startsWith(`The arguments of ${name} are wrong: `);
}

/** One line a tool: calls, how many succeeded, and how long they took. */
export function table(calls: readonly MadeCall[], wall_ms: number): string {
  const lines = Object.entries(Object.groupBy(calls, ({ name }) => name)).map(([name, of = []]) => {
    const times_ms = of.map(durationOf).sort((a, b) => a - b);
    const at = (part: number) => times_ms[Math.floor(part * (times_ms.length - 1))];
    return `${lineOf(name, of)}, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`;
  });
  const pace = ((calls.length * 1_000) / wall_ms).toFixed(1);
  return [...lines, `${lineOf("all", calls)}, ${pace} calls/s`].join("\n");
}

function lineOf(name: string, calls: readonly MadeCall[]): string {
  const ok = calls.filter(succeeded).length;
  return `${name}: ${ok} of ${calls.length} ok (${Math.round(share(calls) * 100)} %)`;
}

const durationOf = ({ started, ended }: MadeCall): number =>
  (ended[0]?.at ?? 0) - (started[0]?.at ?? 0);
