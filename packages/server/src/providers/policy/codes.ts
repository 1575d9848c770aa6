/** What went wrong with one attempt. */
export type AttemptCode =
  /** No connection, or one that was gone before any byte of an answer. */
  | "connect"
  | "first_token_timeout"
  /** Silence after the first token. */
  | "stalled"
  /** It spoke on and on, and the attempt's time is up. */
  | "timed_out"
  /** The key is refused. */
  | "auth"
  /** Credit used up, or a cap on spending reached. */
  | "payment"
  | "rate"
  | "overload"
  | "server_error"
  /** This one request is larger than what the rate allows at any time. */
  | "request_too_large"
  | "context_too_long"
  /** Blocked by the provider's filter. */
  | "content"
  /** No such model, for this key at least. */
  | "not_found"
  /** A fault of ours, as the provider says. */
  | "rejected"
  /** An answer that is none: HTML, broken JSON or events, an error under status 200. */
  | "malformed"
  | "empty"
  | "invalid_call"
  /** An internal plan in the place of an answer. */
  | "planning"
  /** The stream ended without a finish reason. */
  | "cut"
  /** More than `limits.step_chars`. */
  | "too_long"
  | "cancelled";

export interface Traits {
  /** Who is the worse for it: only what blames the target counts in its breaker. */
  readonly blames: "target" | "credential" | "request" | "nobody";
  /**
   * A second try at the same target can help, and is quick: not where key, model or request are at
   * fault, nor where the first try took all the time there was. A whole reply that was unfit is no case
   * for it: that is asked for once more with what was wrong.
   */
  readonly again: boolean;
}

export const traits: Record<AttemptCode, Traits> = {
  connect: { blames: "target", again: true },
  first_token_timeout: { blames: "target", again: false },
  stalled: { blames: "target", again: true },
  timed_out: { blames: "target", again: false },
  auth: { blames: "credential", again: false },
  payment: { blames: "credential", again: false },
  rate: { blames: "nobody", again: true },
  overload: { blames: "target", again: true },
  server_error: { blames: "target", again: true },
  request_too_large: { blames: "request", again: false },
  context_too_long: { blames: "request", again: false },
  content: { blames: "request", again: false },
  not_found: { blames: "target", again: false },
  rejected: { blames: "request", again: false },
  malformed: { blames: "target", again: true },
  empty: { blames: "target", again: false },
  invalid_call: { blames: "target", again: false },
  planning: { blames: "target", again: false },
  cut: { blames: "target", again: true },
  too_long: { blames: "target", again: false },
  cancelled: { blames: "nobody", again: false },
};

/** What a provider's refusal said beside its code. */
export interface Refusal {
  readonly status: number | null;
  /** Read and clamped; null where it did not say when to come again. */
  readonly retry_after_ms: number | null;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export class AttemptFault extends Error implements Refusal {
  readonly code: AttemptCode;
  readonly status: number | null;
  readonly retry_after_ms: number | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: AttemptCode, message: string, told: Partial<Refusal> & ErrorOptions = {}) {
    super(message, "cause" in told ? { cause: told.cause } : undefined);
    this.name = "AttemptFault";
    this.code = code;
    this.status = told.status ?? null;
    this.retry_after_ms = told.retry_after_ms ?? null;
    this.headers = told.headers ?? {};
  }
}
