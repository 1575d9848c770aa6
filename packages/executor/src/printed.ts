/**
 * What one running command has printed: kept for its end, spooled, told live, and told to who comes
 * late. What is told is on the disk's side by then.
 */
import { StringDecoder } from "node:string_decoder";
import { firstBoundary, keepOutput, lastBoundary, type OutputSink } from "./output.ts";
import type { OutputPiece } from "./protocol.ts";
import type { Spool } from "./spool/spool.ts";
import type { Plan } from "./ticket.ts";

const LATE_BYTES = 64 << 10;

export interface Printed extends OutputSink {
  /** The kept tail; what is told live after it begins where it ends. */
  tail(): OutputPiece;
}

/** `tell` gets each piece of text with its offset in UTF-16 units; characters are never cut. */
export function keepPrinted(
  { command_id, limits: { output_bytes } }: Pick<Plan, "command_id" | "limits">,
  spool: Pick<Spool, "begin">,
  tell: (offset: number, text: string) => void,
): Printed {
  const kept = keepOutput(output_bytes);
  const file = spool.begin(command_id, output_bytes, kept);
  const decoder = new StringDecoder("utf8");
  let told_units = 0;
  return {
    bytes: kept.bytes,
    finish() {
      file.close();
      return kept.finish();
    },
    push(chunk) {
      kept.push(chunk);
      file.add(chunk);
      const text = decoder.write(chunk);
      if (text === "") return;
      const offset = told_units;
      told_units += text.length;
      tell(offset, text);
    },
    tail() {
      const late = lateText(kept.parts(), kept.bytes());
      // Bytes that are no text may decode to more here than they did when they came in pieces.
      const text = late.slice(Math.max(0, late.length - told_units));
      return { offset: told_units - text.length, text };
    },
  };
}

/** Without a character at its end that has not arrived whole: that one is told live. */
function lateText({ head, tail }: { head: Buffer; tail: Buffer }, total: number): string {
  const is_whole = head.length + tail.length === total;
  const last = (is_whole ? Buffer.concat([head, tail]) : tail).subarray(-LATE_BYTES);
  const from = last.length === total ? 0 : firstBoundary(last);
  return last.subarray(from, lastBoundary(last)).toString("utf8");
}
