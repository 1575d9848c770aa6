import type { JournalBody, ToolCall } from "@mainstay/sdk/events";
import type { ModelPart, ModelPort, ModelRequest } from "../kernel/model.ts";
import type { Statement } from "../store/store.ts";
import type { Billed } from "../store/usage-writes.ts";
import type { Live } from "./live.ts";
import type { Pen } from "./pen.ts";

const CALLS_A_STEP = 32;
const NAME_CHARS = 100;

export interface ThinkParts {
  readonly model: ModelPort;
  readonly live: Live;
  /** The writes by which an attempt is billed: they go with the event that ends it. */
  readonly bills: (billed: Billed) => Statement[];
}

export interface StepPlace {
  readonly turn_id: string;
  readonly step: number;
  readonly attempt: number;
}

/**
 * Asks the model for one step and notes what it says when it has said it. Text is shown live
 * meanwhile; after a cut the attempt's number rises and clients drop the earlier text.
 *
 * What an attempt took is billed in the batch of the event that ends it, also where it failed, was cut
 * or cancelled.
 *
 * @throws NoModelAnswered, ContextTooLong, or the signal's reason.
 */
export async function think(
  { model, live, bills }: ThinkParts,
  place: StepPlace,
  request: ModelRequest,
  pen: Pen,
  signal: AbortSignal,
): Promise<void> {
  const { turn_id, step } = place;
  let attempt = place.attempt;
  let text = "";
  let tool_calls: ToolCall[] = [];
  /** The attempt's own event: written while the model thinks, and on disk before its first word shows. */
  let on_disk: Promise<void> = Promise.resolve();
  live.begin(turn_id, step, attempt);
  try {
    for await (const part of model.stream(request, signal)) await take(part);
  } finally {
    live.waits(turn_id, null);
    live.end(turn_id);
  }

  async function take(part: ModelPart): Promise<void> {
    switch (part.type) {
      case "attempt_started":
        pen.note({ ...part, step, attempt });
        on_disk = pen.commit();
        return;
      case "attempt_failed":
        pen.note(attemptFailed(part), writesOf(part));
        on_disk = pen.commit();
        attempt += 1;
        live.begin(turn_id, step, attempt);
        return;
      case "paced": {
        const { type: _, ...wait } = part;
        pen.note({ type: "model_waited", step, attempt, ...wait });
        on_disk = pen.commit();
        return;
      }
      case "mended": {
        const { type: _, ...mending } = part;
        pen.note({ type: "reply_mended", step, attempt, ...mending });
        return;
      }
      case "restart":
        text = "";
        tool_calls = [];
        pen.note({ type: "step_restarted", step, attempt, cause: part.cause });
        await pen.commit();
        live.begin(turn_id, step, attempt);
        return;
      case "text":
        await on_disk;
        text += part.text;
        live.text(turn_id, part.text);
        return;
      case "tool_call":
        if (tool_calls.length < CALLS_A_STEP) tool_calls.push(part.call);
        return;
      case "finish":
        pen.note(stepEnded(part), writesOf(part));
        return;
    }
  }

  function writesOf({ provider, model: name, bill }: Ended): Statement[] {
    return bill === null ? [] : bills({ provider, model: name, bill });
  }

  function attemptFailed(part: Extract<Ended, { type: "attempt_failed" }>): JournalBody {
    const { bill, ...failed } = part;
    if (bill === null) return { ...failed, step, attempt };
    return {
      ...failed,
      step,
      attempt,
      usage: bill.usage,
      ...(bill.estimated && { estimated: true }),
    };
  }

  function stepEnded(part: Extract<Ended, { type: "finish" }>): JournalBody {
    const { provider, model: name, mode, usage, reason, why, bill } = part;
    return {
      type: "step_ended",
      step,
      attempt,
      text,
      tool_calls: distinct(tool_calls),
      finish: reason,
      provider,
      model: name,
      mode,
      usage,
      ...(why !== null && { why }),
      ...(bill?.estimated && { estimated: true }),
    };
  }
}

type Ended = Extract<ModelPart, { type: "attempt_failed" | "finish" }>;

/** Models repeat call ids at times; within a step each must name one call. */
function distinct(calls: readonly ToolCall[]): ToolCall[] {
  const seen = new Set<string>();
  return calls.map((call, i) => {
    let id = call.id;
    for (let n = i; id === "" || seen.has(id); n++) id = `${call.id}#${n}`;
    seen.add(id);
    return { ...call, id, name: call.name.slice(0, NAME_CHARS) };
  });
}
