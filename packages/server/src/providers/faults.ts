/** What went wrong with one attempt. Decides whether the same target may be asked again. */
export type AttemptCode =
  | "connect"
  | "first_token_timeout"
  | "stalled"
  /** It spoke on and on, and the attempt's time is up. */
  | "timed_out"
  | "auth"
  | "rate"
  | "overload"
  | "rejected"
  | "cut"
  | "malformed"
  | "too_long";

export class AttemptFault extends Error {
  readonly code: AttemptCode;

  constructor(code: AttemptCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AttemptFault";
    this.code = code;
  }
}

/**
 * A second try at the same target can help: the fault was of the moment, not of key or request. Who
 * used up a whole attempt's time is not given it again.
 */
export const mayPass = (code: AttemptCode): boolean =>
  code !== "auth" && code !== "rejected" && code !== "timed_out";

/** Reads a thrown value of the AI SDK: its status where it has one. */
export function attemptFault(thrown: unknown): AttemptFault {
  if (thrown instanceof AttemptFault) return thrown;
  const status = statusOf(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (status === null) return new AttemptFault("connect", message, { cause: thrown });
  return new AttemptFault(codeOf(status), `${status}: ${message}`, { cause: thrown });
}

function codeOf(status: number): AttemptCode {
  if (status === 401 || status === 402 || status === 403) return "auth";
  if (status === 429) return "rate";
  if (status >= 500 || status === 408) return "overload";
  return status >= 200 && status < 300 ? "malformed" : "rejected";
}

function statusOf(thrown: unknown): number | null {
  if (typeof thrown !== "object" || thrown === null) return null;
  const status = (thrown as { statusCode?: unknown }).statusCode;
  return typeof status === "number" ? status : null;
}
