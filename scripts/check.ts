/**
 * What `npm test` runs: the checks of the code, then every test. Arguments go to vitest, to choose
 * tests. The last line is `N passed, N failed[, N skipped]`; a check of the code counts as one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { summaryLine, type Tally, tallyOf, type TestReport } from "./tally.ts";

const root = join(import.meta.dirname, "..");

const checks = [
  ["format", "oxfmt", "--check"],
  ["lint", "oxlint", "--type-aware", "--deny-warnings"],
  ["types", "tsc", "-p", "tsconfig.json"],
  ["dead code", "knip"],
] as const;

const exit_status = { SIGINT: 130, SIGTERM: 143 };
let running: ChildProcess | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    running?.once("exit", () => process.exit(exit_status[signal]));
    running?.kill(signal);
  });

const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
for (const [name, tool, ...args] of checks) {
  console.log(`\n▸ ${name} (${tool})`);
  if ((await run(tool, args)) === 0) tally.passed += 1;
  else tally.failed += 1;
}
const tests = await runTests(process.argv.slice(2));
tally.passed += tests.passed;
tally.failed += tests.failed;
tally.skipped += tests.skipped;
console.log(summaryLine(tally));
process.exitCode = tally.failed > 0 ? 1 : 0;

async function runTests(chosen: string[]): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-check-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const status = await run("vitest", ["run", ...reporters, ...chosen]);
  return tallyOf(existsSync(report) ? readReport(report) : undefined, status);
}

function readReport(path: string): TestReport {
  return JSON.parse(readFileSync(path, "utf8")) as TestReport;
}

async function run(tool: string, args: readonly string[]): Promise<number | null> {
  const program = join(root, "node_modules/.bin", tool);
  running = spawn(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  const [status] = (await once(running, "exit")) as [number | null];
  return status;
}
