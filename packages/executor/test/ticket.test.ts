import { ConsentKind } from "@mainstay/sdk/audit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { letsThrough, planDigest, signTicket, Ticket, verifyTicket } from "../src/ticket.ts";

const key = Buffer.alloc(32, 7);
const now = 1_800_000_000_000;
const agreed: Omit<Ticket, "mac"> = {
  plan: {
    command_id: "c-1",
    person_id: "ada",
    person_uid_number: 1,
    workspace_id: "w",
    run: { kind: "script", script: "echo häßlich" },
    stdin: "in",
    profile: "agent",
    network: null,
    openings: [],
    pins: [{ path: "bin/go", sha256: "0".repeat(64), hold: true }],
    limits: { wall_ms: 1000, output_bytes: 4096 },
  },
  consent: { verdict: "ask", kind: "rule", decided_by: "ada", agreement_id: "r-1" },
  expires_at: now + 1000,
  nonce: "0123456789abcdef",
};
const ticket = signTicket(key, agreed);
const code = (claimed: unknown, at = now, by = key) => {
  const verified = verifyTicket(by, claimed, at);
  return verified.ok ? "ok" : verified.code;
};

test("a ticket is good until it expires, under its own key only", () => {
  expect(verifyTicket(key, ticket, now)).toEqual({
    ok: true,
    ticket,
    digest: planDigest(ticket.plan),
  });
  expect(code(ticket, now + 999)).toBe("ok");
  expect(code(ticket, now + 1000)).toBe("expired");
  expect(code(ticket, now, Buffer.alloc(32, 8))).toBe("bad_mac");
  expect(code(signTicket(key, { ...agreed, expires_at: now + 8.64e7 + 1 }))).toBe(
    "expires_too_late",
  );
});

test("what is no ticket is malformed, never thrown", () => {
  fc.assert(
    fc.property(fc.anything(), (anything) => {
      expect(code(anything)).toBe("malformed");
    }),
  );
  expect(code({ ...ticket, extra: 1 })).toBe("malformed");
  expect(code({ ...ticket, plan: { ...ticket.plan, argv: ["id"] } })).toBe("malformed");
  expect(code({ ...ticket, plan: { ...ticket.plan, run: { kind: "argv", argv: ["a\0b"] } } })).toBe(
    "malformed",
  );
});

test("a digest does not depend on the order of fields", () => {
  const { plan } = ticket;
  const reversed = Object.fromEntries(Object.entries(plan).toReversed()) as typeof plan;
  expect(planDigest(reversed)).toBe(planDigest(plan));
  expect(code({ ...ticket, plan: reversed })).toBe("ok");
});

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** Every path to a leaf of the ticket. */
function leaves(value: Json, at: (string | number)[] = []): (string | number)[][] {
  if (value === null || typeof value !== "object") return [at];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...at, name]));
}

function replaced(value: Json, [name, ...rest]: (string | number)[], by: Json): Json {
  if (name === undefined) return by;
  const copy = structuredClone(value) as { [name: string]: Json };
  copy[name] = replaced(copy[name] ?? null, rest, by);
  return copy;
}

function mutated(value: Json, seed: number): Json {
  if (typeof value === "number") return value + 1 + seed;
  if (typeof value !== "string") return "x";
  const at = seed % value.length;
  const other = value[at] === "b" ? "c" : "b";
  return value.slice(0, at) + other + value.slice(at + 1);
}

test("any one field changed anywhere is refused", () => {
  const paths = leaves(ticket as unknown as Json);
  expect(paths.length).toBe(21);
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.nat(100), (path, seed) => {
      const old = path.reduce<Json>(
        (value, name) => (value as { [name: string]: Json })[name] ?? null,
        ticket as unknown as Json,
      );
      const forged = replaced(ticket as unknown as Json, path, mutated(old, seed));
      expect(code(forged)).toMatch(/^(bad_mac|malformed)$/);
    }),
    { numRuns: 400 },
  );
});

/** In the string as JSON writes it: a quote or a bracket there makes it no JSON, or another shape. */
test("any one byte of it changed is refused, at every place", () => {
  const text = JSON.stringify(ticket);
  let judged = 0;
  for (let place = 0; place < text.length; place += 1) {
    for (const other of ["0", "b", '"', "1"]) {
      const claimed = parsed(text.slice(0, place) + other + text.slice(place + 1));
      if (claimed === undefined || JSON.stringify(claimed) === text) continue;
      judged += 1;
      if (!["bad_mac", "malformed"].includes(code(claimed))) expect.fail(JSON.stringify(claimed));
    }
  }
  expect(judged).toBeGreaterThan(1_000);
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

test("which consent lets what through", () => {
  const through = (["safe", "ask", "blocked"] as const).map((verdict) =>
    ConsentKind.options.filter((kind) => letsThrough({ kind, verdict })),
  );
  expect(through).toEqual([
    ["policy", "trust", "person", "rule"],
    ["trust", "person", "rule"],
    ["override"],
  ]);
});

test.for(["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", ".", "a/./b", "a\0b"])(
  "a pin of %j is malformed",
  (path) => {
    const pins = [{ path, sha256: "0".repeat(64), hold: true }];
    expect(code(signTicket(key, { ...agreed, plan: { ...agreed.plan, pins } }))).toBe("malformed");
  },
);
