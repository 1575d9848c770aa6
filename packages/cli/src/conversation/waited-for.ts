/**
 * Whom a running turn waits for, and since when, so that a slow command is never taken for a slow
 * model. A pure fold over what the turn's stream tells.
 */
import type { CommandProgress } from "@mainstay/sdk/commands";
import type { BodyOf, ClientEvent } from "@mainstay/sdk/events";
import { oneLine } from "../terminal/escape.ts";
import { progressText, span } from "./progress-text.ts";

/** Times are of one monotonic clock, milliseconds. */
export type WaitedFor =
  /** It ended, stands in a line that is told elsewhere, or the agent itself is at work. */
  | { kind: "nobody" }
  /** The question is on the screen. */
  | { kind: "person" }
  /**
   * Since it was asked, or since its last word; the name is null where the journal has none yet.
   * `told` is the server's own word on what it tries, which knows more; null where there is none.
   */
  | {
      kind: "model";
      name: string | null;
      has_spoken: boolean;
      since_ms: number;
      told: string | null;
    }
  /** `progress` is as of `heard_ms`; null while there was none. */
  | { kind: "command"; since_ms: number; progress: CommandProgress | null; heard_ms: number };

export interface TurnWait {
  waited: WaitedFor;
  /** Of the step's calls, those that have not ended: the model waits for them, not they for it. */
  calls_left: number;
}

const nobody: WaitedFor = { kind: "nobody" };
export const no_wait: TurnWait = { waited: nobody, calls_left: 0 };

/** A model's silence is told in the line of what is waited for, a command's where it happens. */
export const isOnModel = ({ waited }: TurnWait): boolean => waited.kind === "model";

/** What is waited for once this was heard. */
export function heard(now: TurnWait, event: ClientEvent, at_ms: number): TurnWait {
  const model = (name: string | null): WaitedFor => ({
    ...{ kind: "model", name, has_spoken: false, since_ms: at_ms, told: null },
  });
  const to = (waited: WaitedFor, calls_left = now.calls_left) => ({ waited, calls_left });
  switch (event.type) {
    case "started":
    case "resumed":
      return now.calls_left === 0 ? to(model(null)) : to(nobody);
    case "nudged":
    case "step_restarted":
      return to(model(null), 0);
    case "attempt_started":
      return to(model(`${event.provider}/${event.model}`), 0);
    case "attempt_failed":
      return to(model(null), 0);
    case "status":
      return now.waited.kind === "model" ? to({ ...now.waited, told: event.text }) : now;
    case "delta":
    case "snapshot":
      return event.text === "" ? now : to(spoken(now.waited, at_ms));
    case "step_ended":
      return to(nobody, event.tool_calls.length);
    case "approval_requested":
      return to({ kind: "person" });
    case "approval_decided":
      return to(nobody);
    case "tool_started":
      return to(started(event, at_ms));
    // Only commands outlive the server.
    case "tool_adopted":
      return to(command(at_ms));
    case "progress":
      return now.waited.kind === "command"
        ? to({ ...now.waited, progress: event, heard_ms: at_ms })
        : now;
    case "tool_ended": {
      const calls_left = Math.max(0, now.calls_left - 1);
      return to(calls_left === 0 ? model(null) : nobody, calls_left);
    }
    case "parked":
    case "settled":
    case "queue":
      return to(nobody);
    default:
      return now;
  }
}

function spoken(waited: WaitedFor, at_ms: number): WaitedFor {
  return waited.kind === "model"
    ? { ...waited, has_spoken: true, since_ms: at_ms, told: null }
    : waited;
}

const started = ({ effect }: BodyOf<"tool_started">, at_ms: number): WaitedFor =>
  effect.kind === "command" ? command(at_ms) : nobody;

const command = (at_ms: number): WaitedFor => ({
  ...{ kind: "command", since_ms: at_ms, progress: null, heard_ms: at_ms },
});

/** How long it has been waited for, milliseconds; null where nobody is waited for but the reader. */
export function waitedMs(waited: WaitedFor, now_ms: number): number | null {
  switch (waited.kind) {
    case "nobody":
    case "person":
      return null;
    case "model":
      return now_ms - waited.since_ms;
    case "command": {
      const { progress, since_ms, heard_ms } = waited;
      return progress ? progress.elapsed_ms + now_ms - heard_ms : now_ms - since_ms;
    }
  }
}

/** `waiting for the command: 1 min 12 s · 3.4 MB · 45 %`, `waiting for the model groq/llama: no answer for 12 s` */
export function waitingText(waited: WaitedFor, now_ms: number): string | null {
  const waited_ms = waitedMs(waited, now_ms);
  if (waited_ms === null) return null;
  switch (waited.kind) {
    case "nobody":
    case "person":
      return null;
    case "model": {
      if (waited.told !== null) return oneLine(waited.told);
      const name = waited.name === null ? "" : ` ${oneLine(waited.name)}`;
      const stall = waited.has_spoken ? "no word" : "no answer";
      return `waiting for the model${name}: ${stall} for ${span(waited_ms)}`;
    }
    case "command": {
      const { progress } = waited;
      const known = progress
        ? progressText({ ...progress, elapsed_ms: waited_ms })
        : span(waited_ms);
      return `waiting for the command: ${known}`;
    }
  }
}
