import type { BodyOf } from "@mainstay/sdk/events";
import type { NoModelAnswered } from "../kernel/model.ts";
import { type Pause, pauseInWords, pauseSentence, toldPause } from "../kernel/pause.ts";
import { takeBack } from "../store/step-record.ts";
import type { TurnRecord } from "../store/turn-record.ts";
import { workDone } from "./work-done.ts";

/** No model answered: it waits until a person tries again. */
export function modelParked(record: TurnRecord, { message }: NoModelAnswered): BodyOf<"parked"> {
  const answer = `No model could answer: ${message}. ${workDone(record)} Your request is kept; try again with retry, or cancel it.`;
  return { type: "parked", answer, cause: message };
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
