import type { ProviderType } from "../target.ts";
import type { AttemptCode } from "./codes.ts";
import { type ErrorBody, readErrorBody } from "./error-body.ts";
import { codeByRule } from "./fault-rules.ts";

/** A fault as the adapter saw it. */
export interface Seen {
  readonly type: ProviderType;
  /** Null where no answer's head came. */
  readonly status: number | null;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bounded by who read it; empty where there was none. */
  readonly body: string;
  /** What was thrown, in words, where the answer does not tell. */
  readonly thrown: string | null;
}

export interface Classified {
  readonly code: AttemptCode;
  readonly message: string;
}

/**
 * What a fault is, by the body as well as the status: the same status means different things with
 * different providers, and so do the same words. Pure.
 *
 * A message may quote the person's request, so what blames key or target is read from the status, from the
 * provider's own marks, or from how a message begins.
 */
export function classify(seen: Seen): Classified {
  const body = readErrorBody(seen.body, seen.headers["content-type"]);
  const status = isFailure(seen.status) ? seen.status : (body.status ?? seen.status);
  const message = messageOf(seen, body);
  const code = codeByRule({ ...body, type: seen.type, status, message });
  return {
    code: code ?? codeOfStatus(seen, body, status),
    message: status === null || !isFailure(status) ? message : `${status}: ${message}`,
  };
}

function codeOfStatus(seen: Seen, body: ErrorBody, status: number | null): AttemptCode {
  if (status === null) return codeOfThrown(seen.thrown ?? "", seen.body);
  // A page under 403 is a firewall's before the provider; 401 is about the key, whoever says it.
  if (status === 401 || (status === 403 && !body.is_html)) return "auth";
  if (status === 404 || status === 410) return "not_found";
  if (status === 408) return "overload";
  if (status === 413) return "request_too_large";
  if (status >= 500) return "server_error";
  if (status >= 400) return body.is_html ? "malformed" : "rejected";
  return codeOfMarks(body) ?? codeOfUnfit(seen);
}

/** Errors that came inside an answer that had begun well. */
const codeOfMarks = ({ marks }: ErrorBody): AttemptCode | null =>
  marks.some((mark) =>
    /^(server_error|internal|internal_(server_)?error|api_error|timeout_error)$/.test(mark),
  )
    ? "server_error"
    : null;

const codeOfUnfit = ({ body, thrown }: Seen): AttemptCode =>
  body.trim() === "" && codeOfThrown(thrown ?? "", "") === "empty" ? "empty" : "malformed";

/** Anchored: what is thrown may go on with what was read. */
const thrownCodes: readonly (readonly [RegExp, AttemptCode])[] = [
  [
    /^(json parsing failed|type validation failed|invalid (json|response)|unexpected (token|end))/i,
    "malformed",
  ],
  [/^(empty response body|no content generated)/i, "empty"],
  [/^(the |this )?operation was aborted|^aborted/i, "cancelled"],
  [/^(terminated|body timeout|premature close|stream (closed|ended))/i, "cut"],
];

function codeOfThrown(thrown: string, body: string): AttemptCode {
  if (body !== "") return codeOfMarks(readErrorBody(body)) ?? "malformed";
  return thrownCodes.find(([words]) => words.test(thrown))?.[1] ?? "connect";
}

function messageOf({ thrown, status }: Seen, body: ErrorBody): string {
  if (body.message !== "") return body.message;
  return thrown ?? (status === null ? "no answer" : "it gave no reason");
}

const isFailure = (status: number | null): boolean => status !== null && status >= 400;
