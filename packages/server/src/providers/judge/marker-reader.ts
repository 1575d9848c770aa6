import { type Marker, type Markers, recognise } from "./markers.ts";
import { goesOnAsPlan } from "./plan-lines.ts";
import { HOLDS, plainSpan, type Reader, type Span, type Step } from "./span.ts";

/** Reads what may become a marker, and what a marker begins. */
export function readMarker(markers: Markers): Reader {
  let text = "";

  function take(char: string): Step {
    text += char;
    const found = recognise(markers, text);
    if (found === "maybe") return HOLDS;
    if (found === "none") return { step: "was_plain", shown: "", anew: text };
    return begun(found, text);
  }

  const end = (): Span | null =>
    /^<\/think(?:ing)?>$/i.test(text) && recognise(markers, `${text}\n`) !== "none"
      ? { kind: "thought_end", text }
      : plainSpan(text);

  return { take, end };
}

function begun(marker: Marker, text: string): Step {
  switch (marker.begins) {
    case "thought":
      return { step: "becomes", reader: readThought(text, marker.ends) };
    case "thought_end":
      return { step: "ends", span: { kind: "thought_end", text } };
    case "protocol":
    case "plan_lines":
      return { step: "becomes", reader: readRest(marker.begins, text) };
    case "plan_line":
      return { step: "becomes", reader: readPlanLine(text) };
  }
}

function readThought(opening: string, ends: string): Reader {
  const pieces = [opening];
  const last = ends.at(-1);
  let tail = "";

  function take(char: string): Step {
    pieces.push(char);
    tail = (tail + char).slice(-ends.length);
    return char === last && tail.toLowerCase() === ends
      ? { step: "ends", span: span(true) }
      : HOLDS;
  }

  const span = (is_closed: boolean): Span => ({
    ...{ kind: "thought", text: pieces.join("") },
    is_closed,
  });

  return { take, end: () => span(false) };
}

function readRest(kind: "protocol" | "plan_lines", opening: string): Reader {
  const pieces = [opening];
  return {
    take(char) {
      pieces.push(char);
      return HOLDS;
    },
    end: () => ({ kind, text: pieces.join("") }),
  };
}

const PLAN_LINE_CHARS = 600;

function readPlanLine(opening: string): Reader {
  let text = opening;

  function take(char: string): Step {
    text += char;
    const is_full = text.length >= PLAN_LINE_CHARS;
    if (!is_full && !"\n{[(`".includes(char)) return HOLDS;
    const told = goesOnAsPlan(text);
    if (told === "yes") return { step: "becomes", reader: readRest("plan_lines", text) };
    if (told === "maybe" && !is_full) return HOLDS;
    return { step: "was_plain", shown: text[0]!, anew: text.slice(1) };
  }

  const end = (): Span | null =>
    goesOnAsPlan(text) === "yes" ? { kind: "plan_lines", text } : plainSpan(text);

  return { take, end };
}
