/**
 * Every probe against the real sandbox, and each with its positive control: the same probe where the
 * wall that it tries is missing. As root and as an ordinary user, where the suite may be both.
 */
import { spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { ENDS_WITH_EXECUTOR } from "../../src/sandbox/probes/ends-with-executor.ts";
import { batch, checkOf, inArea, notRun, readFindings } from "../../src/sandbox/probes/probe.ts";
import { probesFor } from "../../src/sandbox/probes/probes.ts";
import { TRIALS } from "../../src/sandbox/probes/trials.ts";
import { RULES } from "../../src/sandbox/seccomp-rules.ts";
import type { Findings } from "./weakened.ts";
import { OUTSIDE, WEAKENINGS } from "./weakenings.ts";

const NOBODY = 65534;
const is_root = userInfo().uid === 0;
const scenario = fileURLToPath(new URL("weakened.ts", import.meta.url));
const architecture = process.arch === "arm64" ? "arm64" : "x64";
const ALL = [...probesFor(architecture), ...TRIALS, ENDS_WITH_EXECUTOR];

/** The executor's own, and nothing that is launched: its judge is tried by itself. */
const WITHOUT_WEAKENING = new Set(["limit of output"]);

async function find(uid: number): Promise<Findings> {
  const base = mkdtempSync(join(tmpdir(), "mainstay-probing-"));
  chownSync(base, uid, uid);
  try {
    const child = spawn(process.execPath, [scenario], {
      ...(uid === userInfo().uid ? {} : { uid, gid: uid }),
      ...{ cwd: "/", env: { TMPDIR: base, HOME: base }, stdio: ["ignore", "pipe", "inherit"] },
    });
    let said = "";
    child.stdout!.on("data", (chunk) => (said += chunk));
    await new Promise((resolve) => child.once("close", resolve));
    return JSON.parse(said);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

const users = is_root ? { root: 0, "an ordinary user": NOBODY } : { "this user": userInfo().uid };

describe("each wall, taken away", () => {
  const found = new Map<string, Findings>();
  beforeAll(async () => {
    const finding = Object.entries(users).map(async ([user, uid]) =>
      found.set(user, await find(uid)),
    );
    await Promise.all(finding);
  }, 120_000);

  test.for(Object.keys(users))("as %s: all walls stand", (user) => {
    const { report } = found.get(user)!;
    expect(report.checks.filter(({ state }) => state !== "held")).toEqual([]);
    expect(report.checks.length).toBeGreaterThanOrEqual(150);
    expect(report.available).toBe(true);
  });

  const walls = [OUTSIDE, ...WEAKENINGS.keys()];
  const cases = Object.keys(users).flatMap((user) => walls.map((wall) => [user, wall] as const));
  test.for(cases)("as %s, without the %s: a probe turns red", ([user, wall]) => {
    const probes = found.get(user)!.without[wall];
    expect(probes).toBeTypeOf("object");
    expect(Object.values(probes!).filter((ok) => !ok).length).toBeGreaterThan(0);
  });

  test.skipIf(!is_root)(
    "each probe has seen what it looks for, as one of the users (NOT RUN without root)",
    () => {
      const seen = (wall: string, name: string) =>
        [...found.values()].some(
          ({ without }) => (without[wall] as Record<string, boolean>)[name] === false,
        );
      const tried = ALL.filter(({ wall }) => !WITHOUT_WEAKENING.has(wall));
      const blind = tried.filter(({ wall, name }) => !seen(wall, name));
      expect(blind.map(({ name }) => name)).toEqual([]);
    },
  );
});

test("each wall has a weakening, each group of the filter a probe, each probe a name of its own", () => {
  const walls = new Set([OUTSIDE, ...WEAKENINGS.keys(), ...WITHOUT_WEAKENING]);
  expect(ALL.filter(({ wall }) => !walls.has(wall))).toEqual([]);
  const tried = new Set<string>(ALL.map(({ wall }) => wall));
  const groups = RULES.map(({ group }) => `filter of ${group}`);
  expect(groups.filter((group) => !tried.has(group))).toEqual([]);
  expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length);
});

test("a probe that did not run is no probe that found nothing", () => {
  const probes = inArea("files", [
    { name: "silent", wall: "root", sh: ":" },
    { name: "finds", wall: "root", sh: 'echo "$secret"' },
    { name: "never runs", wall: "root", perl: "''" },
  ]);
  const [, , script] = batch(probes, { secret: "it's" });
  expect(script).toContain("secret='it'\\''s'");
  expect(readFindings(probes, "\u001e0\u001f\u001e1\u001fit's\n")).toEqual({
    found: ["", "it's", null],
    has_perl: true,
  });
  expect(readFindings(probes, "\u001eno perl\u001f").has_perl).toBe(false);
});

test("without perl its probes are not run, which is no wall that holds, and what broke off is open", () => {
  const probe = { name: "a", area: "files" } as const;
  expect(notRun(probe)).toMatchObject({ state: "not_run", fix: "apt-get install perl-base" });
  expect(checkOf(probe, null)).toMatchObject({ state: "open" });
  expect(checkOf(probe, "")).toMatchObject({ state: "held", fix: null });
});

test("a command that printed past its bound, and was not ended, is found", () => {
  const trial = TRIALS.find(({ wall }) => wall === "limit of output")!;
  const ended = {
    ...({ result: "ran", exit_code: 0, halt: null, duration_ms: 1, gone: true } as const),
    ...{ output: "", output_bytes: 8 << 20, output_sha256: "", output_truncated: true, left: 0 },
  };
  expect(trial.judge(ended)).not.toBe("");
  const halt = { cause: "exceeded", bound: "output", why: "" } as const;
  expect(trial.judge({ ...ended, halt })).toBe("");
});
