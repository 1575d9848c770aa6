import type { ToolSpec } from "../../kernel/model.ts";
import { markersFor } from "./markers.ts";
import { vocabularyOf } from "./plan-words.ts";
import type { Suspicion } from "./scanner.ts";
import type { Wanted } from "./wanted.ts";

/** What of a request decides how its answer is read. */
export interface Asked {
  readonly tools: readonly ToolSpec[];
  /** The person's words. */
  readonly said: string;
  /** All that the model was shown. */
  readonly messages?: readonly { readonly text: string }[];
}

const words = (...sources: string[]): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])(?:${sources.join("|")})(?![\\p{L}\\p{N}])`, "iu");

/** They lead to an example: to what is shown, or to where the person is to put it. */
const SHOWS = words(
  "\\w*\\.(?:jsonc?|ya?ml|toml|ts|js|py)|examples?|e\\.g|for instance|looks? like|such as|like (?:this|so)",
  "payload|webhook|response|request|body|schema|config(?:uration)?|settings?|snippet|format|syntax|structure",
  "returns?|returned|sends?|contains?|reads?|output|emits|receives?",
  "(?:add|put|paste|save|set|insert|create|define|write|change|replace|register) (?:this|the|it|an?|these|your)",
  "here it is|here you (?:go|are)|here(?:['’]s| is| are) (?:an?|one|some|your)|one of them is",
  "beispiel|antwort|sieht so aus|füge|exemple|réponse|ejemplo|respuesta",
);

/** By them a model leads to what it is about to do itself. */
const PROMISES = words(
  "I(?:['’]ll| will| am going to|['’]m going to| need to| should| must| want to|['’]d like to| am|['’]m)",
  "let me|let['’]s|let us|my (?:plan|next)|next action|tool call|calling|running|executing|invoking",
  "ich (?:werde|führe|rufe|nutze|muss|schaue|prüfe)|lass mich|je vais|laissez-moi|voy a|déjame",
);

/** What leads to an object stands just before it: further up something else was led to. */
const leadingLine = (lead: string): string => lead.trimEnd().split("\n").at(-1) ?? "";

/** Whether a sentence says that something is about to be done, and none that it is not. */
export const promises = (prose: string): boolean => PROMISES.test(prose) && !refuses(prose);

const REFUSES = words(
  "\\w+n['’]t|cannot|not|never|no|refus\\w*|den(?:y|ied|ies)|declin\\w*|skip\\w*|avoid\\w*|unsafe|dangerous|forbid\\w*",
  "reject\\w*|block\\w*|against|instead of|already|done|nicht|kein\\w*|nie|pas|jamais|nunca",
);

/** Whether a text says that something is not to be done, or was. */
export const refuses = (text: string): boolean => REFUSES.test(text);

const illustrates = (lead: string): boolean =>
  SHOWS.test(leadingLine(lead)) && !PROMISES.test(leadingLine(lead));

/** What is to be held back of an answer to this person. */
export function suspicionFor({ tools }: Asked, wanted: Wanted): Suspicion {
  const isKnown = vocabularyOf(tools);
  return {
    markers: markersFor(tools, wanted),
    holds: (lead) => !wanted.plans && !illustrates(lead),
    clears: (key) => wanted.data && !isKnown(key),
  };
}
