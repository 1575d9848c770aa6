import { openBraces, takeBrace } from "./braces.ts";
import { HOLDS, plainSpan, type Reader, type Span, type Step } from "./span.ts";

/** What is worth holding back; asked when the first key of an object is known. */
export interface ObjectSuspicion {
  readonly holds: (lead: string) => boolean;
  /** By a key of its own an object is no plan. */
  readonly clears: (key: string) => boolean;
}

/**
 * Reads an object that stands in prose. `prefix` is what opened it: backticks, which are no part of
 * its body, or nothing; `lead` gives the prose before it.
 */
export function readObject(prefix: string, lead: () => string, suspicion: ObjectSuspicion): Reader {
  const braces = openBraces();
  const pieces: string[] = [];
  let known_lead: string | null = null;
  let is_shown = false;

  function take(char: string): Step {
    const took = takeBrace(braces, char);
    if (took === "none") return { step: "was_plain", shown: held(), anew: char };
    if (!is_shown) pieces.push(char);
    if (took === "key" || took === "encoded") return keyed(took === "key" ? braces.word : null);
    if (took === "end") return ended(char);
    return is_shown ? { step: "shows", text: char } : HOLDS;
  }

  function keyed(key: string | null): Step {
    if (is_shown) return { step: "shows", text: ":" };
    known_lead ??= lead();
    const is_held = suspicion.holds(known_lead) && (key === null || !suspicion.clears(key));
    if (is_held) return HOLDS;
    is_shown = true;
    return { step: "shows", text: prefix + pieces.splice(0).join("") };
  }

  function ended(char: string): Step {
    if (is_shown) return { step: "was_plain", shown: char, anew: "" };
    if (known_lead === null) return { step: "was_plain", shown: held(), anew: "" };
    return { step: "ends", span: span(false) };
  }

  const held = (): string => (is_shown ? "" : prefix + pieces.join(""));

  function span(is_stub: boolean): Span {
    const body = pieces.join("");
    const within = prefix === "" ? "prose" : "inline_code";
    const where = { lead: known_lead ?? lead(), within } as const;
    return { kind: "object", text: prefix + body, body, ...where, is_stub };
  }

  function end(): Span | null {
    if (is_shown) return null;
    const is_stub = known_lead === null;
    return is_stub && braces.phase === "start" ? plainSpan(held()) : span(is_stub);
  }

  return { take, end };
}
