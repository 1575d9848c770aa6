import fc from "fast-check";
import { expect, test } from "vitest";
import { classify } from "../../../src/execution/classify/classify.ts";
import { cardOf } from "../../../src/execution/consent/card.ts";
import { commandInWords } from "../../../src/execution/consent/command-in-words.ts";
import { inPlainWords } from "../../../src/execution/consent/in-plain-words.ts";
import { changedPaths, nothingPinned } from "../../../src/execution/consent/pins.ts";
import { visible, visibleLine } from "../../../src/execution/consent/visible.ts";

/** U+2800 is a symbol by name and a blank on the screen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u00a0]/u;

test("whatever is in a command, what is shown of it has nothing invisible, and its lines stand", () => {
  const tricky = fc.constantFrom("\n", "\t", "\u202e", "\u200b", "\u3164", "\u2800", "\ud800");
  const text = fc.array(fc.oneof(tricky, fc.string({ unit: "binary" }))).map((all) => all.join(""));
  fc.assert(
    fc.property(text, (command) => {
      const shown = visible(command);
      expect(shown.replaceAll(/[\n\t]/g, "")).not.toMatch(UNSEEN);
      expect(shown.split("\n").length).toBe(command.split("\n").length);
      expect(visibleLine(command)).not.toMatch(/[\n\t]/);
      expect(shown.isWellFormed()).toBe(true);
      expect(commandInWords({ folder: "", words: [command] })).not.toMatch(UNSEEN);
    }),
    { numRuns: 1_000 },
  );
  expect(visible("rm\u202e x\u200b")).toBe("rm\\u{202e} x\\u{200b}");
});

test("two commands do not read alike: words that are not plain stand in quotes", () => {
  expect(commandInWords({ folder: "sub", words: ["npm", "run", "a b", "it's"] })).toBe(
    String.raw`npm run 'a b' 'it'\''s' (in sub)`,
  );
  const piece = fc.constantFrom(
    "a",
    " ",
    "'",
    "(in",
    ")",
    "(",
    "in",
    "sub",
    ";",
    ",",
    "",
    "\u3164",
  );
  const word = fc.array(piece, { maxLength: 3 }).map((all) => all.join(""));
  const command = fc.record({
    words: fc.array(word, { minLength: 1, maxLength: 3 }),
    folder: fc.constantFrom("", "sub", "a (in sub", "sub) (in a"),
  });
  fc.assert(
    fc.property(command, command, (one, other) => {
      const alike = commandInWords(one) === commandInWords(other);
      expect(alike).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
    { numRuns: 5_000 },
  );
});

test("a card says of a path outside that agreeing does not show it to the command", () => {
  const saysOf = (command: string) =>
    inPlainWords({
      classified: classify(command, { root: import.meta.dirname }),
      ...{ pinning: nothingPinned, network: null, opened: null },
      ...{ wall_ms: 60_000, background: false, again: null },
    }).join("\n");
  expect(saysOf("cat ../other/data.txt")).toMatch(/^does not see what lies outside the workspace/);
  expect(saysOf("rm data.txt")).not.toContain("outside");
});

test("a card says what runs, of what, for how long, and why it asks again", () => {
  const program = { path: "check.sh", sha256: "1", bytes: 3, head: "id\n" };
  const card = cardOf({
    command: "sh check.sh && npm test",
    unsandboxed: false,
    classified: {
      ...{ verdict: "ask", reason: "sh runs a script", part: "sh check.sh" },
      findings: [{ verdict: "ask", reason: "sh runs a script", part: "sh check.sh" }],
      asks: [
        { folder: "", words: ["sh", "check.sh"] },
        { folder: "", words: ["npm", "test"] },
      ],
      runs: [{ path: "check.sh", changed: false }],
    },
    pinning: {
      ...nothingPinned,
      pins: [{ path: "check.sh", sha256: "1", hold: true }],
      programs: [program],
    },
    ...{ network: null, opened: null, needs_person: false },
    wall_ms: 600_000,
    background: true,
    again: "asked again: since ada approved it, this changed: check.sh",
    suggestion: null,
  });
  expect(card.says).toEqual([
    "asked again: since ada approved it, this changed: check.sh",
    "runs sh check.sh: code of this workspace, which the agent may have written",
    "runs npm test: code of this workspace, which the agent may have written",
    expect.stringMatching(/^runs check\.sh: .* these very bytes run, or nothing does$/),
    "goes on in the background, also when the turn has ended",
    "is killed after 10 min",
  ]);
  expect(card.rule).toBe("sh check.sh (while check.sh stays as it is); npm test");
  expect(card.runs).toEqual([program]);
});

test("a card says what a manifest leaves open, what cannot work here, and nothing twice", () => {
  const program = (path: string) => ({ path, sha256: "1", bytes: 3, head: "" });
  const programs = [program("package.json"), program("sub/deploy.sh")];
  const { says } = cardOf({
    command: "",
    unsandboxed: false,
    classified: {
      ...{ verdict: "ask", reason: "", part: null, runs: [] },
      findings: [
        {
          ...{ verdict: "ask", part: "curl x" },
          reason: "curl needs the network",
        },
      ],
      asks: [
        { folder: "", words: ["npm", "test"] },
        { folder: "sub", words: ["./deploy.sh"] },
        { folder: "", words: ["node", "-e", "1"] },
      ],
    },
    pinning: { ...nothingPinned, programs },
    ...{ network: { hosts: [] }, opened: null, needs_person: false },
    ...{ wall_ms: 60_000, background: false, again: null, suggestion: null },
  });
  expect(says).toEqual([
    "needs the network, and no host is allowed here: it will say which it wanted",
    "runs npm test: code of this workspace, which the agent may have written",
    expect.stringMatching(/^runs \.\/deploy\.sh \(in sub\): .* or nothing does$/),
    "runs node -e 1: code that stands in the command",
    "runs what package.json says: these very bytes of it, or nothing runs; the code that it calls is the workspace's, as it is then",
    "is killed after 1 min",
  ]);
});

test("what changed since consent is named, also what came or went", () => {
  const then = JSON.stringify([
    { path: "same", sha256: "1" },
    { path: "other", sha256: "1" },
    { path: "gone", sha256: "1" },
    { path: "made", sha256: null },
  ]);
  const now = JSON.stringify([
    { path: "same", sha256: "1" },
    { path: "other", sha256: "2" },
    { path: "made", sha256: "1" },
    { path: "new", sha256: "1" },
  ]);
  expect(changedPaths(then, now).toSorted()).toEqual(["gone", "made", "new", "other"]);
});
