import { faultInWords } from "@mainstay/sdk/attempt-faults";
import type { BodyOf } from "@mainstay/sdk/events";
import type { Limits } from "../kernel/limits.ts";
import { type AttemptFailure, type NoModelAnswered, requestFaults } from "../kernel/model.ts";
import { type Pause, pauseInWords, pauseSentence, toldPause } from "../kernel/pause.ts";
import { takeBack } from "../store/step-record.ts";
import type { TurnRecord } from "../store/turn-record.ts";
import { workDone } from "./work-done.ts";

/** Failures that an answer names one by one. */
const LISTED = 12;

/**
 * No model answered: it goes on by itself when one does. Where that would change nothing, or has not
 * often enough, it waits for a person's word. For room in a rate it waits however long.
 */
export function modelParked(
  record: TurnRecord,
  { message: cause, failures }: NoModelAnswered,
  { wakes_without_progress }: Pick<Limits, "wakes_without_progress">,
): BodyOf<"parked"> {
  const is_refused = failures.length > 0 && failures.every(blamesRequest);
  const no_fault = failures.every(({ code }) => UNASKED.includes(code));
  const is_tired = !no_fault && record.faults_without_progress > wakes_without_progress;
  const waits_for = is_refused || is_tired ? "person" : "model";
  const next = is_refused ? REFUSED : is_tired ? TIRED : GOES_ON;
  const answer = [
    is_refused ? "Every model refused this request." : "No model could answer.",
    ...listed(failures),
    workDone(record),
    next,
    MEANWHILE,
  ].join("\n");
  return { type: "parked", answer, cause, waits_for, ...(no_fault && { no_fault }) };
}

/** It was no fault: no room in a rate, or nobody to ask. */
const UNASKED: readonly string[] = ["rate", "unavailable"];

const blamesRequest = ({ code }: AttemptFailure): boolean => requestFaults.includes(code);

const REFUSED =
  "It is the request that they refuse, so it is not sent again by itself: ask in other words or for less, and cancel this one. Retry sends it as it is.";
const TIRED =
  "It went on by itself several times as models seemed to answer again, and none did: it is kept, and waits for your retry, or for you to cancel it.";
const GOES_ON =
  "Your request is kept and goes on by itself as soon as a model answers. Where something else was asked in its session since, it waits for your retry. You can also retry now, or cancel it.";
const MEANWHILE =
  'What works without a model: commands of your own after an exclamation mark ("!ls", "!cat FILE"), and all that was said and done before.';

function listed(failures: readonly AttemptFailure[]): string[] {
  const lines = [...new Set(failures.map(failureLine))];
  const more = lines.length - LISTED;
  return more <= 0 ? lines : [...lines.slice(0, LISTED), `- and ${more} more`];
}

/** `- groq/llama: it was overloaded (503: try again later)` */
function failureLine({ provider, model, code, message }: AttemptFailure): string {
  return `- ${provider}/${model}: ${faultInWords(code)} (${message})`;
}

/**
 * A pause came: it waits for the lift. A call that is open has certainly not begun, or nobody would
 * have been told of a pause. The record is not to be used any more.
 */
export function pauseParked(record: TurnRecord, pause: Pause): BodyOf<"parked"> {
  const not_begun = openCall(record);
  if (not_begun !== null) takeBack(record.steps, not_begun);
  const cause = pauseInWords(pause);
  const answer = `${pauseSentence(pause)} ${workDone(record)} This turn goes on by itself when the pause is lifted; you can also cancel it.`;
  return {
    ...{ type: "parked", answer, cause, pause: toldPause(pause) },
    ...(not_begun !== null && { not_begun }),
  };
}

function openCall({ steps }: TurnRecord): { step: number; call_id: string } | null {
  const last = steps.at(-1);
  const open = last?.calls.find(({ state }) => state === "started");
  return last && open ? { step: last.step, call_id: open.call_id } : null;
}
