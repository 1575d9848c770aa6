import type { BodyOf, ClientEvent, ToolCall } from "@mainstay/sdk/events";
import type { QueuePlace } from "@mainstay/sdk/turn";
import { oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";
import { createAttemptLines } from "./attempt-lines.ts";
import { createCommandOutput, glimpse, whole } from "./command-output.ts";
import { editResultLines } from "./edit-result.ts";
import { freshOutput } from "./live-output.ts";
import { advance, no_text } from "./live-text.ts";
import { endsWith, outcomeLine, saidBelow, seconds, toolLine } from "./tool-lines.ts";
import { createWaitingLine, type WaitingLineParts } from "./waiting-line.ts";

/** A shorter wait is over before it is read. */
const SHOWN_WAIT_S = 1;

export interface TurnView {
  show(event: ClientEvent): void;
  close(): void;
}

interface ViewedTurn extends Omit<WaitingLineParts, "screen"> {
  /** The message is a command of the person's own. */
  is_typed: boolean;
  turn_id: string;
}

/**
 * Writes one turn as it happens: its text to standard output, what is done for it to standard
 * error. The answer to a typed command repeats its output: on a terminal the live output is enough,
 * elsewhere the answer.
 */
export function createTurnView(
  screen: Screen,
  { is_typed, turn_id, ...rest }: ViewedTurn,
): TurnView {
  const answer = createAnswerView(screen);
  const tools = createToolView(screen, is_typed);
  const status = createStatusLine(screen);
  const attempts = createAttemptLines(screen);
  const waiting = createWaitingLine({ screen, ...rest });
  let session_id = "";
  let why: string | undefined;
  let ahead: ClientEvent[] = [];
  const flush = () => {
    const events = ahead;
    ahead = [];
    events.forEach(tell);
  };
  return {
    show(event) {
      // Live text does not wait for the journal: the next step's may come before its tools' ends.
      if (isText(event) && tools.running()) return void ahead.push(event);
      if (endsStep(event)) flush();
      tell(event);
      if (!tools.running()) flush();
      waiting.hear(event);
    },
    close: waiting.close,
  };

  function tell(event: ClientEvent): void {
    attempts(event);
    if (!tools.shownWhole()) answer.show(event);
    switch (event.type) {
      case "accepted":
        session_id = event.session_id;
        return;
      case "step_ended":
        why = event.why;
        return tools.announce(event.tool_calls);
      case "tool_started":
        return tools.start(event);
      case "output":
        return tools.output(event);
      case "tool_adopted":
        return tools.adopted();
      case "tool_ended":
        return tools.end(event);
      case "queue":
        if ((event.place.no_later_than_s ?? Infinity) < SHOWN_WAIT_S) return;
        return status(waitingLine(event.place));
      case "status":
        return waiting.tellsStatus() ? undefined : status(oneLine(event.text));
      case "model_waited":
        if (event.wait_ms < SHOWN_WAIT_S * 1_000) return;
        return status(pacedLine(event));
      case "parked":
        // Where no model answered the answer says all that is known.
        return event.pause ? status(`parked: ${oneLine(event.cause)}`) : undefined;
      case "settled":
        return tellEnd(screen, event, why, [turn_id, session_id]);
      default:
        return;
    }
  }
}

const isText = ({ type }: ClientEvent) => type === "delta" || type === "snapshot";
const endsStep = ({ type }: ClientEvent) =>
  type === "step_ended" || type === "parked" || type === "settled";

/**
 * Streams the text of the steps; the final answer is repeated only where it differs from them. Text that
 * was cut off is taken off a terminal. Elsewhere nothing can be taken back: there text comes when its
 * step has ended.
 */
function createAnswerView(screen: Screen) {
  let live = no_text;
  let step_text = "";
  return {
    show(event: ClientEvent) {
      if (isText(event) && !screen.on_terminal) return;
      const shown = live.text.slice(0, live.written);
      const { next, write, restarted } = advance(live, event);
      live = next;
      if (restarted && !screen.takeBack(shown))
        screen.answer("\n── cut off; the answer starts again ──\n");
      screen.answer(write);
      if (event.type === "step_ended") step_text = event.text;
      if (event.type === "parked" || event.type === "settled") {
        if (event.answer.trim() !== step_text.trim()) screen.answer(`${event.answer}\n`);
      }
    },
  };
}

interface ShownOutput {
  shown: ReturnType<typeof createCommandOutput>;
  /** Null of what is no command. */
  command_id: string | null;
  /** Null of what is no edit. */
  edit_id: string | null;
  /** Where it is known up to, UTF-16 units. */
  end: number;
  heard_bytes: number;
  /** The last of it, without a gap. */
  heard_last: string;
}

/** By so much the end of live output is told from its middle. */
const LAST_UNITS = 200;

function createToolView(screen: Screen, is_typed: boolean) {
  const shows_output = !is_typed || screen.on_terminal;
  let shown_whole = false;
  const calls = new Map<string, ToolCall>();
  const outputs = new Map<string, ShownOutput>();
  const indented = (line: string) => screen.note(`  ${line}`, "dim");
  return {
    /** All that a typed command said is on the terminal. */
    shownWhole: () => shown_whole,
    running: () => calls.size > 0,
    announce: (tool_calls: ToolCall[]) => tool_calls.forEach((call) => calls.set(call.id, call)),
    start(event: BodyOf<"tool_started">) {
      screen.note(toolLine(event, calls.get(event.call_id)));
      const shown = createCommandOutput(indented, is_typed ? whole : glimpse);
      const { effect } = event;
      const command_id = effect.kind === "command" ? effect.command_id : null;
      const edit_id = effect.kind === "edit" ? effect.edit_id : null;
      const heard = { end: 0, heard_bytes: 0, heard_last: "" };
      outputs.set(event.call_id, { shown, command_id, edit_id, ...heard });
    },
    output(event: Extract<ClientEvent, { type: "output" }>) {
      const output = outputs.get(event.call_id);
      if (!output) return;
      const { end, missed, text } = freshOutput(output.end, event);
      output.end = end;
      output.heard_bytes += Buffer.byteLength(text);
      const heard = missed > 0 ? text : output.heard_last + text;
      output.heard_last = heard.slice(-LAST_UNITS);
      if (!shows_output) return;
      if (missed > 0) output.shown.gap(missed, "character");
      output.shown.push(text);
    },
    adopted: () => indented("it ran on while the server was away"),
    end(event: BodyOf<"tool_ended">) {
      const output = outputs.get(event.call_id);
      outputs.delete(event.call_id);
      calls.delete(event.call_id);
      const unheard_bytes = (event.command?.output_bytes ?? 0) - (output?.heard_bytes ?? 0);
      // What it said while the connection was lost, and no more once it had ended.
      if (output && !is_typed && unheard_bytes > 0) output.shown.gap(unheard_bytes, "byte");
      output?.shown.end();
      const heard_end = unheard_bytes <= 0 || endsWith(event.result, output?.heard_last ?? "");
      shown_whole = is_typed && screen.on_terminal && event.command !== null && heard_end;
      const line = outcomeLine(event);
      if (line) indented(line);
      if (output?.edit_id && (event.outcome === "ok" || event.outcome === "unknown"))
        for (const { text, tone } of editResultLines(event.result, output.edit_id))
          screen.note(`  ${text}`, tone);
      if (!shown_whole) return;
      saidBelow(event.result).forEach((said) => indented(said));
      if (unheard_bytes > 0 && output?.command_id)
        indented(`all that it printed: mainstay commands ${output.command_id} --output`);
    },
  };
}

/** The same status twice in a row is said once. */
function createStatusLine(screen: Screen): (line: string) => void {
  let last = "";
  return (line) => {
    if (line !== last) screen.note(line, "dim");
    last = line;
  };
}

function pacedLine({ wait_ms, provider, model, reason }: BodyOf<"model_waited">): string {
  return oneLine(`waiting ${seconds(wait_ms)} for ${provider}/${model}: ${reason}`);
}

function waitingLine({ position, eta_s, no_later_than_s, reason }: QueuePlace): string {
  const by =
    eta_s === null || no_later_than_s === null
      ? ""
      : `, about ${Math.round(eta_s)} s, no later than ${Math.round(no_later_than_s)} s`;
  return `waiting at place ${position}${by}: ${oneLine(reason)}`;
}

/** What is said below the answer: what went wrong, and by whom it is. `why` is of its last step. */
export function tellEnd(
  screen: Screen,
  event: BodyOf<"settled">,
  why: string | undefined,
  ids: string[],
): void {
  if (event.error) screen.note(`${event.error.code}: ${event.error.message}`, "bad");
  screen.note(signature(event, why, ids), "dim");
}

/** Who answered, in what mode; honest where no model did. The ids are for status, why and retry. */
function signature(event: BodyOf<"settled">, why: string | undefined, ids: string[]): string {
  return `— ${[...author(event, why), ...ids].filter(Boolean).join(" · ")}`;
}

function author(event: BodyOf<"settled">, why: string | undefined): string[] {
  const { state, mode, provider, model, usage } = event;
  if (mode === "offline") return ["offline: no model took part, this comes from local data"];
  if (provider === null && model === null) return [state];
  const who = [provider, model].filter((name) => name !== null).join("/");
  const instead = why === undefined ? "" : ` instead of the first choice (${oneLine(why)})`;
  return [who + instead, mode, `${usage.input_tokens} tokens in, ${usage.output_tokens} out`];
}
