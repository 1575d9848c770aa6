import type { Ceiling } from "@mainstay/sdk/consent";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Limit, lowest } from "../../../src/execution/consent/ceiling.ts";
import { type ConsentFacts, consentTo } from "../../../src/execution/consent/consent.ts";

const ceilings: readonly Ceiling[] = ["none", "read-only", "ask", "trust"];
const ada = { id: "usr_ada", name: "ada" };

const anyFacts: fc.Arbitrary<ConsentFacts> = fc.record({
  verdict: fc.constantFrom("safe", "ask", "blocked"),
  reason: fc.constant("it writes"),
  limit: fc.record({ ceiling: fc.constantFrom(...ceilings), by: fc.constant("the policy") }),
  needs_person: fc.boolean(),
  background: fc.boolean(),
  denied_by: fc.option(fc.constant("ada")),
  approval: fc.option(fc.constant({ id: "apr_1", by: ada })),
  rules: fc.option(fc.array(fc.constant({ id: "rule_1", text: "make", made_by: ada }))),
  override: fc.option(fc.constant({ id: "ovr_1", by: ada })),
});

const RUNS = 2_000;
const holds = (check: (facts: ConsentFacts) => void) =>
  fc.assert(fc.property(anyFacts, check), { numRuns: RUNS });

test("a blocked command runs on an override only, and an override is for nothing else (1)", () => {
  holds((facts) => {
    const consent = consentTo(facts);
    if (consent.kind !== "agreed") return;
    const is_override = consent.agreement.kind === "override";
    expect(is_override).toBe(facts.verdict === "blocked");
    if (is_override) expect(consent.agreement.id).toBe(facts.override?.id);
  });
});

test("no word of anybody passes an admin's ceiling (2)", () => {
  holds((facts) => {
    const consent = consentTo(facts);
    const { ceiling } = facts.limit;
    const is_more = facts.verdict !== "safe" || facts.needs_person;
    if (ceiling === "none" || (ceiling === "read-only" && is_more))
      expect(consent).toMatchObject({ kind: "refused", code: "policy" });
    else expect(consent).not.toMatchObject({ code: "policy" });
    if (consent.kind === "agreed" && consent.agreement.kind === "trust")
      expect(ceiling).toBe("trust");
  });
});

test("a person's no to a call is above rules, trust and earlier words (3)", () => {
  holds((facts) => {
    if (facts.denied_by === null || (facts.verdict === "safe" && !facts.needs_person)) return;
    expect(consentTo(facts).kind).toBe("refused");
  });
});

test("without anybody's word only what is safe runs, or asks where the workspace is trusted (4)", () => {
  holds((facts) => {
    const consent = consentTo({ ...facts, approval: null, rules: null, override: null });
    if (consent.kind !== "agreed") return;
    expect(["policy", "trust"]).toContain(consent.agreement.kind);
    expect(facts.verdict === "safe" || facts.limit.ceiling === "trust").toBe(true);
  });
});

test("what agreed is named: its kind, its id, and a person where a person did", () => {
  holds((facts) => {
    const consent = consentTo(facts);
    if (consent.kind !== "agreed") return;
    const { kind, id, person_id, told } = consent.agreement;
    const is_policy = kind === "policy" || kind === "trust";
    expect(id === null).toBe(is_policy);
    expect(person_id === null).toBe(is_policy);
    expect(told).not.toBe("");
  });
});

test("the lowest ceiling counts, whatever its place, and trust needs all of them", () => {
  const anyLimit: fc.Arbitrary<Limit> = fc.record({
    ceiling: fc.constantFrom(...ceilings),
    by: fc.string(),
  });
  fc.assert(
    fc.property(fc.boolean(), fc.array(anyLimit, { maxLength: 4 }), (is_trusted, policies) => {
      const ranks = policies.map(({ ceiling }) => ceilings.indexOf(ceiling));
      const least = Math.min(is_trusted ? 3 : 2, ...ranks);
      expect(lowest(is_trusted, policies).ceiling).toBe(ceilings[least]);
    }),
  );
});

test("what needs a person runs on a word for this very call, whatever its verdict (5)", () => {
  holds((facts) => {
    const consent = consentTo({ ...facts, needs_person: true });
    if (consent.kind !== "agreed") return;
    expect(["person", "override"]).toContain(consent.agreement.kind);
    expect(consent.agreement.person_id).toBe(ada.id);
  });
});

test("no rule is for the background (6)", () => {
  holds((facts) => {
    const consent = consentTo({ ...facts, background: true });
    if (consent.kind === "agreed") expect(consent.agreement.kind).not.toBe("rule");
  });
});
