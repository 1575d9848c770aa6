import { array, assert, constantFrom, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { approvalCard } from "../src/conversation/approval-card.ts";
import { approval } from "./scripted-agent.ts";

const HASH = "3f".repeat(32);
const linesOf = (...args: Parameters<typeof approvalCard>) =>
  approvalCard(...args).map(({ text }) => text);

const full = {
  ...approval,
  intent: "run the tests",
  command_shown: "npm test && sh check.sh",
  findings: [
    { verdict: "ask" as const, reason: "it runs code of the workspace", part: "npm test" },
    { verdict: "ask" as const, reason: "it runs a script", part: "sh check.sh" },
  ],
  says: ["runs npm test: code of this workspace", "is killed after 2 min"],
  runs: [{ path: "check.sh", sha256: HASH, bytes: 18, head: "#!/bin/sh\necho ok\n" }],
  rule: "npm test; sh check.sh while check.sh stays as it is",
  suggestion: "You approved `npm test` in this workspace 3 times",
};

test("the card tells what, why, where, with which reach, for whom, until when, and what a rule is", () => {
  expect(linesOf(full, Infinity)).toEqual([
    "Mainstay asks to run this: run the tests",
    "  │ npm test && sh check.sh",
    "  it      runs npm test: code of this workspace",
    "  it      is killed after 2 min",
    "  why     it runs code of the workspace: npm test",
    "  why     it runs a script: sh check.sh",
    "  in      /srv/shop",
    "  reach   this folder, no network",
    "  script  check.sh",
    "          │ #!/bin/sh",
    "          │ echo ok",
    `          only with these 18 bytes, sha256 ${HASH}`,
    "  for     Ada, turn_1, 2026-01-01 00:00 UTC",
    "  until   2026-01-08 00:00 UTC; then it is denied",
    "  rule    remember allows from now on: npm test; sh check.sh while check.sh stays as it is",
    "  note    You approved `npm test` in this workspace 3 times",
  ]);
});

test("the card names by itself each host and folder that agreeing opens this once", () => {
  const npm = { host: "packages.example.org", port: 443, inside: false };
  const corp = { host: "*.corp.example", port: null, inside: true };
  const opens = { hosts: [corp, npm], folders: ["/srv/a\n  OPENS   b\u202e"] };
  const lines = linesOf({ ...full, hosts: [corp, npm], opens }, Infinity);
  const at = lines.findIndex((line) => line.startsWith("  reach"));
  expect(lines.slice(at + 1, at + 4)).toEqual([
    "  OPENS   for this once, the host *.corp.example (ports 80 and 443), also at an address inside",
    "  OPENS   for this once, the host packages.example.org:443",
    "  OPENS   for this once, to read /srv/a\\u{a}  OPENS   b\\u{202e}",
  ]);
});

test("the card says that what is agreed to now would wait for a pause to end", () => {
  const since = "2026-01-01T00:00:00.000Z";
  const pause = { scope: "commands" as const, by: "Ada", since, reason: "a key leaked" };
  expect(linesOf({ ...full, pause }, Infinity)).toContain(
    "  paused  by Ada: a key leaked; agreed to, it begins when that is lifted",
  );
});

test("a long script shows its first rows and where all of it is; the command is never cut", () => {
  const head = Array.from({ length: 40 }, (_, line) => `echo ${line}`).join("\n");
  const command_shown = "echo a \\\n  b\n".repeat(50);
  const runs = [{ path: "a b.sh", sha256: HASH, bytes: 9_000, head }];
  const lines = linesOf({ ...full, command_shown, runs }, 60);
  expect(lines.filter((line) => line.startsWith("          │"))).toHaveLength(12);
  const at = lines.indexOf("          the first lines; all of it:");
  expect(lines[at + 1]).toBe("          less '/srv/shop/a b.sh'");
  expect(lines.filter((line) => line.startsWith("  │"))).toHaveLength(101);
});

test("a script's name makes no line of the card", () => {
  const path = "a\n  reach     nothing: it only reads\n\u202e.sh";
  const runs = [{ path, sha256: HASH, bytes: 9_000, head: "echo ok\n" }];
  const lines = linesOf({ ...full, runs }, Infinity);
  expect(lines.filter((line) => line.includes("\n"))).toEqual([]);
  expect(lines).toContain(
    String.raw`          less $'/srv/shop/a\n  reach     nothing: it only reads\n\xe2\x80\xae.sh'`,
  );
});

const pieces = constantFrom("rm -rf ", "x", "\n", "  in      /srv/shop", "漢", "\t", " ", "\u202e");

test("of any command all is there, on rows that fit and that nothing of it can leave", () => {
  assert(
    property(array(pieces, { maxLength: 50 }), integer({ min: 24, max: 100 }), (parts, columns) => {
      const command = parts.join("");
      const lines = linesOf({ ...full, command_shown: command }, columns);
      const rows = lines.filter((line) => /^ {2}[│┆] /.test(line));
      const shown = rows.map((row, i) => (row[2] === "│" && i > 0 ? "\n" : "") + row.slice(4));
      const read = shown.join("").replaceAll("\\u{9}", "\t").replaceAll("\\u{202e}", "\u202e");
      expect(read.replaceAll("\\u{20}", " ")).toBe(command);
      expect(lines.filter((line) => line.startsWith("  in      "))).toHaveLength(1);
      expect(lines.join("\n")).not.toMatch(/[\t\u202e]/);
      for (const row of rows)
        expect(row.replaceAll("漢", "xx").length).toBeLessThanOrEqual(columns);
    }),
    { numRuns: 300 },
  );
});
