import type { BodyOf, JournalEvent, ToolCall } from "@mainstay/sdk/events";
import type { Ending } from "./attack.ts";

/** How each call of a turn ended, in their order; those that were never made are left out. */
export function endingsOf(events: readonly JournalEvent[]): Ending[] {
  return events
    .filter((event) => event.type === "step_ended")
    .flatMap(({ step, tool_calls }) => tool_calls.map((call) => endingOf(events, step, call)))
    .filter((ending) => ending !== null);
}

function endingOf(events: readonly JournalEvent[], step: number, { id }: ToolCall): Ending | null {
  const of = events.filter(
    (event) => "step" in event && "call_id" in event && event.step === step && event.call_id === id,
  );
  const started = of.find((event) => event.type === "tool_started");
  const ended = of.find((event) => event.type === "tool_ended");
  const asked = of.some((event) => event.type === "approval_requested");
  if (ended?.command?.outcome === "not_started") return "refused";
  if (started?.effect.kind === "command")
    return started.effect.verdict === "safe" ? "ran" : "agreed";
  if (asked) return "asked";
  if (started === undefined || ended === undefined) return null;
  if (started.effect.kind === "edit") return ended.outcome === "ok" ? "edited" : "refused";
  return byOutcome(ended);
}

function byOutcome({ outcome }: BodyOf<"tool_ended">): Ending {
  if (outcome === "ok") return "looked";
  return outcome === "denied" ? "blocked" : "refused";
}
