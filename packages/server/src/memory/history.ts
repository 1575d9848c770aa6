import type { ModelMessage } from "../kernel/model.ts";
import { BYTES_A_TOKEN, estimateTokens, MESSAGE_TOKENS, messageTokens } from "../kernel/tokens.ts";
import { nudges } from "./transcript.ts";

/** Below this not even a marker and the ends of a message fit. */
export const LEAST_BUDGET_TOKENS = 128;
/** A result is not cut shorter: less tells nothing. */
const LEAST_RESULT_TOKENS = 40;

/**
 * The newest messages that fit into `budget_tokens`, by `messageTokens`. Pure. The system prompt is
 * not among `messages`: its place and cost are the caller's.
 *
 * 1. The result fits the budget, and does not begin with a tool's message.
 * 2. An assistant's message and the results that follow it stay together or go together.
 * 3. What is left out is counted in a marker, a user's message at the front; it fits too.
 * 4. The person's last message stays; its middle is cut only where it would fill the budget alone.
 * 5. The results of the newest step are cut in the middle before the step is left out: a model that
 *    never saw what it asked for would ask again.
 *
 * @throws RangeError when the budget is below 128 tokens.
 */
export function fitHistory(
  messages: readonly ModelMessage[],
  budget_tokens: number,
): ModelMessage[] {
  if (budget_tokens < LEAST_BUDGET_TOKENS)
    throw new RangeError(`a history needs at least ${LEAST_BUDGET_TOKENS} tokens`);
  const whole = groupsOf(messages).flat();
  if (messageTokens(whole) <= budget_tokens && whole.length === messages.length) return whole;
  const { earlier, said } = withoutMarker(messages);
  const kept = newestThatFit(groupsOf(said), budget_tokens - MARKER_TOKENS);
  const left_out = earlier + said.length - kept.length;
  return left_out === 0 ? kept : [marker(left_out), ...kept];
}

/** A message; an assistant's with the tool results that directly follow it. */
type Group = readonly ModelMessage[];

/** Results that follow no assistant's message answer nothing and are in no group. */
function groupsOf(messages: readonly ModelMessage[]): Group[] {
  const groups: ModelMessage[][] = [];
  for (const message of messages) {
    const last = groups.at(-1);
    if (message.role !== "tool") groups.push([message]);
    else if (last?.[0]?.role === "assistant") last.push(message);
  }
  return groups;
}

function newestThatFit(groups: readonly Group[], room_tokens: number): ModelMessage[] {
  const asked = groups.findLastIndex(isAsked);
  const work = groups.slice(asked + 1);
  const request = requestWithin(groups[asked] ?? [], work.at(-1) ?? [], room_tokens);
  const room = room_tokens - messageTokens(request);
  const newest = work.slice(-1).map((step) => resultsWithin(step, room));
  const after = takeNewest([...work.slice(0, -1), ...newest], room);
  if (after.length < work.length || asked < 1) return [...request, ...after.flat()];
  const before = takeNewest(groups.slice(0, asked), room - messageTokens(after.flat()));
  return [...before.flat(), ...request, ...after.flat()];
}

/** A nudge speaks as the user but asks nothing. */
const isAsked = ([first]: Group): boolean =>
  first?.role === "user" && first.text !== nudges.promise && first.text !== nudges.empty;

function takeNewest(groups: readonly Group[], room_tokens: number): Group[] {
  const taken: Group[] = [];
  let room = room_tokens;
  for (const group of groups.toReversed()) {
    room -= messageTokens(group);
    if (room < 0) break;
    taken.unshift(group);
  }
  return taken;
}

/** The request, cut where it would leave too little for what can be shown of the newest step. */
function requestWithin(request: Group, newest: Group, room_tokens: number): Group {
  const least = leastOf(newest);
  const limit = least <= room_tokens / 2 ? room_tokens - least : room_tokens;
  return messageTokens(request) <= limit ? request : cutTexts(request, limit);
}

/** A step with its results cut as far as they must be, and can be. */
function resultsWithin(group: Group, room_tokens: number): Group {
  const [first, ...results] = group;
  const isCut = messageTokens(group) > room_tokens && leastOf(group) <= room_tokens;
  return first === undefined || !isCut
    ? group
    : [first, ...cutTexts(results, room_tokens - messageTokens([first]))];
}

/** What a step costs when its results are cut as far as they can be. */
const leastOf = ([first, ...results]: Group): number =>
  (first === undefined ? 0 : messageTokens([first])) +
  results.reduce((sum, result) => sum + Math.min(messageTokens([result]), LEAST_RESULT_TOKENS), 0);

/** Cuts the longest texts to one common length, such that all fit. */
function cutTexts(group: Group, room_tokens: number): Group {
  const room = room_tokens - group.length * MESSAGE_TOKENS;
  const sizes = group.map(({ text }) => estimateTokens(text)).sort((a, b) => a - b);
  let left = room;
  let share = 0;
  for (const [at, size] of sizes.entries()) {
    share = Math.floor(left / (sizes.length - at));
    if (size > share) break;
    left -= size;
  }
  return group.map((message) => ({ ...message, text: cutMiddle(message.text, share) }));
}

/** The start and the end of a text, at most `limit_tokens` with the note of what is missing. */
function cutMiddle(text: string, limit_tokens: number): string {
  const bytes = Buffer.from(text);
  const limit_bytes = Math.floor(limit_tokens * BYTES_A_TOKEN);
  if (estimateTokens(text) <= limit_tokens) return text;
  const note = `\n… ${bytes.length} bytes in all, the middle is left out …\n`;
  const half = Math.max(0, Math.floor((limit_bytes - Buffer.byteLength(note)) / 2));
  const head = bytes.subarray(0, characterBoundary(bytes, half, -1));
  const tail = bytes.subarray(characterBoundary(bytes, bytes.length - half, 1));
  return `${head.toString()}${note}${tail.toString()}`;
}

function characterBoundary(bytes: Buffer, from: number, direction: 1 | -1): number {
  let at = from;
  while (((bytes[at] ?? 0) & 0xc0) === 0x80) at += direction;
  return at;
}

const MARKER = /^\[(\d{1,15}) earlier messages left out\]$/u;
const marker = (count: number): ModelMessage => ({
  role: "user",
  text: `[${count} earlier messages left out]`,
});
const MARKER_TOKENS = messageTokens([marker(Number.MAX_SAFE_INTEGER)]);

/** How many messages a history that was fitted does without. */
export const leftOut = (messages: readonly ModelMessage[]): number =>
  withoutMarker(messages).earlier;

/** A history that was fitted before begins with a marker: its count goes on. */
function withoutMarker(messages: readonly ModelMessage[]): {
  earlier: number;
  said: readonly ModelMessage[];
} {
  const [first, ...rest] = messages;
  const count = first?.role === "user" ? MARKER.exec(first.text)?.[1] : undefined;
  const isRequest = !rest.some((message) => message.role === "user");
  if (count === undefined || isRequest) return { earlier: 0, said: messages };
  return { earlier: Number(count), said: rest };
}
