export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** The part of vitest's JSON report that is counted. */
export interface TestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

/**
 * Counts what failed, and also what vitest fails for without counting it as a test: a file that
 * cannot be loaded, an error outside of every test, no report at all (`undefined`).
 */
export function tallyOf(report: TestReport | undefined, exit_status: number | null): Tally {
  if (!report) return { passed: 0, failed: 1, skipped: 0 };
  const broken_files = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  const failed = report.numFailedTests + broken_files.length;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exit_status !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** `12 passed, 0 failed`, and the skipped ones where there are any. */
export function summaryLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
