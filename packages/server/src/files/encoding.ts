import { isUtf8 } from "node:buffer";
import { bounds } from "./bounds.ts";
import { FileRefused } from "./refused.ts";

/** How the bytes of a file are text. UTF-16 is known by its byte order mark alone. */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "latin1";

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
  return bytes.includes(0) ? null : "latin1";
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
    `${JSON.stringify(path)} is Latin-1 text, which has no ${JSON.stringify(lacked)}; ` +
      `write that in other characters, or convert the file first: iconv -f latin1 -t utf-8`,
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
