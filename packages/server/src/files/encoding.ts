import { isUtf8 } from "node:buffer";
import { bounds } from "./bounds.ts";
import { FileRefused } from "./refused.ts";

/**
 * How the bytes of a file are text. UTF-16 is known by its byte order mark alone. "near-utf-8" has characters of
 * UTF-8 and bytes that are none, which are lone surrogates in its text (U+DC80 to U+DCFF, as Python's
 * `surrogateescape` has it). What has none of UTF-8 is taken for Latin-1.
 */
export type Encoding = "utf-8" | "near-utf-8" | "utf-16le" | "utf-16be" | "latin1";

/** Encoded again it gives the same bytes: a byte order mark is its first character. */
export interface Text {
  readonly encoding: Encoding;
  readonly text: string;
}

export const BYTE_ORDER_MARK = "\uFEFF";

/** The text of a whole file. @throws FileRefused "not_text" */
export function decode(bytes: Buffer, path: string): Text {
  const text = textIn(bytes);
  if (text !== null) return text;
  throw notText(path);
}

/** Null where it is binary. */
export function textIn(bytes: Buffer): Text | null {
  const encoding = encodingOf(bytes);
  if (encoding === null) return null;
  const text = decoded(bytes, encoding);
  return isWide(encoding) && text.includes("\0") ? null : { encoding, text };
}

/** @throws FileRefused "not_text" where the encoding lacks a character of the text. */
export function encode({ encoding, text }: Text, path: string): Buffer {
  switch (encoding) {
    case "utf-8":
      if (!text.isWellFormed()) throw halfCharacter(path);
      return Buffer.from(text);
    case "near-utf-8":
      return nearUtf8Bytes(text);
    case "utf-16le":
      return Buffer.from(text, "utf16le");
    case "utf-16be":
      return Buffer.from(text, "utf16le").swap16();
    case "latin1":
      refuseBeyondLatin1(text, path);
      return Buffer.from(text, "latin1");
  }
}

/**
 * In a text near UTF-8 nobody knows which bytes a character that it has not, or not as often, would be.
 * @throws FileRefused "not_text"
 */
export function refuseAdded({ encoding, text: old }: Text, text: string, path: string): void {
  if (encoding !== "near-utf-8") return;
  const had = beyondAscii(old);
  for (const [character, times] of beyondAscii(text))
    if (times > (had.get(character) ?? 0)) throw notUtf8(path, old, character);
}

function beyondAscii(text: string): Map<string, number> {
  const times = new Map<string, number>();
  // oxlint-disable-next-line no-control-regex -- all of ASCII, its control characters too
  for (const [character] of text.matchAll(/[^\0-\x7f]/gu))
    times.set(character, (times.get(character) ?? 0) + 1);
  return times;
}

/**
 * A file's first bytes as UTF-8, which most have already; `whole` says whether these are all.
 * @throws FileRefused "not_text"
 */
export function asUtf8(bytes: Buffer, whole: boolean, path: string): Buffer {
  const seen = whole ? bytes : bytes.subarray(0, characterStart(bytes, bytes.length - 1));
  const encoding = encodingOf(seen);
  if (encoding === "utf-8") return seen;
  return Buffer.from(decode(isWide(encoding) ? evenly(seen) : seen, path).text);
}

/** The last offset at or before `offset` where a UTF-8 character starts. */
export function characterStart(bytes: Buffer, offset: number): number {
  let start = offset;
  while (start > 0 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  return start;
}

/** A NUL near the start: what every tool takes as the sign of a binary file. */
export const looksBinary = (bytes: Buffer): boolean =>
  bytes.subarray(0, bounds.sniff_bytes).includes(0);

function encodingOf(bytes: Buffer): Encoding | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return wholeUnits(bytes, "utf-16le");
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return wholeUnits(bytes, "utf-16be");
  if (looksBinary(bytes)) return null;
  if (isUtf8(bytes)) return "utf-8";
  if (bytes.includes(0)) return null;
  return bytes.some((_, at) => characterBytes(bytes, at) > 0) ? "near-utf-8" : "latin1";
}

/** How many bytes the character has that starts there and has several; 0: there is none. */
function characterBytes(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}

/** With "u" no half of a character is one. */
const STRAY = /[\udc80-\udcff]/u;
const STRAY_BASE = 0xdc_00;

function nearUtf8Bytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text));
  let [from, end] = [0, 0];
  for (const { index, 0: stray } of text.matchAll(new RegExp(STRAY, "gu"))) {
    end += bytes.write(text.slice(from, index), end);
    end = bytes.writeUInt8(stray.charCodeAt(0) - STRAY_BASE, end);
    from = index + 1;
  }
  end += bytes.write(text.slice(from), end);
  return bytes.subarray(0, end);
}

function nearUtf8(bytes: Buffer): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at] ?? 0;
    const length = byte < 0x80 ? 1 : characterBytes(bytes, at);
    if (length === 0) {
      parts.push(bytes.toString("utf8", from, at), String.fromCharCode(STRAY_BASE + byte));
      from = at + 1;
    }
    at += length || 1;
  }
  return parts.join("") + bytes.toString("utf8", from);
}

const wholeUnits = (bytes: Buffer, encoding: Encoding): Encoding | null =>
  bytes.length % 2 === 0 ? encoding : null;

const isWide = (encoding: Encoding | null): boolean =>
  encoding === "utf-16le" || encoding === "utf-16be";

const evenly = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length - (bytes.length % 2));

function decoded(bytes: Buffer, encoding: Encoding): string {
  switch (encoding) {
    case "utf-8":
      return bytes.toString("utf8");
    case "near-utf-8":
      return nearUtf8(bytes);
    case "utf-16le":
      return bytes.toString("utf16le");
    case "utf-16be":
      return Buffer.from(bytes).swap16().toString("utf16le");
    case "latin1":
      return bytes.toString("latin1");
  }
}

function refuseBeyondLatin1(text: string, path: string): void {
  // oxlint-disable-next-line no-control-regex -- all of Latin-1, its control characters too
  const lacked = /[^\0-\xff]/u.exec(text)?.[0];
  if (lacked === undefined) return;
  throw new FileRefused(
    "not_text",
    `${JSON.stringify(path)} is no UTF-8 and taken for Latin-1, which has no ${JSON.stringify(lacked)}; ` +
      "write that in other characters, or, if Latin-1 is what it is, convert it first: iconv -f latin1 -t utf-8",
  );
}

function notUtf8(path: string, text: string, character: string): FileRefused {
  const offset = Buffer.byteLength(text.slice(0, text.search(STRAY)));
  return new FileRefused(
    "not_text",
    `${JSON.stringify(path)} is not valid UTF-8 at byte ${offset} (from 0), so how to write ` +
      `${JSON.stringify(character)} in it is not known; use ASCII, or write the whole file anew: that makes it UTF-8`,
  );
}

const halfCharacter = (path: string) =>
  new FileRefused(
    "malformed",
    `the text for ${JSON.stringify(path)} holds half a character (a lone surrogate)`,
  );

const notText = (path: string) =>
  new FileRefused(
    "not_text",
    `${JSON.stringify(path)} is not a text file: it looks binary (it contains NUL bytes)`,
  );
