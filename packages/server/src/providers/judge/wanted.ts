/** What a person's words make ordinary in the answer to them. */
export interface Wanted {
  /** They asked for data or a piece of a file, or pasted one: an object is the answer. */
  readonly data: boolean;
  /** They ask about agents, prompts or calls of tools: a plan may be the example. */
  readonly plans: boolean;
  /** They ask about markup, in which tags are ordinary. */
  readonly markup: boolean;
  /** They wrote this word themselves. */
  readonly mentions: (word: string) => boolean;
}

/** Past it a person pastes, and asks before it or behind. */
const READ_CHARS = 4_000;

const edged = (source: string) =>
  new RegExp(`(?<![\\p{L}\\p{N}])(?:${source})(?![\\p{L}\\p{N}])`, "iu");

const DATA = edged(
  "json[cl5]?|ndjson|geojson|ya?ml|toml|[\\w-]+\\.(?:json|ya?ml|toml)|payloads?|webhooks?|schemas?|manifest|" +
    "as (?:an? )?(?:object|dict(?:ionary)?|array|list of objects)|objekts?|key[- ]value|" +
    "(?:request|response) (?:body|bodies|format)|data structure|(?:api|server|http) (?:response|answer|request)",
);
const PIECE = edged(
  "(?:give|show|write|make|create|generate|draft|suggest|want|need)(?: me| us)? (?:an?|one|some) [^.?!\\n]{0,40}" +
    "(?:task|snippet|config(?:uration)?|settings|entry|entries|object|layout|fixture|record)s?|key ?bindings?",
);
/** An object, or a block of code. */
const PASTED = /[{[]\s*["'“]?[\p{L}_$][\w$-]*["'”]?\s*[:=]|[{[]\s*\{|```|~~~/u;
const PLANS = edged(
  "re-?act (?:prompt\\w*|agent\\w*|pattern|loop|format|style|paper|method)|chain[- ]of[- ]thought|function[- ]call\\w*|tool[- ](?:call|use|using)\\w*|" +
    "langchain|llamaindex|autogpt|openai api|anthropic api|system prompt|few[- ]shot|mcp|think(?:ing)?[- ]tags?|<\\/?\\w+>|agent (?:loop|protocol|format|trace)s?",
);
const MARKUP = edged("html|xml|svg|jsx|tsx|vue|svelte|markup|tags?|templates?");

export function wantedBy(said: string): Wanted {
  const words =
    said.length <= 2 * READ_CHARS
      ? said
      : `${said.slice(0, READ_CHARS)} ${said.slice(-READ_CHARS)}`;
  const lower = words.toLowerCase();
  return {
    data: DATA.test(words) || PIECE.test(words) || PASTED.test(words),
    plans: PLANS.test(words),
    markup: MARKUP.test(words),
    mentions: (word) => lower.includes(word.toLowerCase()),
  };
}
