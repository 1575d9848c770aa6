/** Whom the recorded agents' commands would have made wait: what only reads must not ask. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Verdict, classify } from "../../../src/execution/classify/classify.ts";
import { dialectOf } from "../../replay/foreign.ts";
import { callsOf, readRecording } from "../../replay/recording.ts";
import { plant, seedOf } from "../../replay/seed.ts";

const folder = join(import.meta.dirname, "../../../../../../shared/data/pi-sessions");
const files = ["before-compaction.jsonl", "large-session.jsonl"].map((name) => join(folder, name));
const absent = !files.every(existsSync);

const KINDS = {
  r: "reads",
  b: "tests and builds",
  g: "git writes",
  w: "file writes",
  n: "network",
} as const;
type Letter = keyof typeof KINDS;

/** What each distinct command is, in the order in which they first appear: labelled by hand. */
const LABELS = [
  "gwgrrgrgrwbgrrggggrrrrgrggrrwgggrwrrrrbbrgrrrwwwbrrbbrrrbrwbrrwbgrrrrbbgrrrwwrwr",
  "rwgwwwwwwrrwwwwwwwwwwwwbwwrgrbrrbbbbbgrrgrbgrrrrbbgrrwrgwbgwwwbwwgrgwrwbwgrrrrrr",
  "rrrrrrgrrgrrrrrrrrrbbbbrrwrwwrbrrrbrrrrwwrrrbbwrrrwrrrbwwrbbbbbrrrbbbbrrrrrrrrrr",
  "rrrrrrrrrrrrrrrrrrbrbrrrrrrrwrrwrrrrrrwwrrrrrrrrrwrwwwwwwrrrwwrrrrrrbrggggnnnrbr",
  "nb",
].join("");
/** Of the distinct commands that the labels are for. */
const LABELLED_SHA256 = "a84d0960a6a1989b975455d54610f3ebfb0caf87e317cb2789697c64c4fd6ef7";

interface Judged {
  readonly recorded: string;
  readonly kind: (typeof KINDS)[Letter];
  readonly verdict: Verdict;
  readonly reason: string;
}

describe.skipIf(absent)(
  absent ? "recorded sessions: not run, ../shared is absent" : "recorded sessions",
  () => {
    let root: string;
    let judged: Judged[];
    beforeAll(async () => {
      root = mkdtempSync(join(tmpdir(), "mainstay-sessions-"));
      execFileSync("git", ["init", "-q"], { cwd: root });
      const commands = (await Promise.all(files.map(translated))).flat();
      const distinct = [...new Set(commands.map(({ recorded }) => recorded))];
      expect(createHash("sha256").update(distinct.join("\0")).digest("hex")).toBe(LABELLED_SHA256);
      judged = commands.map(({ recorded, script }) => {
        const { verdict, reason } = classify(script, { root });
        return {
          recorded,
          kind: KINDS[LABELS[distinct.indexOf(recorded)] as Letter],
          verdict,
          reason,
        };
      });
      console.log(shares(judged));
    });
    afterAll(() => rmSync(root, { recursive: true, force: true }));

    async function translated(file: string) {
      const recording = await readRecording(file);
      const dialect = dialectOf(recording.cwd, root);
      await plant(root, seedOf(recording, dialect));
      const calls = callsOf(recording).filter((call) => call.name === "bash");
      return calls.map(({ arguments: { command } }) => ({
        recorded: command,
        script: dialect.command(command),
      }));
    }

    test("what only reads is safe", () => {
      expect(judged).toHaveLength(398);
      const reads = judged.filter(({ kind }) => kind === "reads");
      expect(reads).toHaveLength(174);
      expect(reads.filter(({ verdict }) => verdict !== "safe")).toEqual([]);
    });

    test("nothing else is", () => {
      const others = judged.filter(({ kind }) => kind !== "reads");
      expect(others.filter(({ verdict }) => verdict === "safe")).toEqual([]);
    });
  },
);

function shares(judged: readonly Judged[]): string {
  const rows = Object.entries(Object.groupBy(judged, ({ kind }) => kind)).map(([kind, of]) => {
    const count = (verdict: Verdict) => of.filter((one) => one.verdict === verdict).length;
    return `  ${kind}: ${of.length}, ask ${count("ask")}, blocked ${count("blocked")}`;
  });
  const asks = judged.filter(({ verdict }) => verdict === "ask").length;
  const share = ((100 * asks) / judged.length).toFixed(1);
  return [`${judged.length} recorded commands, ${share} % ask`, ...rows].join("\n");
}
