import {
  APICallError,
  InvalidResponseDataError,
  JSONParseError,
  TypeValidationError,
} from "@ai-sdk/provider";

type Headers = Readonly<Record<string, string>>;

/**
 * What kind of fault it was: nobody answered (`connect`), an error as answer (`refused`), an answer
 * that is none (`malformed`), or one that broke off (`cut`).
 */
export type WireFaultKind = "connect" | "refused" | "malformed" | "cut";

/** What was seen of an answer before it failed. */
export interface Answer {
  /** Null where no answer's head came. */
  readonly status: number | null;
  readonly headers: Headers;
  /** Bounded; null where none was read. */
  readonly body: string | null;
}

const noAnswer: Answer = { status: null, headers: {}, body: null };

/** How an adapter fails, whoever's wire it speaks. */
export class WireFault extends Error {
  readonly kind: WireFaultKind;
  readonly answer: Answer;

  constructor(kind: WireFaultKind, message: string, answer: Answer = noAnswer, cause?: unknown) {
    super(message, { cause });
    this.name = "WireFault";
    this.kind = kind;
    this.answer = answer;
  }
}

/**
 * Reads what a package of the AI SDK threw, or put into its stream as an error. `headers` are those of
 * the answer, where it came so far.
 */
export function wireFault(thrown: unknown, headers: Headers): WireFault {
  const ours = causesOf(thrown).find((cause) => cause instanceof WireFault);
  if (ours) return ours;
  if (APICallError.isInstance(thrown)) return ofCall(thrown);
  const answer: Answer = { status: 200, headers, body: bodyOf(thrown) };
  const message = thrown instanceof Error ? thrown.message : `an error: ${said(thrown)}`;
  const ended = InvalidResponseDataError.isInstance(thrown) && thrown.data === undefined;
  return new WireFault(ended ? "cut" : "malformed", message, answer, thrown);
}

function ofCall(error: APICallError): WireFault {
  const { statusCode: status, responseHeaders: headers = {}, responseBody: body = null } = error;
  if (status === undefined) return new WireFault("connect", error.message, noAnswer, error);
  const kind = status >= 200 && status < 300 ? "malformed" : "refused";
  return new WireFault(kind, error.message, { status, headers, body }, error);
}

/** What came that was not understood. */
function bodyOf(thrown: unknown): string | null {
  if (JSONParseError.isInstance(thrown)) return thrown.text.slice(0, BODY_CHARS);
  return TypeValidationError.isInstance(thrown) ? said(thrown.value).slice(0, BODY_CHARS) : null;
}

const BODY_CHARS = 65_536;

const said = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));

const DEPTH = 8;

function causesOf(thrown: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let next = thrown; next instanceof Error && causes.length < DEPTH; next = next.cause)
    causes.push(next);
  return causes;
}
