/** Everything that the client side of the executor throws. */

/** The link is gone; whether an unanswered call took effect is told by `state` of the next link. */
export class ExecutorGone extends Error {
  readonly code = "executor_gone";
  override readonly name = "ExecutorGone";
}

/** The executor understood and said no, e.g. `workspace_changed`, `home_folder`. */
export class ExecutorRefused extends Error {
  override readonly name = "ExecutorRefused";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** No executor could be reached or started; the message holds the end of its log. */
export class ExecutorUnreachable extends Error {
  readonly code = "executor_unreachable";
  override readonly name = "ExecutorUnreachable";
}

/** Nobody can read the ledger of an executor that does not run, as its disk has it. */
export class LedgerUnreadable extends Error {
  readonly code = "ledger_unreadable";
  override readonly name = "LedgerUnreadable";
}
