/** Damage to files, as disks do it. */
import { readFileSync, writeFileSync } from "node:fs";

/** Changes one bit in the first, or last, occurrence of `text`. */
export function flipByte(file: string, text: string, which: "first" | "last" = "first"): void {
  const bytes = readFileSync(file);
  const at = which === "first" ? bytes.indexOf(text) : bytes.lastIndexOf(text);
  if (at < 0) throw new Error(`${file} does not contain ${text}`);
  bytes[at + 2]! ^= 1;
  writeFileSync(file, bytes);
}
