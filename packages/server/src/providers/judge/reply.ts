import type { ToolSpec } from "../../kernel/model.ts";
import { trimmedStart } from "./blank.ts";
import { type Found, rulingOn, wordsIn } from "./extraction.ts";
import { type Intended, intendedBy } from "./intended.ts";
import { beginsProtocol, markersFor, withoutPlanLines } from "./markers.ts";
import type { Offer } from "./offered.ts";
import { type Frame, hasPlanKeys, isPlan, keysIn } from "./plan.ts";
import { behindPlanLines, hasPlanLines, planLineValues } from "./plan-lines.ts";
import { vocabularyOf } from "./plan-words.ts";
import { proseBeside, protocolValues } from "./protocols.ts";
import { createScanner, type Suspicion } from "./scanner.ts";
import type { ObjectSpan, Span } from "./span.ts";
import { shownTo } from "./shown.ts";
import { type Asked, promises, suspicionFor } from "./suspicion.ts";
import { type Values, valuesIn } from "./values.ts";
import { type Wanted, wantedBy } from "./wanted.ts";

const NO_TOOLS: readonly ToolSpec[] = [];

/** A reply, taken apart. */
export interface Reply {
  /** What may be shown of it: without thoughts, up to its first plan. */
  readonly text: string;
  readonly has_thoughts: boolean;
  /** Null where none is in it that is not part of an answer. */
  readonly plan: Plan | null;
}

export interface Plan {
  readonly intended: readonly Intended[];
  /** Why it does not count; null where it does. */
  readonly why_not: string | null;
}

/** Fewer words beside an object say nothing of their own. */
const FEW_WORDS = 12;
/** More of them say something, even where they promise. */
const SOME_WORDS = 40;

/** No model writes as much where it means a call; whoever reads it keeps everybody waiting. */
const LONGEST_PLAN_CHARS = 100_000;

const UNKNOWN: Intended = { kind: "unknown" };

/** `was_cut`: the model ran into its limit; what stands at such an end is not what it meant. */
export function readReply(text: string, asking: Asked & Offer, was_cut: boolean): Reply {
  const wanted = wantedBy(asking.said);
  const spans = spansOf(text, asking, wanted);
  const frame = frameOf(spans, asking, wanted);
  const is_plan = spans.map((span) => isPlanSpan(span, frame));
  const first = is_plan.indexOf(true);
  const has_thoughts = spans.some(isThought);
  const whole = { text: withoutThoughts(spans), has_thoughts, plan: null };
  if (first < 0) return whole;
  const found = foundIn(spans, first, is_plan, { asking, frame, was_cut });
  const ruling = rulingOn(found);
  if (ruling.rule === "quoted") return whole;
  const why_not = ruling.rule === "again" ? ruling.why : null;
  const plan = { intended: found.intended, why_not };
  return { text: withoutThoughts(spans.slice(0, first)), has_thoughts, plan };
}

interface Scene {
  readonly asking: Asked & Offer;
  readonly frame: Frame;
  readonly was_cut: boolean;
}

function foundIn(
  spans: readonly Span[],
  first: number,
  is_plan: readonly boolean[],
  { asking, frame, was_cut }: Scene,
): Found {
  const plans = spans.filter((_, i) => is_plan[i]);
  const others = spans.slice(first).filter((_, i) => is_plan[first + i] !== true);
  const behind = plans.map((span) => proseBehind(span, asking.tools));
  const intended = was_cut ? [UNKNOWN] : plans.flatMap((span) => meant(span, asking));
  const shown = shownTo(asking);
  return {
    before: withoutThoughts(spans.slice(0, first)),
    after: [withoutThoughts(others), ...behind].join("\n").trim(),
    is_one: plans.every(isBare) || plans.length === 1,
    is_plain: plans.some((span) => isPlanSpan(span, { ...frame, is_alone: false })),
    is_lines: plans.some(({ kind }) => kind === "plan_lines"),
    intended,
    was_shown: intended.some(shown.call) || plans.some((span) => shown.text(textOf(span))),
    wants_data: frame.wanted.data,
  };
}

const isBare = (span: Span): boolean => span.kind !== "object" || span.within === "prose";

const textOf = (span: Span): string => (span.kind === "object" ? span.body : span.text);

function proseBehind(span: Span, tools: readonly ToolSpec[]): string {
  if (span.text.length > LONGEST_PLAN_CHARS) return "";
  if (span.kind === "plan_lines") return behindPlanLines(span.text);
  const holds_more = span.kind === "protocol" || (span.kind === "object" && isBlock(span));
  return holds_more ? proseBeside(textOf(span), tools) : "";
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
export function planDetector(asked: Asked, wanted: Wanted): (span: Span) => boolean {
  const frame = { ...frameOf([], asked, wanted), is_alone: true };
  return (span) =>
    span.kind === "plan_lines" || span.kind === "thought_end" || isPlanSpan(span, frame);
}

function frameOf(spans: readonly Span[], { tools }: Asked, wanted: Wanted): Frame {
  const prose = spans.map((span) => (span.kind === "plain" ? span.text : "")).join(" ");
  const words = wordsIn(prose);
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
      return !isMarkup(span.text, frame.tools);
    case "plan_lines":
      return hasPlanLines(span.text);
    case "object":
      return isPlanObject(span, frame);
  }
}

/** A tag that has a tool's name and no end is a word in a sentence. */
function isMarkup(text: string, tools: readonly ToolSpec[]): boolean {
  const name = /^<(\w+)>/.exec(text)?.[1]?.toLowerCase();
  const is_tool = tools.some((tool) => tool.name === name);
  return is_tool && !text.toLowerCase().includes(`</${name}>`);
}

function isPlanObject(span: ObjectSpan, frame: Frame): boolean {
  if (span.within === "call_block") return true;
  if (span.is_stub) return frame.is_alone && !frame.wanted.data && span.body.length > 1;
  if (isMarkedUp(span))
    return beginsProtocol(markersFor(NO_TOOLS, { ...frame.wanted, markup: true }), bareText(span));
  const read = valuesIn(span.body);
  if (read !== null) return read.values.some((value) => isPlan(value, frame));
  return hasPlanKeys(keysIn(span.body), frame);
}

const isBlock = ({ within }: ObjectSpan): boolean => within === "block" || within === "call_block";

/** Its block holds tags. */
const isMarkedUp = (span: ObjectSpan): boolean => isBlock(span) && bareText(span).startsWith("<");

const bareText = (span: ObjectSpan): string => trimmedStart(span.body);

function meant(span: Span, offer: Offer): readonly Intended[] {
  const read = span.text.length > LONGEST_PLAN_CHARS ? null : valuesOf(span, offer.tools);
  return read?.complete === true
    ? read.values.flatMap((value) => intendedBy(value, offer))
    : [UNKNOWN];
}

function valuesOf(span: Span, tools: readonly ToolSpec[]): Values | null {
  if (span.kind === "object")
    return isMarkedUp(span) ? protocolValues(span.body, tools) : valuesIn(span.body);
  return span.kind === "plan_lines" ? planLineValues(span.text) : protocolValues(span.text, tools);
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
