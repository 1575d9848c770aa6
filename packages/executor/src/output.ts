/** Keeps the head and the tail of a command's output in bounded memory and hashes all of it. */
import { createHash } from "node:crypto";

export interface KeptOutput {
  output: string;
  output_bytes: number;
  output_sha256: string;
  output_truncated: boolean;
}

/** Takes the raw output of a command. */
export interface OutputSink {
  push(chunk: Buffer): void;
  bytes(): number;
  finish(): KeptOutput;
}

export interface OutputKeeper extends OutputSink {
  /** What is kept now; between the two `bytes()` may count more. */
  parts(): { head: Buffer; tail: Buffer };
}

export const headLimit = (limit_bytes: number) => Math.ceil(limit_bytes / 2);

/** Half of `limit_bytes` is for the head, half for the tail; cuts fall between characters. */
export function keepOutput(limit_bytes: number): OutputKeeper {
  const head_limit = headLimit(limit_bytes);
  const tail_limit = limit_bytes - head_limit;
  const hash = createHash("sha256");
  let total = 0;
  const head = Buffer.allocUnsafe(head_limit);
  let head_bytes = 0;
  const tail = keepTail(tail_limit);

  return {
    push(chunk) {
      total += chunk.length;
      hash.update(chunk);
      const into_head = chunk.copy(head, head_bytes);
      head_bytes += into_head;
      tail.push(chunk.subarray(into_head));
    },
    bytes: () => total,
    parts,
    finish() {
      const { head, tail } = parts();
      return {
        ...joinOutput(head, tail, total),
        output_bytes: total,
        output_sha256: hash.digest("hex"),
      };
    },
  };

  function parts() {
    return { head: head.subarray(0, head_bytes), tail: tail.bytes() };
  }
}

/** The last `limit_bytes` of all that is pushed, in a ring that is made when there is something. */
function keepTail(limit_bytes: number) {
  let ring = Buffer.alloc(0);
  let total = 0;
  return {
    push(chunk: Buffer): void {
      if (chunk.length === 0) return;
      if (ring.length === 0) ring = Buffer.allocUnsafe(limit_bytes);
      total += chunk.length;
      const last = chunk.subarray(-limit_bytes);
      const at = (total - last.length) % limit_bytes;
      const before_wrap = last.copy(ring, at);
      last.copy(ring, 0, before_wrap);
    },
    /** A copy. */
    bytes(): Buffer {
      if (total <= limit_bytes) return Buffer.from(ring.subarray(0, total));
      const at = total % limit_bytes;
      return Buffer.concat([ring.subarray(at), ring.subarray(0, at)]);
    },
  };
}

/** The text of both; where they do not touch, a line says how many of `total` bytes are left out. */
export function joinOutput(head: Buffer, tail: Buffer, total: number) {
  if (head.length + tail.length === total) {
    return { output: Buffer.concat([head, tail]).toString("utf8"), output_truncated: false };
  }
  const start = head.subarray(0, lastBoundary(head));
  const end = tail.subarray(firstBoundary(tail));
  const left_out = total - start.length - end.length;
  const output = `${start.toString("utf8")}\n[${left_out} bytes left out]\n${end.toString("utf8")}`;
  return { output, output_truncated: true };
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/** Where the last UTF-8 character begins if it is cut off, else the length. */
export function lastBoundary(bytes: Buffer): number {
  let lead = bytes.length - 1;
  while (lead > bytes.length - 4 && isContinuation(bytes[lead])) lead -= 1;
  const first = bytes[lead] ?? 0;
  const needs = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return needs > bytes.length - lead ? Math.max(0, lead) : bytes.length;
}

/** Where the first UTF-8 character that is not cut off begins. */
export function firstBoundary(bytes: Buffer): number {
  let at = 0;
  while (at < 3 && isContinuation(bytes[at])) at += 1;
  return at;
}
