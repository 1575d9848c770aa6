import { faultInWords } from "@mainstay/sdk/attempt-faults";
import type { BodyOf } from "@mainstay/sdk/events";
import type { Limits } from "../kernel/limits.ts";
import { type AttemptFailure, type NoModelAnswered, requestFaults } from "../kernel/model.ts";
import { type Pause, pauseInWords, pauseSentence, toldPause } from "../kernel/pause.ts";
import { takeBack } from "../store/step-record.ts";
import type { TurnRecord } from "../store/turn-record.ts";
import { workDone } from "./work-done.ts";

/** Providers that an answer names one by one. */
const LISTED = 12;

/**
 * No model answered: it goes on by itself when one does. Where that would change nothing, or has not
 * often enough, it waits for a person's word. For room in a rate it waits however long.
 */
export function modelParked(
  record: TurnRecord,
  { message: cause, failures }: NoModelAnswered,
  { wakes_without_progress, isPaused }: ModelParking,
): BodyOf<"parked"> {
  const is_refused = failures.length > 0 && failures.every(blamesRequest);
  const no_fault = failures.every(({ code }) => UNASKED.includes(code));
  const is_tired = !no_fault && record.faults_without_progress > wakes_without_progress;
  const waits_for = is_refused || is_tired ? "person" : "model";
  const paused = pausedAll(failures, isPaused);
  const next = is_refused ? REFUSED : is_tired ? TIRED : paused ? afterLift(paused) : GOES_ON;
  const what = is_refused ? "Every model refused this request." : "No model could answer.";
  const answer = [`${what} ${workDone(record)}`, ...listed(failures), next].join("\n");
  return { type: "parked", answer, cause, waits_for, ...(no_fault && { no_fault }) };
}

interface ModelParking extends Pick<Limits, "wakes_without_progress"> {
  readonly isPaused: (provider: string) => boolean;
}

/** It was no fault: no room in a rate, here for the moment and there at all, or nobody to ask. */
const UNASKED: readonly string[] = ["rate", "unavailable", "request_too_large"];

const blamesRequest = ({ code }: AttemptFailure): boolean => requestFaults.includes(code);

const REFUSED =
  "It is not sent again by itself: ask in other words or for less, and cancel this one. Retry sends it as it is.";
const TIRED =
  "It was tried several times as models seemed to answer again, and none did: it waits for you to retry or cancel it.";
const GOES_ON =
  "It goes on by itself as soon as one answers, unless you ask or run something else here first; you can also retry or cancel it.";

const afterLift = (providers: readonly string[]): string =>
  `It goes on by itself after: ${providers.map((id) => `mainstay resume provider ${id}`).join(", or ")}`;

/** Whose pause is all that keeps the request from being answered; null where anything else does. */
function pausedAll(
  failures: readonly AttemptFailure[],
  isPaused: (provider: string) => boolean,
): string[] | null {
  const providers = [...new Set(failures.map(({ provider }) => provider))];
  return providers.length > 0 && providers.every(isPaused) ? providers : null;
}

/** `- groq: it was overloaded; its key was refused`: a line for each provider. */
function listed(failures: readonly AttemptFailure[]): string[] {
  const faults = new Map<string, Set<string>>();
  for (const failure of failures) {
    const known = faults.get(failure.provider) ?? new Set();
    faults.set(failure.provider, known.add(faultOf(failure)));
  }
  const lines = [...faults].map(([provider, said]) => `- ${provider}: ${[...said].join("; ")}`);
  const more = lines.length - LISTED;
  return more <= 0 ? lines : [...lines.slice(0, LISTED), `- and ${more} more`];
}

/** Who was not asked has our own words for it; what a provider says is in the journal. */
const faultOf = ({ code, message }: AttemptFailure): string =>
  code === "unavailable" ? message : faultInWords(code);

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
