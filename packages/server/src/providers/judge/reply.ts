import type { ToolSpec } from "../../kernel/model.ts";
import { trimmedStart } from "./blank.ts";
import { type Intended, intendedBy } from "./intended.ts";
import type { Offer } from "./offered.ts";
import { withoutPlanLines } from "./markers.ts";
import { type Frame, hasPlanKeys, isPlan, keysIn } from "./plan.ts";
import { hasPlanLines, planLineValues } from "./plan-lines.ts";
import { vocabularyOf } from "./plan-words.ts";
import { protocolValues } from "./protocols.ts";
import { createScanner, type Suspicion } from "./scanner.ts";
import type { ObjectSpan, Span } from "./span.ts";
import { type Asked, promises, suspicionFor } from "./suspicion.ts";
import { type Values, valuesIn } from "./values.ts";
import { type Wanted, wantedBy } from "./wanted.ts";

/** A reply, taken apart. */
export interface Reply {
  /** What may be shown of it: without thoughts, up to its first plan. */
  readonly text: string;
  readonly has_thoughts: boolean;
  /** Null where no plan is in it. */
  readonly intended: readonly Intended[] | null;
}

/** Fewer words beside an object say nothing of their own. */
const FEW_WORDS = 12;
/** More of them say something, even where they promise. */
const SOME_WORDS = 40;

const UNKNOWN: Intended = { kind: "unknown" };

/** `was_cut`: the model ran into its limit; what stands at such an end is not what it meant. */
export function readReply(text: string, asked: Asked, offer: Offer, was_cut: boolean): Reply {
  const wanted = wantedBy(asked.said);
  const spans = spansOf(text, asked, wanted);
  const frame = frameOf(spans, asked.tools, wanted);
  const is_plan = spans.map((span) => isPlanSpan(span, frame));
  const first = is_plan.indexOf(true);
  const plans = spans.filter((_, i) => is_plan[i]);
  return {
    text: withoutThoughts(first < 0 ? spans : spans.slice(0, first)),
    has_thoughts: spans.some(isThought),
    intended: first < 0 ? null : was_cut ? [UNKNOWN] : plans.flatMap((span) => meant(span, offer)),
  };
}

function spansOf(text: string, asked: Asked, wanted: Wanted): Span[] {
  const suspicion = suspicionFor(asked, wanted);
  const spans = scanned(text, suspicion);
  const last = spans.at(-1);
  if (last?.kind !== "plan_lines" || hasPlanLines(last.text)) return spans;
  // A line "Thought:" with no action behind it is as prose is: what follows it was not looked at yet.
  const markers = withoutPlanLines(suspicion.markers);
  return [...spans.slice(0, -1), ...scanned(last.text, { ...suspicion, markers })];
}

function scanned(text: string, suspicion: Suspicion): Span[] {
  const scanner = createScanner(suspicion);
  return [...scanner.push(text), ...scanner.end()];
}

/** Tells of a span whether a judge may find a plan in it, whatever else the reply holds. */
export function planDetector({ tools }: Asked, wanted: Wanted): (span: Span) => boolean {
  const frame = { ...frameOf([], tools, wanted), is_alone: true };
  return (span) =>
    span.kind === "plan_lines" || span.kind === "thought_end" || isPlanSpan(span, frame);
}

function frameOf(spans: readonly Span[], tools: readonly ToolSpec[], wanted: Wanted): Frame {
  const prose = spans.map((span) => (span.kind === "plain" ? span.text : "")).join(" ");
  const words = prose.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
  return {
    is_alone: words <= FEW_WORDS || (words <= SOME_WORDS && promises(prose)),
    wanted,
    tools,
    isKnown: vocabularyOf(tools),
  };
}

function isPlanSpan(span: Span, frame: Frame): boolean {
  switch (span.kind) {
    case "plain":
    case "thought":
    case "thought_end":
      return false;
    case "protocol":
      return true;
    case "plan_lines":
      return hasPlanLines(span.text);
    case "object":
      return isPlanObject(span, frame);
  }
}

function isPlanObject(span: ObjectSpan, frame: Frame): boolean {
  if (span.is_stub) return frame.is_alone && !frame.wanted.data && span.body.length > 1;
  const read = valuesIn(span.body);
  if (read !== null) return read.values.some((value) => isPlan(value, frame));
  if (hasPlanKeys(keysIn(span.body), frame)) return true;
  return span.is_in_block && protocolValues(span.body, frame.tools) !== null;
}

function meant(span: Span, offer: Offer): readonly Intended[] {
  const read = valuesOf(span, offer.tools);
  return read?.complete === true
    ? read.values.flatMap((value) => intendedBy(value, offer))
    : [UNKNOWN];
}

function valuesOf(span: Span, tools: readonly ToolSpec[]): Values | null {
  if (span.kind === "object") return valuesIn(span.body) ?? protocolValues(span.body, tools);
  const read = span.kind === "plan_lines" ? planLineValues : protocolValues;
  return read(span.text, tools);
}

const isThought = (span: Span): boolean => span.kind === "thought" || span.kind === "thought_end";

/** Blank lines between a thought and the answer are the thought's. */
function withoutThoughts(spans: readonly Span[]): string {
  let text = "";
  let had_thought = false;
  for (const span of spans) {
    if (span.kind === "thought_end") text = "";
    if (isThought(span)) had_thought = true;
    else text += had_thought && trimmedStart(text) === "" ? trimmedStart(span.text) : span.text;
  }
  return text;
}
