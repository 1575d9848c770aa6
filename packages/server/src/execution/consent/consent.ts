import type { ConsentKind } from "@mainstay/sdk/audit";
import type { Verdict } from "../classify/classify.ts";
import type { Limit } from "./ceiling.ts";

interface Whose {
  readonly id: string;
  readonly name: string;
}

interface AgreeingRule {
  readonly id: string;
  /** What it allows, in words. */
  readonly text: string;
  readonly made_by: Whose;
}

/** All that bears on whether one command may run. What was not looked up, because the verdict needs none, is null. */
export interface ConsentFacts {
  readonly verdict: Verdict;
  /** Of the strictest finding. */
  readonly reason: string;
  readonly limit: Limit;
  /** It opens something, or no sandbox keeps it. */
  readonly needs_person: boolean;
  /** It goes on by itself, also when nobody looks any more. */
  readonly background: boolean;
  /** Name of who denied this very call. */
  readonly denied_by: string | null;
  /** Approved for this very call: these bytes, with these bytes of what it runs. */
  readonly approval: { readonly id: string; readonly by: Whose } | null;
  /** They agree to every part of it. */
  readonly rules: readonly AgreeingRule[] | null;
  readonly override: { readonly id: string; readonly by: Whose } | null;
}

/** Who agreed, by what. */
export interface Agreement {
  readonly kind: ConsentKind;
  /** For people. */
  readonly told: string;
  /** Cannot be mistaken for another: a policy's name or a person's id. */
  readonly decided_by: string;
  /** The person's id; null where a policy agreed. */
  readonly person_id: string | null;
  /** Of the approval, the override, or the rules, with commas. */
  readonly id: string | null;
}

export type Consent =
  | { readonly kind: "agreed"; readonly agreement: Agreement }
  | { readonly kind: "ask" }
  | {
      readonly kind: "refused";
      readonly code: "blocked" | "denied" | "policy" | "opening";
      readonly why: string;
    };

/**
 * Whether a command may run, and on whose word. Pure.
 *
 * 1. A blocked command runs on an override only, and an override is for nothing else.
 * 2. An admin's ceiling is above everything: no approval, rule, trust or override passes it.
 * 3. A person's *no* to this call is above rules and trust.
 * 4. Without anybody's word nothing runs but what is safe, or asks in a workspace that is trusted.
 * 5. What needs a person runs on a word for this very call, whatever its verdict.
 * 6. No rule is for the background: it was made of a command that its person saw end.
 */
export function consentTo(facts: ConsentFacts): Consent {
  const { verdict, limit, needs_person, background, denied_by, approval, rules, override } = facts;
  if (limit.ceiling === "none") return byPolicy(`${limit.by} lets no command run`);
  if (verdict === "safe" && !needs_person)
    return agreed({ kind: "policy", ...policy("policy: read-only") });
  if (limit.ceiling === "read-only")
    return byPolicy(`${limit.by} lets only commands run that read, and ${whyNot(facts)}`);
  if (denied_by !== null) return { kind: "refused", code: "denied", why: denied_by };
  if (verdict === "blocked")
    return override === null ? blocked(facts.reason) : agreed(byOverride(override));
  if (limit.ceiling === "trust" && !needs_person)
    return agreed({ kind: "trust", ...policy("policy: trusted workspace") });
  if (approval !== null) return agreed(byPerson(approval));
  const [first] = needs_person || background ? [] : (rules ?? []);
  return first === undefined ? { kind: "ask" } : agreed(byRules(first, rules ?? []));
}

const whyNot = ({ verdict, reason }: ConsentFacts): string =>
  verdict === "safe" ? "this one needs a person's consent" : reason;

const agreed = (agreement: Agreement): Consent => ({ kind: "agreed", agreement });
const blocked = (why: string): Consent => ({ kind: "refused", code: "blocked", why });
const byPolicy = (why: string): Consent => ({ kind: "refused", code: "policy", why });

const policy = (name: string) => ({ told: name, decided_by: name, person_id: null, id: null });

const byPerson = ({ id, by }: { id: string; by: Whose }): Agreement => ({
  ...{ kind: "person", told: by.name, id },
  ...signedBy(by),
});

const byOverride = ({ id, by }: { id: string; by: Whose }): Agreement => ({
  ...{ kind: "override", told: `override by ${by.name}`, id },
  ...signedBy(by),
});

function byRules(first: AgreeingRule, rules: readonly AgreeingRule[]): Agreement {
  const makers = [...new Set(rules.map(({ made_by }) => made_by.name))].join(", ");
  const told = rules.map(({ text }) => text).join("; ");
  return {
    ...{ kind: "rule", told: `rule: ${told} (made by ${makers})` },
    ...{ ...signedBy(first.made_by), id: rules.map(({ id }) => id).join(",") },
  };
}

const signedBy = ({ id }: Whose) => ({ decided_by: id, person_id: id });
