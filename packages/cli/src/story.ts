import type { Effect, JournalEvent } from "@mainstay/sdk/events";
import type { Usage } from "@mainstay/sdk/turn";
import { seconds } from "./conversation/tool-lines.ts";
import { escapeCommand, escapePath, oneLine } from "./terminal/escape.ts";

/** Below the first line of an event, under its text. */
const MARGIN = " ".repeat(20);

/**
 * The lines of a turn's story, event by event: when, counted from the first event, and what was
 * decided why; of a command also who or what agreed, and the digests of what was planned and of what
 * ran. An answer that a step gave is not told again at the end.
 */
export function createStory(): (event: JournalEvent) => string[] {
  let started_at: number | undefined;
  let said = "";
  const planned = new Map<string, string>();
  const edits = new Set<string>();
  return (event) => {
    started_at ??= event.at;
    const when = `+${((event.at - started_at) / 1000).toFixed(3)}`;
    if (event.type === "tool_started" && event.effect.kind === "edit") edits.add(callOf(event));
    const line = oneLine(told(event, said, edits));
    const details = event.type === "parked" ? answerLines(event, said) : detailsOf(event, planned);
    if (event.type === "step_ended") said = event.text.trim();
    if (event.type === "tool_started" && event.effect.kind === "command")
      planned.set(callOf(event), event.effect.planned_digest);
    return [
      `${String(event.seq).padStart(4)}  ${when.padStart(10)} s  ${line}`,
      ...details.map((detail) => `${MARGIN}${oneLine(detail, Infinity)}`),
    ];
  };
}

const callOf = ({ step, call_id }: { step: number; call_id: string }) => `${step} ${call_id}`;

function told(event: JournalEvent, said: string, edits: ReadonlySet<string>): string {
  switch (event.type) {
    case "accepted":
      return `accepted (${event.urgency}, ${event.session_id}, ${event.workspace_id}): ${event.message}`;
    case "started":
      return `started after waiting ${seconds(event.waited_ms)}; turns that went first: ${event.ahead}`;
    case "resumed":
      // Who or what let it go on was told by the event before.
      return event.after === "retry" ? "started again" : `goes on: ${event.cause}`;
    case "attempt_started":
      return `step ${event.step}: attempt ${event.attempt} at ${event.provider}/${event.model}, because ${event.why}`;
    case "attempt_failed":
      return `step ${event.step}: attempt ${event.attempt} at ${event.provider}/${event.model} failed, ${event.code}: ${event.message}`;
    case "model_waited":
      return `step ${event.step}: waits ${seconds(event.wait_ms)} for ${event.provider}/${event.model}, ${event.reason}`;
    case "reply_mended":
      return `step ${event.step}: the reply of ${event.provider}/${event.model} was no answer (${event.problem}): ${event.how.replace("_", " ")}${event.detail && `, ${event.detail}`}`;
    case "compacted":
      return `step ${event.step}: history shortened from about ${event.tokens_before} to ${event.tokens_after} tokens, ${event.left_out} messages left out`;
    case "step_restarted":
      return `step ${event.step} starts again: ${event.cause}`;
    case "step_ended":
      return `step ${event.step} ended (${event.finish}, ${event.mode}): ${deedsOf(event)}`;
    case "nudged":
      return `asked once more, the answer was ${event.reason === "empty" ? "empty" : `a promise: ${event.matched}`}`;
    case "approval_requested":
      return `asks for consent: ${escapeCommand(event.command)}`;
    case "approval_decided":
      return event.because === undefined
        ? `${event.by} decided: ${event.decision}`
        : "not answered: asked where nobody could answer";
    case "tool_started":
      return `${event.tool}: ${event.intent}${effectOf(event.effect)}`;
    case "tool_adopted":
      return `ran on while the server was away; followed again after ${Math.round(event.took_ms)} ms`;
    case "tool_ended":
      return `${event.outcome}: ${edits.has(callOf(event)) ? summaryOf(event) : event.result}`;
    case "cancel_requested":
      return `${event.by} asked to cancel`;
    case "parked":
      return `parked, ${event.cause}`;
    case "retried":
      return retriedBecause(event);
    case "folded":
      return `${event.was}; its details were folded on ${event.folded_at.slice(0, 10)}`;
    case "settled":
      return `${event.state} (${event.mode}${event.error ? `, ${event.error.code}` : ""})${answerOf(event, said)}`;
  }
}

