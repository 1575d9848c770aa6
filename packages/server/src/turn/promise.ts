import {
  announced,
  asksWhether,
  deferred,
  promises,
  turnsToPerson,
  unfinished,
} from "./promise-phrases.ts";

/** A longer answer says something; it is not examined, which also bounds the work. */
const EXAMINED_CHARS = 900;
/** More words than this beside the promise are an answer of their own. */
const WORDS_BEFORE = 40;
const WORDS_AFTER = 7;
/** A longer rest of the promising sentence tells something. */
const WORDS_BEHIND = 30;

const edged = (sources: readonly string[]) =>
  `(?<![\\p{L}\\p{N}])(?:${sources.join("|")})(?![\\p{L}\\p{N}])`;
const anywhere = (sources: readonly string[]) => new RegExp(edged(sources), "iu");

/** Where a promise may begin: with its sentence, after a small opener, or as a clause of its own. */
const clause =
  "(?:^(?:(?:sure|ok|okay|yes|great|perfect|alright|well|now|first|next|then|so|but|and|also|ah|actually|sí|claro|bien|d['’]accord|gut|klar|also|bueno) )*|[,;:—–-] ?(?:so|but|now|first) |[,;—–] ?|^(?:sure|ok|okay|yes|alright|gut|klar|claro|bien): )";
const PROMISE = new RegExp(`${clause}(${edged(promises)})`, "iu");
const UNFINISHED = new RegExp(
  `^(${edged([unfinished])})[^,;]{0,60}(?:…|\\.\\.\\.| now[.!]?)$`,
  "iu",
);
const ANNOUNCED = new RegExp(`^(${edged([announced])})[^:]{0,120}:$`, "iu");
const TO_PERSON = anywhere(turnsToPerson);
const DEFERRED = anywhere(deferred);
const WHETHER = new RegExp(edged([asksWhether]), "giu");
const QUESTION = /[?？](?=[\s"')\]*]|$)/u;
const FILLER =
  /^(?:(?:this|it|that) (?:may|might|will|should|won['’]t|shouldn['’]t)(?: only| just)? take|thank|good |great |happy to|of course|das dauert|cela prend|esto toma)/iu;
const TELLS =
  /(?<!\p{L})(?:is|are|was|were|says|shows|contains|returns|means|failed|fails|passed|found|because|due to)(?!\p{L})/iu;
const WONDERS =
  /(?<!\p{L})(?:what|where|how|why|which|who|whether|that|sure|ensure|confirm|verify|everything|ob|was|wie|wo|warum|comment|pourquoi|qué|cómo)(?!\p{L})/iu;

/**
 * The phrase with which an answer merely promises work that the agent could do now ("Let me check
 * the file"), or null where the answer stands: it reports, asks, offers, explains, declines, or
 * says something of substance besides. Where it is unsure it says null: a nudge costs a call.
 * Pure, never throws; linear in the answer's length, since past 900 characters it does not look.
 */
export function promisedWork(answer: string): string | null {
  const text = answer.trim();
  if (text.length > EXAMINED_CHARS) return null;
  const plain = withoutQuotations(text);
  if (QUESTION.test(plain) || TO_PERSON.test(plain)) return null;
  const sentences = plain.split(/(?<=[.!…])\s+|\n+/u).map(bare);
  const found = sentences.map((sentence, at) => promiseIn(sentence, at === sentences.length - 1));
  const first = found.findIndex((phrase) => phrase !== null);
  if (first < 0) return null;
  const others = sentences.map((sentence, at) => (found[at] === null ? weight(sentence) : 0));
  if (sum(others.slice(0, first)) > WORDS_BEFORE) return null;
  if (sum(others.slice(first)) > WORDS_AFTER) return null;
  return found[first] ?? null;
}

/** What is quoted or code is nobody's promise; its words still count. */
function withoutQuotations(text: string): string {
  const blank = (quoted: string) => quoted.replace(/\S+/gu, "code");
  const outside = (part: string) =>
    part
      .replace(/`[^`\n]+`|"[^"\n]+"|“[^”\n]+”|„[^“\n]+“|«[^»\n]+»/gu, blank)
      .replace(/^[ \t]*>.*$/gmu, blank);
  return text
    .split("```")
    .map((part, at) => (at % 2 === 0 ? outside(part) : `\n${blank(part)}\n`))
    .join("");
}

const bare = (line: string): string =>
  line
    .replace(/\*+/gu, "")
    .replace(/^\s*(?:[#-]+|\d+[.)])?\s*/u, "")
    .replace(/\s+/gu, " ")
    .trim();

function promiseIn(sentence: string, isLast: boolean): string | null {
  if (DEFERRED.test(sentence.replace(WHETHER, "check whether"))) return null;
  const match =
    PROMISE.exec(sentence) ??
    UNFINISHED.exec(sentence) ??
    (isLast ? ANNOUNCED.exec(sentence) : null);
  const phrase = match?.[1];
  if (match === null || phrase === undefined) return null;
  const rest = sentence.slice(match.index + match[0].length);
  if (words(rest) > WORDS_BEHIND) return null;
  if (TELLS.test(rest) && !WONDERS.test(`${phrase} ${rest}`)) return null;
  return phrase;
}

const words = (sentence: string): number => sentence.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
const weight = (sentence: string): number => (FILLER.test(sentence) ? 0 : words(sentence));
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
