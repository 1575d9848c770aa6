/** What a provider said of a fault, whatever form its body has. */
export interface ErrorBody {
  /** As a person may read it; empty where nothing was said. */
  readonly message: string;
  /** Codes, types, states and reasons, in lower case: words of the provider, never of a person. */
  readonly marks: readonly string[];
  /** A status that the body names, for errors that come under status 200. */
  readonly status: number | null;
  readonly is_html: boolean;
}

const HTML = /^\s*(?:<!doctype|<html|<head|<body)/i;
const HTML_TYPE = /^\s*(?:text\/html|application\/xhtml)/i;
const TITLE = /<title[^>]*>([^<]{1,200})/i;
const MESSAGE_CHARS = 2_000;
const DEPTH = 4;

/**
 * Reads an error's body: `{error: {…}}` and `{error: "…"}`, flat ones (Mistral, Cerebras), `{message}`
 * alone (Cohere), `{detail}`, Google's list of one and its `details`, HTML, and plain text.
 */
export function readErrorBody(body: string, content_type = ""): ErrorBody {
  if (HTML.test(body) || HTML_TYPE.test(content_type))
    return { ...nothing, message: htmlMessage(body), is_html: true };
  const json = parsed(body);
  if (json === undefined) return { ...nothing, message: cut(body.trim()) };
  const found = { messages: [] as string[], marks: [] as string[], statuses: [] as number[] };
  collect(json, found, 0);
  return {
    message: cut(found.messages[0] ?? ""),
    marks: found.marks,
    status: found.statuses.find((status) => status >= 400 && status < 600) ?? null,
    is_html: false,
  };
}

const nothing: ErrorBody = { message: "", marks: [], status: null, is_html: false };

const message_keys: ReadonlySet<string> = new Set(["message", "error", "detail", "msg"]);
const mark_keys: ReadonlySet<string> = new Set(["code", "type", "status", "reason", "error_type"]);
const status_keys: ReadonlySet<string> = new Set(["code", "status", "status_code"]);
/** Where the parts of an error are; what else is there may quote the request. */
const part_keys: ReadonlySet<string> = new Set(["error", "detail", "details", "message", "errors"]);

interface Found {
  readonly messages: string[];
  readonly marks: string[];
  readonly statuses: number[];
}

function collect(value: unknown, found: Found, depth: number): void {
  if (depth > DEPTH || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) return value.slice(0, 8).forEach((each) => collect(each, found, depth));
  for (const [key, part] of Object.entries(value)) {
    if (typeof part === "string") {
      if (message_keys.has(key) && part !== "") found.messages.push(part);
      if (mark_keys.has(key)) found.marks.push(part.toLowerCase());
    }
    if (status_keys.has(key) && Number.isInteger(Number(part ?? undefined)))
      found.statuses.push(Number(part));
    if (part_keys.has(key)) collect(part, found, depth + 1);
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function htmlMessage(body: string): string {
  const title = TITLE.exec(body)?.[1]?.trim();
  const page = "an HTML page in the place of an answer";
  return title === undefined || title === "" ? page : `${page}: ${title}`;
}

const cut = (text: string): string => text.slice(0, MESSAGE_CHARS);
