import { isBlank } from "./blank.ts";
import { type Braces, createBraces } from "./braces.ts";
import { type Marker, recognise } from "./markers.ts";

/** A piece of a reply; the texts of all its spans, joined, are the reply. */
export type Span =
  | { readonly kind: "plain"; readonly text: string }
  | { readonly kind: "thought"; readonly text: string }
  /** An object or several: bare, in quotes or backticks, or all that a code block holds. */
  | ({ readonly kind: "object"; readonly text: string; readonly body: string } & Place)
  /** From a marker, or the first line of a plan, to the end of the reply. */
  | { readonly kind: "protocol"; readonly text: string }
  | { readonly kind: "plan_lines"; readonly text: string };

/** Where in a reply something stands. */
export interface Place {
  /** The prose just before it. */
  readonly lead: string;
  /** What follows the fence that it stands in; null outside of code blocks. */
  readonly info: string | null;
  readonly is_inline_code: boolean;
}

/** What is worth holding back; the scanner asks before it knows what an object holds. */
export interface Suspicion {
  readonly markers: readonly Marker[];
  readonly holds: (place: Place) => boolean;
  /** By a key of its own the object is none of ours. */
  readonly clears: (key: string) => boolean;
}

export interface Scanner {
  /** The spans that ended with this text. Plain text never waits but for what may open something else. */
  push(text: string): Span[];
  /** What was open. */
  end(): Span[];
}

type Mode =
  | { readonly at: "prose" }
  /** It may become a marker. */
  | { readonly at: "opening"; text: string; readonly at_line_start: boolean }
  | { readonly at: "ticks"; text: string; readonly at_line_start: boolean }
  | { readonly at: "info"; text: string; readonly mark: string }
  /** Before the first character of a code block that shows. */
  | { readonly at: "block_start"; text: string; readonly fence: Fence }
  | { readonly at: "block"; readonly pieces: string[] | null; readonly fence: Fence; line: string }
  | { readonly at: "inline_code"; readonly mark: string }
  | {
      readonly at: "object";
      /** Null once it is cleared. */
      pieces: string[] | null;
      /** Null before its first key. */
      place: Place | null;
      readonly is_inline_code: boolean;
      readonly braces: Braces;
    }
  | { readonly at: "thought"; readonly pieces: string[]; readonly ends: string; tail: string }
  /** "Action:" alone may be prose; the line after it tells. */
  | { readonly at: "plan_line"; text: string }
  | { readonly at: "rest"; readonly kind: "protocol" | "plan_lines"; readonly pieces: string[] };

interface Fence {
  readonly mark: string;
  readonly info: string;
}

const PROSE: Mode = { at: "prose" };
const LEAD_CHARS = 400;
const INFO_CHARS = 100;
const FENCE_INDENT = 12;
const PLAN_LINE_CHARS = 600;
const PLAN_LINES = 4;
/** The rest of a reply is not held for a line of a code block that is longer. */
const CLOSING_LINE_CHARS = 80;
/** Blocks that by their name hold calls, whatever is in them. */
const CALL_BLOCK = /^(?:tool|function|action|execute|call)[\w-]*$/i;
/** Blocks in which calls were seen; code in other languages is never held. */
const DATA_BLOCK =
  /^(?:|json\w*|javascript|js|typescript|ts|python|py|te?xt|plaintext|xml|ya?ml)$/i;

/**
 * Cuts a reply into spans while it arrives, however it is cut into pieces: what comes out depends on the text
 * alone. Each UTF-16 unit is looked at a bounded number of times.
 */
