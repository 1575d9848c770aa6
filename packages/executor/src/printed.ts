/**
 * What one running command has printed: kept for its end, spooled, logged, told live, and told to who
 * comes late. What is told is on the disk's side by then.
 */
import { StringDecoder } from "node:string_decoder";
import type { Clock } from "@mainstay/sdk/clock";
import { paceText } from "./live-text.ts";
import { firstBoundary, keepOutput, lastBoundary, type OutputSink } from "./output.ts";
import type { OutputLogs } from "./output-log.ts";
import { lastLine, nextPercentage, type Percentage, shownPercent } from "./progress-line.ts";
import type { OutputPiece } from "./protocol.ts";
import type { Spool } from "./spool/spool.ts";
import type { Plan } from "./ticket.ts";

const LATE_BYTES = 64 << 10;
/** Where the last line is looked for; of a longer one the end is shown. */
const ENDING_UNITS = 1024;

export interface Printed extends OutputSink {
  /** The kept tail; what is told live after it begins where it ends. */
  tail(): OutputPiece;
  /** What its end shows now. */
  showing(): { last_line: string | null; percent: number | null };
}

export interface PrintedParts {
  spool: Pick<Spool, "begin">;
  logs: Pick<OutputLogs, "begin">;
  clock: Clock;
}

/**
 * `tell` gets pieces of text with their offsets in UTF-16 units; characters are never cut. Where the
 * command prints faster than anybody reads, there are gaps.
 */
export function keepPrinted(
  { command_id, limits: { output_bytes } }: Pick<Plan, "command_id" | "limits">,
  { spool, logs, clock }: PrintedParts,
  tell: (offset: number, text: string) => void,
): Printed {
  const kept = keepOutput(output_bytes);
  const spooled = spool.begin(command_id, output_bytes, kept);
  const logged = logs.begin(command_id);
  const decoder = new StringDecoder("utf8");
  const live = paceText(clock, (offset, text) => {
    spooled.catchUp();
    tell(offset, text);
  });
  let ending = "";
  let percentage: Percentage = { state: "unseen" };
  return {
    bytes: kept.bytes,
    finish() {
      live.flush();
      spooled.catchUp();
      spooled.close();
      logged.close();
      return kept.finish();
    },
    push(chunk) {
      kept.push(chunk);
      spooled.add(chunk);
      logged.add(chunk);
      const text = decoder.write(chunk);
      if (text === "") return;
      live.push(text);
      ending = (ending + text.slice(-ENDING_UNITS)).slice(-ENDING_UNITS);
      percentage = nextPercentage(percentage, lastLine(ending));
    },
    tail() {
      live.flush();
      const late = lateText(kept.parts(), kept.bytes());
      // Bytes that are no text may decode to more here than they did when they came in pieces.
      const text = late.slice(Math.max(0, late.length - live.units()));
      return { offset: live.units() - text.length, text };
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
