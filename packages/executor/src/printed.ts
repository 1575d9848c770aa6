/**
 * What one running command has printed: kept for its end, spooled, told live, and told to who comes
 * late. What is told is on the disk's side by then.
 */
import { StringDecoder } from "node:string_decoder";
import { firstBoundary, keepOutput, lastBoundary, type OutputSink } from "./output.ts";
import type { OutputLogs } from "./output-log.ts";
import { lastLine, nextPercentage, type Percentage, shownPercent } from "./progress-line.ts";
import type { OutputPiece } from "./protocol.ts";
import type { Spool } from "./spool/spool.ts";
import type { Plan } from "./ticket.ts";

const LATE_BYTES = 64 << 10;
/** Where the last line is looked for; a longer one is shown by its end. */
const ENDING_UNITS = 1024;

export interface Printed extends OutputSink {
  /** The kept tail; what is told live after it begins where it ends. */
  tail(): OutputPiece;
  /** What its end shows now. */
  showing(): { last_line: string | null; percent: number | null };
}

/** `tell` gets each piece of text with its offset in UTF-16 units; characters are never cut. */
export function keepPrinted(
  { command_id, limits: { output_bytes } }: Pick<Plan, "command_id" | "limits">,
  disk: { spool: Pick<Spool, "begin">; logs: Pick<OutputLogs, "begin"> },
  tell: (offset: number, text: string) => void,
): Printed {
  const kept = keepOutput(output_bytes);
  const files = [disk.spool.begin(command_id, output_bytes, kept), disk.logs.begin(command_id)];
  const decoder = new StringDecoder("utf8");
  let told_units = 0;
  let ending = "";
  let percentage: Percentage = { state: "unseen" };
  return {
    bytes: kept.bytes,
    finish() {
      for (const file of files) file.close();
      return kept.finish();
    },
    push(chunk) {
      kept.push(chunk);
      for (const file of files) file.add(chunk);
      const text = decoder.write(chunk);
      if (text === "") return;
      const offset = told_units;
      told_units += text.length;
      ending = (ending + text.slice(-ENDING_UNITS)).slice(-ENDING_UNITS);
      percentage = nextPercentage(percentage, lastLine(ending));
      tell(offset, text);
    },
    tail() {
      const late = lateText(kept.parts(), kept.bytes());
      // Bytes that are no text may decode to more here than they did when they came in pieces.
      const text = late.slice(Math.max(0, late.length - told_units));
      return { offset: told_units - text.length, text };
    },
    showing: () => ({ last_line: lastLine(ending), percent: shownPercent(percentage) }),
  };
}

/** Without a character at its end that has not arrived whole: that one is told live. */
function lateText({ head, tail }: { head: Buffer; tail: Buffer }, total: number): string {
  const is_whole = head.length + tail.length === total;
  const last = (is_whole ? Buffer.concat([head, tail]) : tail).subarray(-LATE_BYTES);
  const from = last.length === total ? 0 : firstBoundary(last);
  return last.subarray(from, lastBoundary(last)).toString("utf8");
}
