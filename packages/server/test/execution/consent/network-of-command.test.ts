import type { HostGrant } from "@mainstay/sdk/network";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NEEDS_NETWORK } from "../../../src/execution/classify/programs/network-needs.ts";
import {
  type NetworkFacts,
  networkInWords,
  networkOf,
  takenAway,
} from "../../../src/execution/consent/network-of-command.ts";

const grant = fc.record({
  host: fc.constantFrom("a.example", "b.example", "*.c.example"),
  port: fc.constantFrom(null, 443, 8443),
  inside: fc.boolean(),
});
const grants = fc.array(grant, { maxLength: 4 });
const anyFacts: fc.Arbitrary<NetworkFacts> = fc.record({
  classified: fc.record({
    verdict: fc.constantFrom("safe" as const, "ask" as const, "blocked" as const),
    findings: fc.constant([]),
  }),
  allowed: grants,
  opened: grants,
  named: fc.option(grants),
});
const has = (hosts: readonly HostGrant[], one: HostGrant) =>
  hosts.some((host) => JSON.stringify(host) === JSON.stringify(one));

test("nothing is reached that neither workspace nor call allows; what only reads reaches what its call opens (1)", () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const hosts = networkOf(facts)?.hosts ?? [];
      const of_workspace = facts.classified.verdict === "safe" ? [] : facts.allowed;
      for (const host of hosts) expect(has([...of_workspace, ...facts.opened], host)).toBe(true);
      for (const host of facts.opened) expect(has(hosts, host)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("a word for one command covers what it named, as far as it is still allowed (2)", () => {
  fc.assert(
    fc.property(anyFacts, grants, (facts, named) => {
      const hosts = networkOf({ ...facts, opened: [], named })?.hosts ?? [];
      for (const host of hosts) expect(has(named, host) && has(facts.allowed, host)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("what is taken away before the order is named; what is added is not missed", () => {
  fc.assert(
    fc.property(grants, grants, (planned, now) => {
      const lost = takenAway({ hosts: planned }, { hosts: now });
      expect(lost === null).toBe(planned.every((host) => has(now, host)));
    }),
    { numRuns: 2_000 },
  );
  expect(takenAway({ hosts: [] }, null)).toBeNull();
});

test("what needs the network by its words gets a proxy that tells, whatever else runs gets none (3)", () => {
  const facts = { allowed: [], opened: [], named: null };
  const asking = (reason: string) => ({
    ...{ verdict: "ask" as const },
    findings: [{ verdict: "ask" as const, reason, part: null }],
  });
  const network = networkOf({ ...facts, classified: asking(`npm install ${NEEDS_NETWORK}`) });
  expect(network).toEqual({ hosts: [] });
  expect(networkOf({ ...facts, classified: asking("npm test runs code") })).toBeNull();
  expect(networkInWords({ hosts: [] }, true)).toMatch(/no host is allowed here/);
  expect(networkInWords({ hosts: [] }, false)).toBeNull();
});
