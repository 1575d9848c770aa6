import { readTicks } from "./code-reader.ts";
import { readMarker } from "./marker-reader.ts";
import type { Markers } from "./markers.ts";
import { type ObjectSuspicion, readObject } from "./object-reader.ts";
import type { Reader, Span, Step } from "./span.ts";

export interface Suspicion extends ObjectSuspicion {
  readonly markers: Markers;
}

export interface Scanner {
  /** The spans that ended with this text. Plain text waits only for what may open something else. */
  push(text: string): Span[];
  /** What was open. */
  end(): Span[];
}

const LEAD_CHARS = 400;
const FENCE_INDENT = 12;
/** What opens nothing, where no line begins. */
const DULL = /[^{["<`◁\n]+/y;

/**
 * Cuts a reply into spans while it arrives.
 *
 * 1. The spans, plain neighbours joined, depend on the text alone, not on the pieces in which it came.
 * 2. Their texts joined are the text.
 * 3. Each unit is looked at a bounded number of times.
 */
export function createScanner(suspicion: Suspicion): Scanner {
  let reader: Reader | null = null;
  let spans: Span[] = [];
  /** Joined only when it ends: text that grows is copied whenever its end is looked at. */
  let plain: string[] = [];
  let flushed_lead = "";
  /** How far the line is indented; null where something that shows is in it already. */
  let indent: number | null = 0;

  function feed(text: string): void {
    for (let at = 0; at < text.length;) {
      if (reader === null && indent === null) {
        DULL.lastIndex = at;
        const dull = DULL.exec(text)?.[0] ?? "";
        if (dull !== "") plain.push(dull);
        at += dull.length;
        if (at === text.length) return;
      }
      const char = text[at++]!;
      if (reader === null) begin(char, false);
      else apply(reader.take(char));
    }
  }

  /** `is_spent`: it opened no marker. */
  function begin(char: string, is_spent: boolean): void {
    const at_line_start = indent !== null;
    if (!is_spent && mayOpenMarker(char, at_line_start)) open(readMarker(suspicion.markers), char);
    else if (char === "{" || char === "[" || char === '"')
      open(readObject("", lead, suspicion), char);
    else if (char === "`" || (char === "~" && at_line_start))
      reader = readTicks(char, at_line_start, lead, suspicion);
    else show(char);
  }

  function open(opened: Reader, char: string): void {
    reader = opened;
    apply(opened.take(char));
  }

  function apply(step: Step): void {
    switch (step.step) {
      case "holds":
        return;
      case "shows":
        return show(step.text);
      case "becomes":
        reader = step.reader;
        return;
      case "ends":
        reader = null;
        return ended(step.span);
      case "was_plain":
        return fallBack(step.shown, step.anew);
    }
  }

  function fallBack(shown: string, anew: string): void {
    reader = null;
    show(shown);
    if (shown !== "") return feed(anew);
    begin(anew[0]!, true);
    feed(anew.slice(1));
  }

  function ended(span: Span): void {
    flush();
    spans.push(span);
    indent = span.kind === "thought" || span.kind === "thought_end" ? 0 : null;
  }

  function show(text: string): void {
    if (text !== "") plain.push(text);
    for (const char of text) {
      if (char === "\n") indent = 0;
      else if (indent !== null)
        indent = (char === " " || char === "\t") && indent < FENCE_INDENT ? indent + 1 : null;
    }
  }

  function lead(): string {
    let tail = "";
    for (let at = plain.length; at > 0 && tail.length < LEAD_CHARS;)
      tail = plain[--at]!.slice(-LEAD_CHARS) + tail;
    return (flushed_lead + tail).slice(-LEAD_CHARS);
  }

  function flush(): void {
    if (plain.length === 0) return;
    flushed_lead = lead();
    spans.push({ kind: "plain", text: plain.join("") });
    plain = [];
  }

  function emitted(): Span[] {
    flush();
    const found = spans;
    spans = [];
    return found;
  }

  return {
    push(text) {
      feed(text);
      return emitted();
    },
    end() {
      const last = reader?.end() ?? null;
      reader = null;
      if (last !== null) ended(last);
      return emitted();
    },
  };
}

const mayOpenMarker = (char: string, at_line_start: boolean): boolean =>
  "<[◁".includes(char) || (at_line_start && /[*#a-z]/i.test(char));
