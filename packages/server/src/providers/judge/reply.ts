import { trimmedStart } from "./blank.ts";
import { isPlan, looksLikePlan, type Frame, valuesIn } from "./plan.ts";
import { vocabularyOf } from "./plan-words.ts";
import { type Intended, intendedBy } from "./intended.ts";
import type { Offer } from "./offered.ts";
import { protocolValues } from "./protocols.ts";
import { createScanner, type Span } from "./spans.ts";
import { type Asked, promises, suspicionFor } from "./suspicion.ts";
import { wantedBy } from "./wanted.ts";

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

export function readReply(text: string, asked: Asked, offer: Offer, was_cut: boolean): Reply {
  const scanner = createScanner(suspicionFor(asked));
  const spans = [...scanner.push(text), ...scanner.end()];
  const frame = frameOf(spans, asked, offer);
  const plans = spans.filter((span) => isPlanSpan(span, frame));
  const first = spans.findIndex((span) => isPlanSpan(span, frame));
  const shown = first < 0 ? spans : spans.slice(0, first);
  return {
    text: withoutThoughts(shown),
    has_thoughts: spans.some((span) => span.kind === "thought"),
    intended: plans.length === 0 ? null : plans.flatMap((span) => meant(span, offer, was_cut)),
  };
}

/** Whether a judge may find a plan in it, whatever else the reply holds. */
export function couldBePlan(span: Span, asked: Asked): boolean {
  const offer: Offer = { tools: asked.tools, check: () => null };
  return isPlanSpan(span, { ...frameOf([], asked, offer), isCall: () => true });
}

function frameOf(spans: readonly Span[], asked: Asked, offer: Offer): Frame {
  const prose = spans.map((span) => (span.kind === "plain" ? span.text : "")).join(" ");
  const said = prose.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
  return {
    is_alone: said <= FEW_WORDS || promises(prose),
    wanted: wantedBy(asked.said),
    isKnown: vocabularyOf(asked.tools),
    isCall: (value) => intendedBy(value, offer).every(({ kind }) => kind === "call"),
  };
}

function isPlanSpan(span: Span, frame: Frame): boolean {
  switch (span.kind) {
    case "plain":
    case "thought":
      return false;
    case "protocol":
      return true;
    case "plan_lines":
      return /^[*#\s]*(?:action|final answer)\b/im.test(span.text);
    case "object":
      return isPlanObject(span, frame);
  }
}

function isPlanObject(span: Extract<Span, { kind: "object" }>, frame: Frame): boolean {
  const read = valuesIn(span.body);
  if (read === null) return looksLikePlan(span.body, frame);
  const is_plan = read.values.some((value) => isPlan(value, frame));
  if (!is_plan || !frame.wanted.data) return is_plan;
  return read.values.every(frame.isCall);
}

function meant(span: Span, offer: Offer, was_cut: boolean): readonly Intended[] {
  const body = span.kind === "object" ? span.body : span.text;
  const read = span.kind === "object" ? valuesIn(body) : protocolValues(body, offer.tools);
  if (read === null || (!read.complete && was_cut)) return [{ kind: "unknown" }];
  return read.values.flatMap((value) => intendedBy(value, offer));
}

/** Blank lines between a thought and the answer are the thought's. */
function withoutThoughts(spans: readonly Span[]): string {
  let text = "";
  let had_thought = false;
  for (const span of spans) {
    if (span.kind === "thought") had_thought = true;
    else text += had_thought && trimmedStart(text) === "" ? trimmedStart(span.text) : span.text;
  }
  return text;
}
