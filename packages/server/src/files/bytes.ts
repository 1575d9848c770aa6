import { createHash, hash } from "node:crypto";
import { readSync } from "node:fs";
import { bounds } from "./bounds.ts";
import { FileRefused } from "./refused.ts";

const CHUNK_BYTES = 65_536;

export const sha256Of = (bytes: Buffer | string): string => hash("sha256", bytes);

/** The first `limit_bytes` of a file; fewer when it ends before. */
export function readUpTo(fd: number, limit_bytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(limit_bytes);
  let filled = 0;
  while (filled < limit_bytes) {
    const bytesRead = readSync(fd, bytes, filled, limit_bytes - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** A whole file. @throws FileRefused when it is larger than an edit may be. */
export function readWhole(fd: number, size: number, path: string): Buffer {
  refuseLarge(size, path);
  return readUpTo(fd, size);
}

export function refuseLarge(bytes: number, path: string): void {
  if (bytes <= bounds.file_bytes) return;
  throw new FileRefused(
    "too_large",
    `${JSON.stringify(path)} has ${bytes} bytes; file tools edit up to ${bounds.file_bytes}`,
  );
}

/** SHA-256 of a file of any size, in hex. */
export function sha256OfFile(fd: number): string {
  const hash = createHash("sha256");
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let position = 0; ;) {
    const bytesRead = readSync(fd, chunk, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(chunk.subarray(0, bytesRead));
    position += bytesRead;
  }
}
