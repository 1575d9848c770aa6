import { expect, test } from "vitest";
import { summaryLine, tallyOf, type TestReport } from "../scripts/tally.ts";

const report: TestReport = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 1,
  testResults: [{ status: "passed", assertionResults: [{ status: "passed" }] }],
};

test("what passed, failed and was skipped is counted", () => {
  expect(summaryLine(tallyOf(report, 0))).toBe("5 passed, 0 failed, 2 skipped");
  const failing = { status: "failed", assertionResults: [{ status: "failed" }] };
  const red = { ...report, numFailedTests: 1, testResults: [failing] };
  expect(summaryLine(tallyOf(red, 1))).toBe("5 passed, 1 failed, 2 skipped");
});

test("what vitest does not count as a test still fails", () => {
  const unloadable = { status: "failed", assertionResults: [] };
  expect(tallyOf({ ...report, testResults: [unloadable, unloadable] }, 1).failed).toBe(2);
  expect(tallyOf(report, 1).failed).toBe(1);
  expect(tallyOf(undefined, 0).failed).toBe(1);
});
