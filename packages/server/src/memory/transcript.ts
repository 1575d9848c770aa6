import type { BodyOf, JournalEvent } from "@mainstay/sdk/events";
import type { ModelMessage } from "../kernel/model.ts";

const NO_RESULT = "No result: the turn ended before this call did.";

/** What a model is told when its answer was no answer. */
export const nudges = {
  promise:
    "You announced work but did not do it. Do it now with the tools, or answer with what you already know. Do not announce it again.",
  empty: "Your reply was empty. Answer the request, or say plainly why you cannot.",
} as const;

/** The conversation of one turn as a model sees it: a fold over the turn's journal. */
export function transcript(events: readonly JournalEvent[]): ModelMessage[] {
  const messages: ModelMessage[] = [];
  const open = new Map<string, string>();
  const commands = new Map<string, string>();
  for (const event of events) {
    switch (event.type) {
      case "accepted":
        messages.push({ role: "user", text: event.message });
        break;
      case "step_ended":
        messages.push({ role: "assistant", text: event.text, tool_calls: event.tool_calls });
        for (const call of event.tool_calls) open.set(call.id, call.name);
        break;
      case "tool_started":
        if (event.effect.kind === "command") commands.set(event.call_id, event.effect.command_id);
        break;
      case "tool_ended":
        messages.push(toolMessage(event, open.get(event.call_id) ?? "", commands));
        open.delete(event.call_id);
        commands.delete(event.call_id);
        break;
      case "nudged":
        messages.push({ role: "user", text: nudges[event.reason] });
        break;
      case "settled":
        for (const [call_id, tool] of open)
          messages.push(
            toolMessage({ call_id, outcome: "unknown", result: NO_RESULT }, tool, commands),
          );
        if (!saidAlready(messages, event.answer))
          messages.push({ role: "assistant", text: event.answer, tool_calls: [] });
        break;
      default:
        // Decisions around the conversation are no part of it.
        break;
    }
  }
  return messages;
}

function toolMessage(
  { call_id, outcome, result }: Pick<BodyOf<"tool_ended">, "call_id" | "outcome" | "result">,
  tool: string,
  commands: ReadonlyMap<string, string>,
): ModelMessage {
  const command_id = commands.get(call_id);
  const command = command_id === undefined ? {} : { command_id };
  return { role: "tool", call_id, tool, outcome, text: result, ...command };
}

function saidAlready(messages: readonly ModelMessage[], answer: string): boolean {
  const last = messages.at(-1);
  return last?.role === "assistant" && last.text === answer;
}
