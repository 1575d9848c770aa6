import { isUtf8 } from "node:buffer";
import { Refusal } from "../kernel/errors.ts";
import { limits } from "../kernel/limits.ts";
import { counted } from "./excerpt.ts";
import { pointerOf, sentenceOf } from "./faults.ts";
import { findJsonFault } from "./json-fault.ts";

/**
 * Past the limit the body is read on and thrown away up to here, so that a client that sends all
 * before it listens gets its answer; past this it is answered at once.
 */
const DISCARDED_BYTES = 16 * limits.body_bytes;
const JSON_TYPE = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

export interface BodySource {
  readonly content_type: string | null;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * The JSON value of a body; undefined where there is none.
 *
 * @throws Refusal `body_too_large`, `unsupported_media_type`, `malformed_json`, and `invalid_request`
 *   for text that is not Unicode.
 */
export async function readJson(source: BodySource): Promise<unknown> {
  const bytes = await readBounded(source.chunks);
  if (bytes.length === 0) return undefined;
  checkType(source.content_type);
  const value = parse(decode(bytes));
  checkShape(value);
  return value;
}

async function readBounded(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept: Uint8Array[] = [];
  let size_bytes = 0;
  try {
    for await (const chunk of chunks) {
      size_bytes += chunk.length;
      if (size_bytes > DISCARDED_BYTES) break;
      if (size_bytes <= limits.body_bytes) kept.push(chunk);
    }
  } catch {
    throw malformed("The body ended before it was complete; send all of it.");
  }
  if (size_bytes > limits.body_bytes) throw tooLarge();
  return Buffer.concat(kept);
}

function tooLarge(): Refusal {
  const limit = counted(limits.body_bytes, "byte");
  return new Refusal("body_too_large", `The body must be at most ${limit}; send less at once.`);
}

function checkType(content_type: string | null): void {
  if (JSON_TYPE.test(content_type ?? "")) return;
  throw new Refusal(
    "unsupported_media_type",
    "The header Content-Type must be application/json (UTF-8); set it and send JSON.",
  );
}

function decode(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  throw malformed(
    `The body must be UTF-8, and is not at byte ${firstInvalidByte(bytes)}; encode the text as UTF-8.`,
  );
}

/** Offset of the first byte that no UTF-8 text has there; the length where the text ends within a character. */
function firstInvalidByte(bytes: Buffer): number {
  let valid = 0;
  let invalid = bytes.length + 1;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >>> 1;
    if (startsAsUtf8(bytes.subarray(0, middle))) valid = middle;
    else invalid = middle;
  }
  return valid;
}

function startsAsUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const fault = findJsonFault(text);
    if (fault === null) throw malformed("The body is not JSON; send JSON.");
    const { line, column, expected } = fault;
    throw malformed(
      `The body is not JSON at line ${line}, column ${column}: expected ${expected} there; correct it.`,
    );
  }
}

/** A value within the body, and the way to it. */
interface Place {
  readonly value: unknown;
  readonly key: PropertyKey;
  readonly parent: Place | null;
  readonly depth: number;
}

/**
 * Bounds the depth, so that nothing behind the door that walks the value can exhaust the stack, and
 * refuses halves of surrogate pairs: they would silently become another text on disk.
 */
function checkShape(root: unknown): void {
  const waiting: Place[] = [{ value: root, key: "", parent: null, depth: 0 }];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const { value, depth } = place;
    if (typeof value === "string" && !value.isWellFormed()) throw halfPair(place);
    if (typeof value !== "object" || value === null) continue;
    if (depth >= limits.json_depth) throw tooDeep();
    for (const [key, inner] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
      if (typeof key === "string" && !key.isWellFormed()) throw halfPair(place);
      if (typeof inner !== "object" && typeof inner !== "string") continue;
      waiting.push({ value: inner, key, parent: place, depth: depth + 1 });
    }
  }
}

function halfPair(place: Place): Refusal {
  const fault = {
    pointer: pointerOf(pathOf(place)),
    expected: "Unicode text",
    got: "text with half of a surrogate pair",
    fix: "send the character whole, or leave it out",
  };
  return new Refusal("invalid_request", sentenceOf(fault, "body"), { errors: [fault] });
}

function pathOf(place: Place): PropertyKey[] {
  const path: PropertyKey[] = [];
  for (let at = place; at.parent !== null; at = at.parent) path.unshift(at.key);
  return path;
}

function tooDeep(): Refusal {
  return malformed(
    `The body must be nested at most ${limits.json_depth} levels deep; send a flatter value.`,
  );
}

const malformed = (detail: string): Refusal => new Refusal("malformed_json", detail);
