import { HostGrant } from "@mainstay/sdk/network";
import { Approval } from "@mainstay/sdk/resources";
import { z } from "zod";
import type { Classified } from "../classify/classify.ts";
import { inPlainWords, type ToSay } from "./in-plain-words.ts";
import type { Pinning } from "./pins.ts";
import { ruleTermsFor } from "./rule-match.ts";
import { rulesInWords } from "./rule-in-words.ts";
import { Terms, termsOf } from "./terms.ts";
import { visible } from "./visible.ts";

const FINDINGS = 16;

/** What a person is shown of a command before they agree to it. It is kept: it is what was agreed to. */
export const Card = Approval.pick({
  command_shown: true,
  findings: true,
  says: true,
  runs: true,
  rule: true,
  suggestion: true,
}).extend({
  // Cards of older versions do not say: commands had no network.
  hosts: z.array(HostGrant).default([]),
  ...Terms.shape,
});
export type Card = z.infer<typeof Card>;

export interface CardParts extends Omit<ToSay, "classified"> {
  readonly command: string;
  readonly classified: Classified;
  readonly pinning: Pinning;
  readonly suggestion: string | null;
  readonly unsandboxed: boolean;
  /** Nothing but a word for this very call lets it run. */
  readonly needs_person: boolean;
}

export function cardOf(parts: CardParts): Card {
  const { command, classified, suggestion, needs_person, unsandboxed, ...say } = parts;
  const rulable = ruleTermsFor(classified, say.pinning);
  return {
    command_shown: visible(command),
    findings: classified.findings.slice(0, FINDINGS).map((finding) => ({ ...finding })),
    says: inPlainWords({ classified, ...say }),
    runs: [...say.pinning.programs],
    rule: rulable.possible && !needs_person ? rulesInWords(rulable.terms) : null,
    suggestion: needs_person ? null : suggestion,
    hosts: [...(say.network?.hosts ?? [])],
    ...termsOf({ unsandboxed, ...say }),
  };
}

/** Of an approval that was made anew from its journal, or asked by an older version. */
export const bareCard = (command: string, reason: string): Card => ({
  command_shown: visible(command),
  findings: [{ verdict: "ask", reason, part: null }],
  ...{ says: [], runs: [], rule: null, suggestion: null, hosts: [] },
  ...Terms.parse({}),
});

/** Null where there is none. */
export const parseCard = (text: string | null): Card | null =>
  text === null ? null : Card.parse(JSON.parse(text));
