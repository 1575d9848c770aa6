import type { Row } from "../store/schema.ts";

/** What decides whose turn it is to be woken. */
export interface Standing extends Pick<Row<"turn">, "urgency" | "ordinal"> {
  /** How often it was woken in vain. */
  readonly wakes: number;
}

/**
 * Who is woken next of those that may go on: interactive turns first, of these whoever was woken in
 * vain least, so that no one turn tries for all the others, and then the oldest. Pure.
 */
export function firstOf<One extends Standing>(
  sleepers: Iterable<One>,
  mayGoOn: (sleeper: One) => boolean,
): One | null {
  let first: One | null = null;
  for (const each of sleepers)
    if (mayGoOn(each) && (first === null || isBefore(each, first))) first = each;
  return first;
}

function isBefore(a: Standing, b: Standing): boolean {
  if (a.urgency !== b.urgency) return a.urgency === "interactive";
  return a.wakes === b.wakes ? a.ordinal < b.ordinal : a.wakes < b.wakes;
}
