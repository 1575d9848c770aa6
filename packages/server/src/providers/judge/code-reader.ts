import { isBlank } from "./blank.ts";
import { type ObjectSuspicion, readObject } from "./object-reader.ts";
import { HOLDS, plainSpan, type Reader, type Span, type Step } from "./span.ts";

interface Fence {
  readonly mark: string;
  readonly info: string;
}

const INFO_CHARS = 100;
/** A longer line closes no block. */
const CLOSING_LINE_CHARS = 80;
/** Blocks that by their name hold calls, whatever is in them. */
const CALL_BLOCK = /^(?:tool|function|action|execute|call)[\w-]*$/i;
/** Blocks in which models write calls, too; code in any language is never held. */
const DATA_BLOCK = /^(?:json\w*)?$/i;

/** Reads backticks or tildes: the fence of a block, or inline code. */
export function readTicks(
  first: string,
  at_line_start: boolean,
  lead: () => string,
  suspicion: ObjectSuspicion,
): Reader {
  let mark = first;

  function take(char: string): Step {
    // Not `mark[0]`, which copies all that was joined so far.
    if (char === first) return ((mark += char), HOLDS);
    if (at_line_start && mark.length >= 3) return becoming(readInfo(mark, lead, suspicion), char);
    if (first === "~") return { step: "was_plain", shown: mark, anew: char };
    if (char === "{" || char === "[") return becoming(readObject(mark, lead, suspicion), char);
    return { step: "becomes", reader: readInlineCode(mark, char) };
  }

  return { take, end: () => plainSpan(mark) };
}

/** The unit that showed what it is belongs to it. */
function becoming(reader: Reader, char: string): Step {
  const step = reader.take(char);
  return step.step === "holds" ? { step: "becomes", reader } : step;
}

/** What is in inline code is shown as it is, up to the end of its line. */
function readInlineCode(mark: string, first: string): Reader {
  let shown = mark + first;
  return {
    take(char) {
      const text = shown + char;
      shown = "";
      if (char === "`" || text.includes("\n")) return { step: "was_plain", shown: text, anew: "" };
      return { step: "shows", text };
    },
    end: () => plainSpan(shown),
  };
}

function readInfo(mark: string, lead: () => string, suspicion: ObjectSuspicion): Reader {
  let text = mark;

  function take(char: string): Step {
    if (char === "\n") {
      const fence = { mark, info: text.slice(mark.length).trim() };
      return { step: "becomes", reader: readBlock(text + char, fence, lead, suspicion) };
    }
    if (char === "{" && mark[0] === "`") return becoming(readObject(text, lead, suspicion), char);
    if (text.length > INFO_CHARS || (char === "`" && mark[0] === "`"))
      return { step: "was_plain", shown: text, anew: char };
    text += char;
    return HOLDS;
  }

  return { take, end: () => plainSpan(text) };
}

/** Reads a block to its closing fence; it is held where it begins as calls do. */
function readBlock(
  opening: string,
  fence: Fence,
  lead: () => string,
  suspicion: ObjectSuspicion,
): Reader {
  const pieces = [opening];
  const { mark, info } = fence;
  let is_begun = false;
  let is_shown = false;
  let line = "";

  function take(char: string): Step {
    if (char === "\n" && closes(line, mark)) return closed(char);
    line = char === "\n" ? "" : line.length > CLOSING_LINE_CHARS ? line : line + char;
    if (is_shown) return { step: "shows", text: char };
    pieces.push(char);
    if (is_begun || isBlank(char)) return HOLDS;
    is_begun = true;
    if (holdsFrom(char)) return HOLDS;
    is_shown = true;
    return { step: "shows", text: pieces.splice(0).join("") };
  }

  const holdsFrom = (char: string): boolean =>
    (CALL_BLOCK.test(info) || (DATA_BLOCK.test(info) && '{[<"'.includes(char))) &&
    suspicion.holds(lead());

  function closed(char: string): Step {
    if (is_shown || !is_begun)
      return {
        step: "was_plain",
        shown: pieces.join("") + (is_shown ? char : ""),
        anew: is_shown ? "" : char,
      };
    return { step: "ends", span: span(char) };
  }

  function span(last: string): Span {
    const text = pieces.join("") + last;
    const body = bodyOf(pieces.join("").slice(opening.length), mark);
    const within = CALL_BLOCK.test(info) ? "call_block" : "block";
    return { kind: "object", text, body, lead: lead(), within, is_stub: false };
  }

  function end(): Span | null {
    if (is_shown) return null;
    return is_begun ? span("") : plainSpan(pieces.join(""));
  }

  return { take, end };
}

function closes(line: string, mark: string): boolean {
  const found = line.trim();
  return found.length >= mark.length && found === mark[0]!.repeat(found.length);
}

/** Without the closing fence, where there is one. */
function bodyOf(inside: string, mark: string): string {
  const last = inside.lastIndexOf("\n") + 1;
  return closes(inside.slice(last), mark) ? inside.slice(0, last) : inside;
}
