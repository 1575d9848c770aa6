import type { ToolCall } from "@mainstay/sdk/events";
import type { FinishReason } from "../../kernel/model.ts";
import { isAllBlank, trimmedEnd } from "./blank.ts";
import { type Offer, type OfferedCall, offeredCall } from "./offered.ts";
import { readLenient } from "./lenient-json.ts";
import { type Plan, type Reply, readReply } from "./reply.ts";
import type { Asked } from "./suspicion.ts";

/** All that one attempt said. */
export interface Said {
  readonly text: string;
  readonly tool_calls: readonly ToolCall[];
  readonly finish: FinishReason;
}

export interface Asking extends Offer, Asked {}

/**
 * What is to become of a reply. `text` never holds a plan or thoughts; it begins with what a gate showed,
 * but where the model closed a thought that it had not opened. `detail` is for the journal, `tell` for the model.
 */
export type Judgement =
  | { readonly kind: "fit" }
  | {
      readonly kind: "call";
      /** `plan_dropped`: the calls are the model's own. */
      readonly how: "call_extracted" | "plan_dropped";
      readonly problem: "planning" | "invalid_call";
      readonly text: string;
      readonly calls: readonly OfferedCall[];
      readonly detail: string;
    }
  | {
      readonly kind: "answer";
      readonly how: "answer_extracted" | "plan_dropped";
      readonly text: string;
      readonly detail: string;
    }
  | {
      readonly kind: "again";
      readonly problem: "planning" | "empty" | "invalid_call";
      readonly detail: string;
      readonly tell: string;
    };

/** Judges a whole reply. Pure, never throws; linear in its length. */
export function judge(said: Said, asking: Asking): Judgement {
  const was_cut = said.finish === "length";
  const reply = readReply(said.text, asking, was_cut);
  if (said.tool_calls.length > 0) return judgeCalls(said.tool_calls, reply, asking, was_cut);
  if (reply.plan !== null) return judgePlan(reply, reply.plan);
  if (said.finish === "tool_calls")
    return again("invalid_call", "it ended for a call of a tool and made none");
  if (isAllBlank(reply.text))
    return again("empty", reply.has_thoughts ? "only thoughts, no answer" : "an empty answer");
  if (!reply.has_thoughts) return { kind: "fit" };
  const text = trimmedEnd(reply.text);
  return { kind: "answer", how: "plan_dropped", text, detail: "thoughts were left out" };
}

function judgeCalls(
  calls: readonly ToolCall[],
  reply: Reply,
  asking: Asking,
  was_cut: boolean,
): Judgement {
  const mended = calls.map((call) => mend(call, asking, was_cut));
  const fault = mended.find((call) => typeof call === "string");
  if (fault !== undefined) return again("invalid_call", fault);
  const fitting = mended.filter((call) => typeof call !== "string");
  const text = trimmedEnd(reply.text);
  if (fitting.some((call, i) => call.input !== calls[i]?.input || call.name !== calls[i]?.name)) {
    const detail = "a call was put right";
    return {
      kind: "call",
      how: "call_extracted",
      problem: "invalid_call",
      text,
      calls: fitting,
      detail,
    };
  }
  if (reply.plan === null && !reply.has_thoughts) return { kind: "fit" };
  const detail = "a plan beside the calls was left out";
  return { kind: "call", how: "plan_dropped", problem: "planning", text, calls: fitting, detail };
}

/**
 * The call as a tool takes it, or what is wrong with it. Commas too many, single quotes, double encoding, a
 * fence and other names are put right; what was cut, or must be guessed at, is not.
 */
function mend(call: ToolCall, offer: Offer, was_cut: boolean): OfferedCall | string {
  const wrong = offer.check(call);
  if (wrong === null) return { name: call.name, input: call.input };
  if (was_cut) return wrong;
  const once = wholeValue(call.input);
  const args = typeof once === "string" ? wholeValue(once) : once;
  return isObject(args) ? (offeredCall(call.name, args, offer) ?? wrong) : wrong;
}

const FENCED = /^\s*```\w*\s([\s\S]*?)```\s*$/;

/** The one value that a text holds, but for its fence; undefined where it is none, or more. */
function wholeValue(text: string): unknown {
  const body = FENCED.exec(text)?.[1] ?? text;
  const read = readLenient(body);
  const is_whole = read?.complete === true && read.is_plain && isAllBlank(body.slice(read.end));
  return is_whole ? read.value : undefined;
}

const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function judgePlan(reply: Reply, { intended, why_not }: Plan): Judgement {
  if (why_not !== null) return again("planning", why_not);
  const calls = intended.flatMap((each) => (each.kind === "call" ? [each.call] : []));
  const text = trimmedEnd(reply.text);
  if (calls.length > 0) {
    const detail = `a plan was read as ${calls.map(({ name }) => name).join(", ")}`;
    return { kind: "call", how: "call_extracted", problem: "planning", text, calls, detail };
  }
  const words = intended.flatMap((each) => (each.kind === "answer" ? [each.text.trim()] : []));
  if (words.length === 0 && text === "") return again("planning", "an internal plan and no answer");
  return {
    kind: "answer",
    how: words.length === 0 ? "plan_dropped" : "answer_extracted",
    text: [...(text === "" ? [] : [text]), ...words].join("\n\n"),
    detail: words.length === 0 ? "a plan was left out" : "the answer was inside a plan",
  };
}

const again = (problem: "planning" | "empty" | "invalid_call", detail: string): Judgement => ({
  kind: "again",
  problem,
  detail,
  tell: tells[problem](detail),
});

const tells = {
  planning: () =>
    "Your last reply was an internal plan, which the person cannot use. Do not write plans, actions or calls as text or JSON. To do something, call one of the tools by the tool interface; otherwise answer the person in plain words.",
  empty: () =>
    "Your last reply was empty. Answer the person in plain words, or call one of the tools.",
  invalid_call: (detail: string) =>
    `Your last call of a tool could not be made: ${detail} Call the tool again with arguments that are one JSON object and match its schema, or answer in plain words.`,
};
