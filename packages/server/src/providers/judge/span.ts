/** A piece of a reply; the texts of all its spans, joined, are the reply. */
export type Span =
  | { readonly kind: "plain"; readonly text: string }
  | { readonly kind: "thought"; readonly text: string; readonly is_closed: boolean }
  /** The end of a thought that no piece before it began: all of them are thought. */
  | { readonly kind: "thought_end"; readonly text: string }
  | ObjectSpan
  /** From a marker, or the first line of a plan, to the end of the reply. */
  | { readonly kind: "protocol" | "plan_lines"; readonly text: string };

/** An object or several: bare, in quotes or backticks, or all that a code block holds. */
export interface ObjectSpan {
  readonly kind: "object";
  readonly text: string;
  /** Without fence or backticks. */
  readonly body: string;
  /** The prose just before it. */
  readonly lead: string;
  /** What it stands in. A block of calls says so by its name. */
  readonly within: "prose" | "inline_code" | "block" | "call_block";
  /** It was cut before its first key was whole. */
  readonly is_stub: boolean;
}

/** What a reader makes of the unit that it was given. */
export type Step =
  | { readonly step: "holds" }
  /** It is sure, and of no concern: this may be shown. */
  | { readonly step: "shows"; readonly text: string }
  /** It ended with this unit. */
  | { readonly step: "ends"; readonly span: Span }
  /** Something else begins here, which has the unit already. */
  | { readonly step: "becomes"; readonly reader: Reader }
  /** It was not what it seemed: `shown` is plain, `anew` is to be looked at as if it had just come. */
  | { readonly step: "was_plain"; readonly shown: string; readonly anew: string };

/** Reads one thing that is worth holding back, unit by unit. */
export interface Reader {
  take(char: string): Step;
  /** The reply ended: what is held is this span; null where nothing is. */
  end(): Span | null;
}

export const HOLDS: Step = { step: "holds" };

export const plainSpan = (text: string): Span | null =>
  text === "" ? null : { kind: "plain", text };
