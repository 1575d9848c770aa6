/** What a provider may refuse a request for. */
export const faultKinds = [
  "rate",
  "rate_day",
  "overload",
  "server_error",
  "auth",
  "payment",
  "context_too_long",
  "request_too_large",
  "content",
  "not_found",
  "bad_request",
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A refusal as it is on a wire. */
export interface Told {
  readonly status: number;
  /** Whole, where it has not the shape of the wire's other refusals. */
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

/** Seconds after which a rate that is used up has room again. */
export const RATE_RESET_S = 7.66;
export const DAY_RESET_S = 2 * 3600 + 59.56;

/** Puts a refusal into the shape of one wire. */
export type Teller = (
  status: number,
  type: string,
  code: string | null,
  message: string,
  headers?: Record<string, string>,
) => Told;

export type Faults = Readonly<Record<FaultKind, Told>>;

/** What a gateway says before the API is reached. */
export const page = (status: number, title: string): Told => ({
  status,
  body: `<html>\n<head><title>${status} ${title}</title></head>\n<body><center><h1>${status} ${title}</h1></center></body>\n</html>\n`,
  headers: { "content-type": "text/html" },
});

/** The headers of a rate of which nothing is left. */
export const used = (of: "requests" | "tokens", limit: number, reset: string) => ({
  [`x-ratelimit-limit-${of}`]: String(limit),
  [`x-ratelimit-remaining-${of}`]: "0",
  [`x-ratelimit-reset-${of}`]: reset,
});
