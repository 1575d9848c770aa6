/** Why a request was not let through, and how its client hears of it. */

/** Of a host that nobody granted; whoever explains an end to a person compares with it. */
export const NOT_LISTED = "not on the list of hosts that this command may reach";

const ANSWERS = {
  not_allowed: [403, "Not Allowed By Mainstay"],
  malformed: [400, "Bad Request"],
  unreachable: [502, "Bad Gateway"],
  too_much: [503, "Service Unavailable"],
} as const;

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly kind: keyof typeof ANSWERS;
  constructor(kind: keyof typeof ANSWERS, message: string) {
    super(message);
    this.kind = kind;
  }
}

export const malformed = (why: string): Refusal => new Refusal("malformed", why);
export const unreachable = (why: string): Refusal => new Refusal("unreachable", why);

const HOW_TO_ALLOW =
  "Commands reach only hosts that a person allowed for their workspace" +
  " (mainstay workspace network), or for one command.\n";

export interface Answer {
  status: number;
  reason: string;
  headers: Record<string, string | number>;
  body: string;
}

/** After which the connection ends. `wanted` is `host:port`. */
export function answerTo({ kind, message }: Refusal, wanted: string): Answer {
  const [status, reason] = ANSWERS[kind];
  const body = `mainstay: ${wanted}: ${message}\n${kind === "not_allowed" ? HOW_TO_ALLOW : ""}`;
  const headers = {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
    Connection: "close",
  };
  return { status, reason, headers, body };
}

export function written({ status, reason, headers, body }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${reason}`, ...lines, "", body].join("\r\n");
}
