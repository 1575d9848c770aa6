import type { ModelMessage } from "../kernel/model.ts";
import { nudges } from "./transcript.ts";

/** English prose has about 4 bytes a token, code about 3.5; scripts of other families have fewer. */
const BYTES_A_TOKEN = 3.5;
/** What a provider adds around a message: role, separators, ids. */
const MESSAGE_TOKENS = 8;
/** Below this not even a marker and the ends of a message fit. */
export const LEAST_BUDGET_TOKENS = 128;
/** Less than this of a tool's result tells nothing. */
const LEAST_RESULT_TOKENS = 24;

/** Tokens of a text without a tokenizer: a bound that errs high for prose and code. */
export const estimateTokens = (text: string): number =>
  Math.ceil(Buffer.byteLength(text) / BYTES_A_TOKEN);

/** Tokens of messages, their calls and overhead included. */
export const messageTokens = (messages: readonly ModelMessage[]): number =>
  messages.reduce((sum, message) => sum + costOf(message), 0);

/**
 * The newest messages that fit into `budget_tokens`, by `messageTokens`. Pure. The system prompt is
 * not among `messages`: its place and cost are the caller's.
 *
 * 1. The result fits the budget, and does not begin with a tool's message.
 * 2. An assistant's message and the results that follow it stay together or go together.
 * 3. What is left out is counted in a marker, a user's message at the front; it fits too.
 * 4. The person's last message stays; its middle is cut only where it alone is over the budget.
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
  const groups = groupsOf(messages);
  if (isWhole(messages, groups) && messageTokens(messages) <= budget_tokens) return [...messages];
  const asked = groups.findLastIndex(isAsked);
  const kept = newestThatFit(groups, asked, budget_tokens - MARKER_TOKENS);
  return withMarker(messages, kept);
}

/** A message with the tool results that directly follow it. */
type Group = readonly ModelMessage[];

/** Results at the very start belong to nothing and are in no group. */
function groupsOf(messages: readonly ModelMessage[]): Group[] {
  const groups: ModelMessage[][] = [];
  for (const message of messages) {
    if (message.role !== "tool") groups.push([message]);
    else groups.at(-1)?.push(message);
  }
  return groups;
}

const isWhole = (messages: readonly ModelMessage[], groups: readonly Group[]): boolean =>
  groups.flat().length === messages.length;

/** A nudge speaks as the user but asks nothing. */
const isAsked = ([first]: Group): boolean =>
  first?.role === "user" && first.text !== nudges.promise && first.text !== nudges.empty;

function newestThatFit(groups: readonly Group[], asked: number, room_tokens: number): Group[] {
  const request = groups[asked];
  const request_kept =
    request === undefined ? [] : [requestWithin(request, room_tokens, asked < groups.length - 1)];
  let room = room_tokens - messageTokens(request_kept.flat());
  const after = takeNewest(groups.slice(asked + 1), true);
  const complete = after.length === groups.length - asked - 1;
  const before =
    complete && asked > 0 ? takeNewest(groups.slice(0, asked), request === undefined) : [];
  return [...before, ...request_kept, ...after];

  function takeNewest(from: readonly Group[], mayCut: boolean): Group[] {
    const taken: Group[] = [];
    for (const group of from.toReversed()) {
      const fitting = mayCut && taken.length === 0 ? resultsWithin(group, room) : group;
      const cost = messageTokens(fitting);
      if (cost > room) break;
      room -= cost;
      taken.unshift(fitting);
    }
    return taken;
  }
}

/** Where the request alone is over the budget and work follows it, half is left to the work. */
function requestWithin(request: Group, room_tokens: number, workFollows: boolean): Group {
  if (messageTokens(request) <= room_tokens) return request;
  return cutTexts(request, workFollows ? Math.floor(room_tokens / 2) : room_tokens);
}

function resultsWithin(group: Group, room_tokens: number): Group {
  const [first, ...results] = group;
  if (first === undefined || messageTokens(group) <= room_tokens) return group;
  const room = room_tokens - costOf(first);
  const least = results.length * (MESSAGE_TOKENS + LEAST_RESULT_TOKENS);
  return results.length === 0 || room < least ? group : [first, ...cutTexts(results, room)];
}

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
  return `${head}${note}${tail}`;
}

function characterBoundary(bytes: Buffer, from: number, direction: 1 | -1): number {
  let at = from;
  while (((bytes[at] ?? 0) & 0xc0) === 0x80) at += direction;
  return at;
}

function costOf(message: ModelMessage): number {
  const calls = message.role === "assistant" ? message.tool_calls : [];
  const inputs = calls.map((call) => MESSAGE_TOKENS + estimateTokens(call.name + call.input));
  return MESSAGE_TOKENS + estimateTokens(message.text) + inputs.reduce((a, b) => a + b, 0);
}

const MARKER = /^\[(\d+) earlier messages left out\]$/u;
const marker = (count: number): ModelMessage => ({
  role: "user",
  text: `[${count} earlier messages left out]`,
});
const MARKER_TOKENS = costOf(marker(Number.MAX_SAFE_INTEGER));

/** A history that was fitted before begins with a marker: its count goes on. */
function withMarker(messages: readonly ModelMessage[], kept: readonly Group[]): ModelMessage[] {
  const rest = kept.flat().filter((message) => markedCount(message) === 0);
  const earlier = messages.reduce((sum, message) => sum + markedCount(message), 0);
  const markers = messages.filter((message) => markedCount(message) > 0).length;
  const count = messages.length - markers - rest.length + earlier;
  return count === 0 ? rest : [marker(count), ...rest];
}

const markedCount = (message: ModelMessage): number =>
  message.role === "user" ? Number(MARKER.exec(message.text)?.[1] ?? 0) : 0;
