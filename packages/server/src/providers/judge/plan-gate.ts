import { trimmedEnd, trimmedStart } from "./blank.ts";
import { couldBePlan } from "./reply.ts";
import { createScanner, type Span } from "./spans.ts";
import { type Asked, suspicionFor } from "./suspicion.ts";

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
  const scanner = createScanner(suspicionFor(asked));
  let held = "";
  let is_holding = false;
  let is_first = true;
  let had_thought = false;

  function shown(spans: readonly Span[]): string {
    let text = "";
    for (const span of spans) {
      if (span.kind === "thought") {
        had_thought = true;
        continue;
      }
      is_holding ||= couldBePlan(span, asked);
      held += span.text;
      if (is_holding) continue;
      text += release();
    }
    return text;
  }

  function release(): string {
    if (is_first && had_thought) held = trimmedStart(held);
    const visible = trimmedEnd(held);
    held = held.slice(visible.length);
    is_first &&= visible === "";
    return visible;
  }

  return {
    push: (text) => shown(scanner.push(text)),
    end() {
      const rest = shown(scanner.end()) + held;
      held = "";
      return rest;
    },
  };
}
