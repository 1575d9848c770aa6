import type { Effect, JournalBody, ToolCall } from "@mainstay/sdk/events";
import { messageOf, Paused, Stopping } from "../kernel/errors.ts";
import { isoTime } from "../kernel/time.ts";
import type { Statement } from "../store/store.ts";
import type { Onlooker, Prepared, Scene, Tool, Toolbox, ToolEnd } from "../tools/tools.ts";
import { oneLineIntent } from "./intent.ts";
import type { Pen } from "./pen.ts";

const CUT_NOTE = "\n… cut here: the result was too long …\n";

export interface ActParts {
  readonly toolbox: Toolbox;
  readonly result_chars: number;
  readonly lookOn: (call_id: string) => Onlooker;
  /** Writes that go with the event by which the turn waits for consent. */
  readonly waiting: () => readonly Statement[];
}

/**
 * Makes one call: *prepare → execute → finalize*.
 *
 * 1. The intent is on disk, and so shown, before the effect begins (J3).
 * 2. Every call ends with a result, whatever the model sent and whatever broke.
 * 3. What was kept for a crash is let go only when the result is on disk.
 *
 * @throws Paused where an operator's pause came first: the call did nothing and may be made again.
 * @returns "awaiting" when a person must agree first: the turn is suspended then; "cancelled" when
 * it should have been, but a wish to cancel came first.
 */
export async function act(
  parts: ActParts,
  step: number,
  call: ToolCall,
  scene: Omit<Scene, "intent" | "step">,
  pen: Pen,
  signal: AbortSignal,
): Promise<"ended" | "awaiting" | "cancelled"> {
  const read = parts.toolbox.read(call);
  const fallback = read.ok ? read.tool.describe(read.input) : `call ${call.name}`;
  const intent = oneLineIntent(read.intent, fallback);
  const prepared = read.ok
    ? await prepareSafely(read.tool, read.input, { ...scene, step, intent })
    : failed(read.message);

  switch (prepared.kind) {
    case "consent": {
      const { approval_id, command, reason, says, expires_at, writes } = prepared.request;
      const request: JournalBody = {
        type: "approval_requested",
        step,
        call_id: call.id,
        approval_id,
        tool: call.name,
        intent,
        command,
        reason,
        says: [...says],
        expires_at: isoTime(expires_at),
      };
      const waits = await pen.suspend(request, [...writes, ...parts.waiting()]);
      return waits ? "awaiting" : "cancelled";
    }
    case "paused":
      throw new Paused(prepared.pause);
    case "ended":
      pen.note(startedBody(step, call, intent, { kind: "none" }));
      pen.note(endedBody(prepared.end));
      return "ended";
    case "ready": {
      pen.note(startedBody(step, call, intent, prepared.effect));
      await pen.commit(prepared.writes);
      const end = await executeSafely(prepared);
      pen.note(endedBody(end));
      letGo(end, pen);
      return "ended";
    }
  }

  async function executeSafely(ready: Extract<Prepared, { kind: "ready" }>): Promise<ToolEnd> {
    try {
      return await ready.execute(signal, parts.lookOn(call.id));
    } catch (fault) {
      if (fault instanceof Stopping || fault instanceof Paused) throw fault;
      signal.throwIfAborted();
      return { outcome: "error", result: messageOf(fault), command: null };
    }
  }

  function endedBody(end: ToolEnd): JournalBody {
    return toolEnded(step, call.id, end, parts.result_chars);
  }
}

/** The result need not be on disk for the turn to go on, but what a crash would need stays until then. */
export function letGo({ writes, journaled }: ToolEnd, pen: Pen): void {
  if (writes === undefined && journaled === undefined) return;
  pen.commit(writes).then(journaled, () => undefined);
}

/** The event that ends a call; its result is bounded and never empty. */
export function toolEnded(
  step: number,
  call_id: string,
  end: ToolEnd,
  limit_chars: number,
): JournalBody {
  const { outcome, command } = end;
  const result = cutMiddle(end.result, limit_chars) || "(no result)";
  return { type: "tool_ended", step, call_id, outcome, result, command };
}

async function prepareSafely(tool: Tool, input: unknown, scene: Scene): Promise<Prepared> {
  try {
    return await tool.prepare(input, scene);
  } catch (fault) {
    return failed(messageOf(fault));
  }
}

const failed = (result: string): Prepared => ({
  kind: "ended",
  end: { outcome: "error", result, command: null },
});

const startedBody = (
  step: number,
  call: ToolCall,
  intent: string,
  effect: Effect,
): JournalBody => ({
  type: "tool_started",
  step,
  call_id: call.id,
  tool: call.name,
  intent,
  effect,
});

function cutMiddle(text: string, limit_chars: number): string {
  if (text.length <= limit_chars) return text;
  const half = Math.floor((limit_chars - CUT_NOTE.length) / 2);
  return (text.slice(0, half) + CUT_NOTE + text.slice(-half)).toWellFormed();
}
