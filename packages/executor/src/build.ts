import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Digest (SHA-256, hex) of the executor's own files: which one of two is the installed one. */
export function sourceDigest(folder: string = import.meta.dirname): string {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted();
  for (const file of files) {
    const bytes = readFileSync(file);
    hash.update(`${file.slice(folder.length)}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}
