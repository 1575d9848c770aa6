/** Damage to files, as disks do it. */
import { readFileSync, writeFileSync } from "node:fs";

/** Changes one bit in the first occurrence of `text`. */
export function flipByte(file: string, text: string | RegExp): void {
  const bytes = readFileSync(file);
  const latin = bytes.toString("latin1");
  const at = typeof text === "string" ? latin.indexOf(text) : latin.search(text);
  if (at < 0) throw new Error(`${file} does not contain ${text}`);
  bytes[at + 2]! ^= 1;
  writeFileSync(file, bytes);
}
