import type { ToolSpec } from "../../kernel/model.ts";
import { markersFor } from "./markers.ts";
import { vocabularyOf } from "./plan-words.ts";
import type { Place, Suspicion } from "./spans.ts";
import { type Wanted, wantedBy } from "./wanted.ts";

export interface Asked {
  readonly tools: readonly ToolSpec[];
  /** The person's words. */
  readonly said: string;
}

/** Words that lead to an example, before a block or an object that shows one. */
const SHOWS =
  /(?:\.(?:json|ya?ml|toml|jsonc|ts|js|py)\b|\b(?:for example|example|e\.g\.|for instance|looks? like|such as|like this|payload|webhook|response|request|body|schema|config(?:uration)?|settings?|snippet|format|returns?|sends?|contains?|reads?|output|result|emits|receives?|syntax|structure|would be|is:|are:|z\. ?B\.|Beispiel|Antwort|sieht so aus|exemple|réponse|ejemplo|respuesta))/iu;

/** Words by which a model leads to what it is about to do. */
const PROMISES =
  /(?:\b(?:I(?:['’]ll| will| am going to|['’]m going to| need to| should| must| can| want to|['’]d)|let me|let['’]s|let us|first|next|now|then|plan|action|tool|call|calling|running|executing|using|invoking|command|step)\b|\bich (?:werde|führe|rufe|nutze|muss)|\bzuerst\b|\bje vais\b|\bvoy a\b)/iu;

/** The line that leads to it, and no more: what was said further up led elsewhere. */
function leadingLine(lead: string): string {
  const trimmed = lead.trimEnd();
  return trimmed.slice(trimmed.lastIndexOf("\n") + 1);
}

export const promises = (lead: string): boolean => PROMISES.test(leadingLine(lead));

const illustrates = (lead: string): boolean => {
  const line = leadingLine(lead);
  return SHOWS.test(line) && !PROMISES.test(line);
};

/** What is held back of a reply to this request. */
export function suspicionFor({ tools, said }: Asked, wanted: Wanted = wantedBy(said)): Suspicion {
  const isKnown = vocabularyOf(tools);
  return {
    markers: wanted.plans || wanted.markup ? [] : markersFor(tools),
    holds: (place: Place) => !wanted.plans && !illustrates(place.lead),
    clears: (key) => wanted.data && !isKnown(key),
  };
}
