import { bounds } from "./bounds.ts";
import { FileRefused } from "./refused.ts";

/** A NUL near the start: what every tool takes as the sign of a binary file. */
export const looksBinary = (bytes: Buffer): boolean =>
  bytes.subarray(0, bounds.sniff_bytes).includes(0);

/** @throws FileRefused for what looks binary. */
function refuseBinary(bytes: Buffer, path: string): void {
  if (looksBinary(bytes)) throw notText(path, "it looks binary (it contains NUL bytes)");
}

/**
 * The bytes as UTF-8 text, BOM and line endings kept, so that encoding it gives the same bytes.
 * @throws FileRefused for anything else.
 */
export function textOf(bytes: Buffer, path: string): string {
  refuseBinary(bytes, path);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw notText(path, "it is not valid UTF-8");
  }
}

const notText = (path: string, why: string) =>
  new FileRefused("not_text", `${JSON.stringify(path)} is not a text file: ${why}`);
