import { type FaultKind, faultKinds, wireFault } from "@mainstay/fake-provider/faults";
import fc from "fast-check";
import { expect, test } from "vitest";
import { classify, type Seen } from "../../../src/providers/policy/classify.ts";
import { type AttemptCode, traits } from "../../../src/providers/policy/codes.ts";
import { type ProviderType, providerTypes } from "../../../src/providers/target.ts";
import { worded } from "./error-bodies.ts";

const textOf = (body: unknown): string => (typeof body === "string" ? body : JSON.stringify(body));
const seen = (part: Partial<Seen>): Seen => ({
  ...{ type: "openai", status: null, headers: {}, body: "", thrown: null },
  ...part,
});

const wires = ["openai", "cerebras", "groq", "mistral", "cohere", "anthropic", "google"] as const;
const codeOfKind = (kind: FaultKind): AttemptCode => {
  if (kind === "rate_day") return "rate";
  return kind === "bad_request" ? "rejected" : kind;
};

test.each(wires.flatMap((wire) => faultKinds.map((kind) => [wire, kind] as const)))(
  "%s: what it refuses with for %s is read as that",
  (wire, kind) => {
    const { status, body } = wireFault(wire, kind);
    const { code } = classify(seen({ type: wire, status, body: textOf(body) }));
    expect(code).toBe(codeOfKind(kind));
  },
);

test.each(worded.map((each) => [each.type, each.status, each.code, textOf(each.body)] as const))(
  "%s %s is %s: %s",
  (type, status, code, body) => {
    expect(classify(seen({ type, status, body })).code).toBe(code);
  },
);

test.each<[string, AttemptCode]>([
  ["fetch failed: connect ECONNREFUSED 127.0.0.1:9 (ECONNREFUSED)", "connect"],
  ["fetch failed: other side closed (UND_ERR_SOCKET)", "connect"],
  ["Cannot connect to API: getaddrinfo ENOTFOUND api.groq.com (ENOTFOUND)", "connect"],
  ["terminated: other side closed (UND_ERR_SOCKET)", "cut"],
  ["Empty response body", "empty"],
  ["JSON parsing failed: Text: the operation was aborted.", "malformed"],
  ["Type validation failed: Value: {}", "malformed"],
  ["This operation was aborted", "cancelled"],
])("without an answer, %j is %s", (thrown, code) => {
  expect(classify(seen({ thrown })).code).toBe(code);
});

test("an empty answer and one that is no JSON, under 200", () => {
  expect(classify(seen({ status: 200, thrown: "Empty response body" })).code).toBe("empty");
  expect(classify(seen({ status: 200, thrown: "Invalid JSON response" })).code).toBe("malformed");
});

test("the message is the provider's own, with the status, and of a page only its title", () => {
  const told = (status: number, body: string) => classify(seen({ status, body })).message;
  expect(told(503, '{"error":{"message":"Over capacity"}}')).toBe("503: Over capacity");
  expect(told(502, "<html><title>502 Bad Gateway</title>")).toBe(
    "502: an HTML page in the place of an answer: 502 Bad Gateway",
  );
  const page = {
    status: 400,
    body: "<!-- a proxy --> no",
    headers: { "content-type": "text/html" },
  };
  expect(classify(seen(page)).code).toBe("malformed");
  expect(told(500, "upstream reset")).toBe("500: upstream reset");
  expect(told(500, "")).toBe("500: it gave no reason");
  expect(told(500, `{"message":"${"x".repeat(60_000)}"}`).length).toBeLessThan(2_100);
});

/** What a person could write so that an error which quotes them looks like another. */
const quotable = [
  "API key not valid. Please pass a valid API key.",
  "invalid_api_key",
  "Your credit balance is too low",
  "insufficient_quota",
  "You have reached your specified API usage limits",
  "payment required",
  '"code":"insufficient_quota"',
  "The model is overloaded",
  "The model does not exist",
  "server_error",
];

test("a message that quotes a person retires no key, and opens no breaker", () => {
  const quoting = fc.record({
    type: fc.constantFrom<ProviderType>(...providerTypes),
    status: fc.constantFrom(400, 404, 413, 422, 500, 503),
    before: fc.stringMatching(/^[A-Za-z0-9 ]{1,20}$/),
    quoted: fc.constantFrom(...quotable),
    shape: fc.constantFrom<(message: string, quoted: string) => object>(
      (message) => ({ error: { message, type: "invalid_request_error", code: null } }),
      (message) => ({ message }),
      (message, code) => ({ detail: [{ msg: message, input: { code, type: code } }] }),
    ),
  });
  fc.assert(
    fc.property(quoting, ({ type, status, before, quoted, shape }) => {
      const body = JSON.stringify(shape(`Invalid value: '${before}${quoted}'`, quoted));
      const { code } = classify(seen({ type, status, body }));
      expect(traits[code].blames).not.toBe("credential");
      if ([400, 413, 422].includes(status)) expect(traits[code].blames).toBe("request");
    }),
    { numRuns: 500 },
  );
});

test("whatever comes, a fault is read, and in time that grows with it alone", () => {
  const status = fc.option(fc.integer({ min: 100, max: 999 }));
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom(...worded.map((w) => textOf(w.body))),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...providerTypes),
      status,
      body,
      fc.string(),
      (type, code, text, thrown) => {
        const fault = classify(seen({ type, status: code, body: text, thrown }));
        expect(traits[fault.code]).toBeDefined();
        expect(fault.message.length).toBeLessThan(3_000);
      },
    ),
    { numRuns: 500 },
  );
  for (const piece of ["[", '{"error":', "input is ", "exceeds the ", "model ", "<title>"]) {
    const text = piece.repeat(65_536 / piece.length);
    classify(seen({ status: 400, body: text }));
    classify(seen({ status: 400, body: JSON.stringify({ message: text }) }));
  }
});