function retriedBecause({ by, after }: Extract<JournalEvent, { type: "retried" }>): string {
  if (after === "lift") return `goes on: ${by} lifted the pause`;
  return after === "recovery" ? `goes on: ${by}` : `${by} asked to try again`;
}

/** The result of an edit that was done goes on with its diff, of which one line tells nothing. */
const summaryOf = ({ outcome, result }: Extract<JournalEvent, { type: "tool_ended" }>): string =>
  outcome === "ok" ? (result.split("\n", 1)[0] ?? "") : result;

function deedsOf({ tool_calls, text }: Extract<JournalEvent, { type: "step_ended" }>): string {
  const calls = tool_calls.map(({ name }) => name).join(", ");
  return [calls && `calls ${calls}`, text].filter(Boolean).join("; ");
}

const answerOf = ({ answer }: { answer: string }, said: string): string =>
  answer.trim() === said ? "" : `: ${answer}`;

/** What a person was told while it waits: all of it, for it says what to do. */
const answerLines = ({ answer }: { answer: string }, said: string): string[] =>
  answer.trim() === said ? [] : answer.split("\n").filter((line) => line.trim() !== "");

function effectOf(effect: Extract<JournalEvent, { type: "tool_started" }>["effect"]): string {
  switch (effect.kind) {
    case "none":
      return "";
    case "edit":
      return ` (changes ${effect.files.map(({ path }) => escapePath(path)).join(", ")})`;
    case "file":
      return ` (changes ${escapePath(effect.path)})`;
    case "command":
      return `: ${escapeCommand(effect.command)}`;
  }
}

/**
 * Who was not asked, why, and what an attempt took. What a command was judged to be, on whose word it
 * ran, and whether what ran is what was planned.
 */
function detailsOf(event: JournalEvent, planned: ReadonlyMap<string, string>): string[] {
  switch (event.type) {
    case "attempt_started":
      return (event.passed_over ?? []).map(
        ({ provider, model, why }) => `not ${provider}/${model}: ${why}`,
      );
    case "attempt_failed":
      return event.usage ? tookOf(event.usage, event.estimated) : [];
    case "step_ended":
      return [
        ...(event.why === undefined ? [] : [`not the first choice: ${event.why}`]),
        ...tookOf(event.usage, event.estimated),
      ];
    case "approval_requested":
      return [`why: ${event.reason}`, ...(event.says ?? []).map((text) => `it ${text}`)];
    case "tool_started":
      return event.effect.kind === "command" ? decisionOf(event.effect) : [];
    case "tool_ended": {
      const digest = event.command?.executed_digest ?? null;
      if (digest === null) return [];
      const was_planned = planned.get(callOf(event)) === digest;
      return [`executed ${digest}, ${was_planned ? "as planned" : "NOT what was planned"}`];
    }
    default:
      return [];
  }
}

function tookOf({ input_tokens, output_tokens }: Usage, estimated = false): string[] {
  if (input_tokens + output_tokens === 0) return [];
  return [`took ${estimated ? "about " : ""}${input_tokens} tokens in, ${output_tokens} out`];
}

function decisionOf(effect: Extract<Effect, { kind: "command" }>): string[] {
  const { verdict, reason, part, consent, agreed_by, agreement_id, planned_digest } = effect;
  const why = [reason, part].filter((text) => text != null).join(": ");
  const by = [consent, agreement_id].filter((text) => text != null).join(", ");
  return [
    `verdict ${verdict}${why && `, because ${why}`}`,
    `agreed by ${agreed_by}${by && ` (${by})`}`,
    `planned ${planned_digest}`,
  ];
}
