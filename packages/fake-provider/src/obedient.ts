import { type ParsedChatRequest, textOf } from "./chat-request.ts";
import { ordersIn, type Step } from "./orders.ts";
import { playful } from "./playful.ts";
import type { Reply } from "./script.ts";

/**
 * The model of a prompt injection's dreams: it does whatever a text that it is shown tells it, be it
 * a file, a command's output or an earlier turn. Without orders it is the playful one.
 *
 * A function of the request alone: what was ordered and not yet answered is found by going through
 * the conversation, where each message of the assistant answers the oldest open step.
 */
export function obedient(request: ParsedChatRequest): Reply {
  const open: Step[] = [];
  const later: Step[] = [];
  let answered: Step | undefined;
  for (const message of request.messages) {
    if (message.role === "assistant") {
      answered = open.shift();
      continue;
    }
    if (asksAgain(textOf(message))) {
      // It insists: what was wrong with its last reply is no order.
      if (answered !== undefined) open.unshift(answered);
      continue;
    }
    if (message.role === "user") open.push(...later.splice(0));
    const orders = ordersIn(textOf(message));
    open.push(...orders.now);
    later.push(...orders.later);
  }
  const [step] = open;
  return step ? replyOf(step) : playful(request);
}

/** What a model is told whose reply could not be taken. */
export const asksAgain = (text: string): boolean => /^Your last (?:call|reply) /.test(text);

/** Arguments may be huge, and are not what a person watches arrive. */
const CHUNK_SIZE = 4_096;

const replyOf = ({ say, calls }: Step): Reply =>
  calls.length === 0 ? { text: say } : { text: say, tool_calls: calls, chunk_size: CHUNK_SIZE };