export function createScanner(suspicion: Suspicion): Scanner {
  let mode: Mode = PROSE;
  let spans: Span[] = [];
  let plain = "";
  let lead = "";
  /** Of the line so far, as far as it could still be the indent before a fence; null past that. */
  let indent: string | null = "";

  function take(char: string): void {
    switch (mode.at) {
      case "prose":
        return prose(char);
      case "opening":
        return opening(mode, char);
      case "ticks":
        return ticks(mode, char);
      case "info":
        return info(mode, char);
      case "block_start":
        return blockStart(mode, char);
      case "block":
        return block(mode, char);
      case "inline_code":
        return inlineCode(mode, char);
      case "object":
        return object(mode, char);
      case "thought":
        return thought(mode, char);
      case "plan_line":
        return planLine(mode, char);
      case "rest":
        return void mode.pieces.push(char);
    }
  }

  function prose(char: string): void {
    const at_line_start = indent !== null;
    if (char === "`" || (char === "~" && at_line_start))
      mode = { at: "ticks", text: char, at_line_start };
    else if (mayOpen(char, at_line_start)) {
      mode = { at: "opening", text: "", at_line_start };
      opening(mode, char);
    } else show(char);
  }

  function opening(open: Extract<Mode, { at: "opening" }>, char: string): void {
    open.text += char;
    const found = recognise(suspicion.markers, open.text, open.at_line_start);
    if (found === "maybe") return;
    if (found === "none") fallBack(open.text);
    else begin(found, open.text);
  }

  function begin(marker: Marker, text: string): void {
    flush();
    switch (marker.begins) {
      case "thought":
        mode = { at: "thought", pieces: [text], ends: marker.ends, tail: "" };
        return;
      case "protocol":
        mode = { at: "rest", kind: "protocol", pieces: [text] };
        return;
      case "plan_line":
        mode = { at: "plan_line", text };
        return;
      case "plan":
        mode = { at: "rest", kind: "plan_lines", pieces: [text] };
        return;
    }
  }

  /** It opened no marker: its first character stands for itself, the rest is looked at anew. */
  function fallBack(text: string): void {
    const first = text[0]!;
    mode = PROSE;
    if (opensObject(first)) beginObject(first, false);
    else show(first);
    feed(text.slice(1));
  }

  function beginObject(prefix: string, is_inline_code: boolean): void {
    const pieces = is_inline_code ? [prefix] : [];
    const open: Extract<Mode, { at: "object" }> = {
      ...{ at: "object", pieces, place: null, is_inline_code },
      braces: createBraces((key) => judgeKey(open, key)),
    };
    mode = open;
    if (!is_inline_code) object(open, prefix);
  }

  function judgeKey(open: Extract<Mode, { at: "object" }>, key: string): void {
    open.place ??= { lead: leadNow(), info: null, is_inline_code: open.is_inline_code };
    if (open.pieces === null) return;
    if (suspicion.holds(open.place) && !suspicion.clears(key)) return;
    showHeld(open.pieces);
    open.pieces = null;
  }

  function object(open: Extract<Mode, { at: "object" }>, char: string): void {
    const took = open.braces.take(char);
    if (took === "none") {
      showHeld(open.pieces);
      mode = PROSE;
      return take(char);
    }
    keep(open, char);
    if (took === "end") close(open);
  }

  function keep(open: { pieces: string[] | null }, text: string): void {
    if (open.pieces === null) show(text);
    else open.pieces.push(text);
  }

  function close({ pieces, place }: Extract<Mode, { at: "object" }>): void {
    mode = PROSE;
    if (pieces === null) return;
    if (place === null) return showHeld(pieces);
    flush();
    const text = pieces.join("");
    spans.push({ kind: "object", text, body: text.replace(/^`+[\w-]*/, ""), ...place });
    indent = null;
  }

  function ticks(open: Extract<Mode, { at: "ticks" }>, char: string): void {
    if (char === open.text[0]) return void (open.text += char);
    const { text, at_line_start } = open;
    mode = PROSE;
    if (at_line_start && text.length >= 3) {
      mode = { at: "info", text, mark: text };
      return take(char);
    }
    if (text[0] === "~") return (show(text), take(char));
    if (char === "{" || char === "[") {
      beginObject(text, true);
      return take(char);
    }
    show(text);
    mode = { at: "inline_code", mark: text };
    take(char);
  }

  function info(open: Extract<Mode, { at: "info" }>, char: string): void {
    const { mark } = open;
    if (char === "\n") {
      const fence = { mark, info: open.text.slice(mark.length).trim() };
      mode = { at: "block_start", text: open.text + char, fence };
    } else if (char === "{" && mark[0] === "`") {
      beginObject(open.text, true);
      take(char);
    } else if (open.text.length > INFO_CHARS || (char === "`" && mark[0] === "`")) {
      mode = PROSE;
      show(open.text);
      take(char);
    } else open.text += char;
  }

  function blockStart(open: Extract<Mode, { at: "block_start" }>, char: string): void {
    if (isBlank(char)) return void (open.text += char);
    const { fence } = open;
    const place: Place = { lead: leadNow(), info: fence.info, is_inline_code: false };
    const { info: name } = fence;
    const suspect = CALL_BLOCK.test(name) || (DATA_BLOCK.test(name) && '{[<"'.includes(char));
    const held = suspect && suspicion.holds(place);
    const line = open.text.slice(open.text.lastIndexOf("\n") + 1);
    if (!held) show(open.text);
    mode = { at: "block", pieces: held ? [open.text] : null, fence, line };
    take(char);
  }

  function block(open: Extract<Mode, { at: "block" }>, char: string): void {
    if (char === "\n" && closes(open.line, open.fence)) {
      endBlock(open);
      return take(char);
    }
    keep(open, char);
    if (char === "\n") open.line = "";
    else if (open.line.length <= CLOSING_LINE_CHARS) open.line += char;
  }

  function endBlock({ pieces, fence }: Extract<Mode, { at: "block" }>): void {
    mode = PROSE;
    indent = null;
    if (pieces === null) return;
    const place: Place = { lead: leadNow(), info: fence.info, is_inline_code: false };
    flush();
    const text = pieces.join("");
    spans.push({ kind: "object", text, body: bodyOf(text, fence), ...place });
  }

  function inlineCode({ mark }: Extract<Mode, { at: "inline_code" }>, char: string): void {
    show(char);
    if (char === mark[0] || char === "\n") mode = PROSE;
  }

  function thought(open: Extract<Mode, { at: "thought" }>, char: string): void {
    open.pieces.push(char);
    open.tail = (open.tail + char).slice(-open.ends.length);
    if (char !== ">" && char !== "▷") return;
    if (open.tail.toLowerCase() !== open.ends) return;
    spans.push({ kind: "thought", text: open.pieces.join("") });
    mode = PROSE;
    indent = "";
  }

  function planLine(open: Extract<Mode, { at: "plan_line" }>, char: string): void {
    open.text += char;
    const { text } = open;
    if (char !== "\n" && text.length < PLAN_LINE_CHARS) return;
    const told = planLines(text);
    if (told === "maybe" && text.length < PLAN_LINE_CHARS) return;
    if (told === "yes") {
      mode = { at: "rest", kind: "plan_lines", pieces: [text] };
      return;
    }
    mode = PROSE;
    show(text[0]!);
    feed(text.slice(1));
  }

  function show(text: string): void {
    plain += text;
    for (const char of text) {
      if (char === "\n") indent = "";
      else if (indent !== null)
        indent = isBlank(char) && indent.length < FENCE_INDENT ? indent + char : null;
    }
  }

  function showHeld(pieces: readonly string[] | null): void {
    if (pieces !== null) show(pieces.join(""));
  }

  const leadNow = (): string => (lead + plain.slice(-LEAD_CHARS)).slice(-LEAD_CHARS);

  function flush(): void {
    if (plain === "") return;
    lead = leadNow();
    spans.push({ kind: "plain", text: plain });
    plain = "";
  }

  function feed(text: string): void {
    for (let i = 0; i < text.length; i += 1) take(text[i]!);
  }

  function emitted(): Span[] {
    flush();
    const found = spans;
    spans = [];
    return found;
  }

  /** What was open is what it was on the way to be, as far as that matters to who is shown it. */
  function endOpen(): void {
    const open = mode;
    mode = PROSE;
    switch (open.at) {
      case "prose":
      case "inline_code":
        return;
      case "opening":
      case "ticks":
      case "info":
      case "block_start":
        return show(open.text);
      case "plan_line":
        if (planLines(open.text) !== "yes") return show(open.text);
        flush();
        return void spans.push({ kind: "plan_lines", text: open.text });
      case "object":
        return close(open);
      case "block":
        return endBlock(open);
      case "thought":
        return void spans.push({ kind: "thought", text: open.pieces.join("") });
      case "rest":
        return void spans.push({ kind: open.kind, text: open.pieces.join("") });
    }
  }

  return {
    push(text) {
      feed(text);
      return emitted();
    },
    end() {
      endOpen();
      return emitted();
    },
  };
}

const opensObject = (char: string): boolean => char === "{" || char === "[" || char === '"';

const mayOpen = (char: string, at_line_start: boolean): boolean =>
  opensObject(char) ||
  char === "<" ||
  char === "◁" ||
  char === "f" ||
  (at_line_start && /[*#a-z]/i.test(char));

function closes(line: string, { mark }: Fence): boolean {
  const found = line.trim();
  return found.length >= mark.length && found === mark[0]!.repeat(found.length);
}

function bodyOf(text: string, fence: Fence): string {
  const inside = text.slice(text.indexOf("\n") + 1);
  const last = inside.lastIndexOf("\n") + 1;
  return closes(inside.slice(last), fence) ? inside.slice(0, last) : inside;
}

/** Whether lines that begin with one of a plan's words go on as a plan does. */
function planLines(text: string): "yes" | "no" | "maybe" {
  const [first = "", ...others] = text.split("\n");
  if (CALL_LINE.test(first)) return "yes";
  const next = others.find((line) => line.trim() !== "");
  if (next === undefined) return others.length > PLAN_LINES ? "no" : "maybe";
  return INPUT_LINE.test(next) ? "yes" : "no";
}

/** `Action: search[tides]`, `Action: read_file(path="a")` */
const CALL_LINE = /^[*#\s]*action\W{1,5}[\w.]{1,60} ?[[({]/i;
const INPUT_LINE = /^[*#\s]*(?:action )?(?:input|args|arguments)\W{0,4}:/i;
