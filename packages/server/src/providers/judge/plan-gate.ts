import { trimmedEnd, trimmedStart } from "./blank.ts";
import { planDetector } from "./reply.ts";
import { createScanner } from "./scanner.ts";
import type { Span } from "./span.ts";
import { type Asked, suspicionFor } from "./suspicion.ts";
import { wantedBy } from "./wanted.ts";

export interface PlanGate {
  /** Takes what a model said and returns what may be shown now. */
  push(text: string): string;
  /** What was held back; to be shown where `judge` finds the reply fit. */
  end(): string;
}

/**
 * Holds back what may be an internal plan while a reply streams.
 *
 * 1. What was shown is the beginning of the reply without its thoughts, and never a part of a plan.
 * 2. Where nothing is a thought, all that was shown and what `end` returns are the reply, unit by unit.
 * 3. White space waits for what follows it: a blank reply shows nothing.
 */
export function createPlanGate(asked: Asked): PlanGate {
  const wanted = wantedBy(asked.said);
  const scanner = createScanner(suspicionFor(asked, wanted));
  const mayBePlan = planDetector(asked, wanted);
  const held: string[] = [];
  let is_holding = false;
  let had_thought = false;
  let is_first = true;

  function shown(spans: readonly Span[]): string {
    let text = "";
    for (const span of spans) {
      if (span.kind === "thought") {
        had_thought = true;
        continue;
      }
      is_holding ||= mayBePlan(span);
      if (is_holding) held.push(span.text);
      else text += release(span.text);
    }
    return text;
  }

  /** All but the white space at its end. */
  function release(text: string): string {
    const visible = trimmedEnd(text);
    if (visible === "") return (held.push(text), "");
    const before = held.splice(0).join("");
    held.push(text.slice(visible.length));
    const is_after_thought = is_first && had_thought;
    is_first = false;
    return is_after_thought ? trimmedStart(visible) : before + visible;
  }

  return {
    push: (text) => shown(scanner.push(text)),
    end: () => shown(scanner.end()) + held.splice(0).join(""),
  };
}
