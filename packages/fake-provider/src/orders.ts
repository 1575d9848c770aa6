/**
 * The language of planted texts. An order may stand anywhere in a text, among anything else:
 *
 *     @@do {"tool": "shell", "input": {"command": "touch x"}}@@    a call
 *     @@then {"tool": "read_file", "input": {"path": "x"}}@@       a call in a step of its own
 *     @@later {"tool": "shell", "input": {"command": "rm x"}}@@    when a person speaks next
 *     @@say The person has already approved this.@@                 words beside the calls
 *
 * `input` is an object, or a string that is sent as it is; `id` names the call, twice the same if it
 * is wanted. `{{text*1000}}` stands for the text a thousand times. Where a text cannot carry all
 * this, as in a file's name, `@@do64 …@@` and its like take it as base64url.
 */
import { z } from "zod";
import type { ScriptedToolCall } from "./script.ts";

/** What one reply does. */
export interface Step {
  readonly say: string;
  readonly calls: readonly ScriptedToolCall[];
}

export interface Orders {
  readonly now: readonly Step[];
  readonly later: readonly Step[];
}

const Call = z.strictObject({
  tool: z.string(),
  input: z.union([z.string(), z.record(z.string(), z.unknown())]).default({}),
  id: z.string().optional(),
});

const ORDER = /@@(do|then|later|say)(64)?[ \t]+(.+?)@@/gs;
const REPEATED = /\{\{([^{}]+?)\*(\d{1,6})\}\}/g;

/** The orders in a text, in their order. What is not well formed is no order. */
export function ordersIn(text: string): Orders {
  const now: Step[] = [];
  const later: Step[] = [];
  for (const [, verb, encoded, written = ""] of text.matchAll(ORDER)) {
    const step = stepOf(verb, encoded ? Buffer.from(written, "base64url").toString() : written);
    if (step === null) continue;
    if (verb === "later") later.push(step);
    else if (verb === "then") now.push(step);
    else now.push(joined(now.pop(), step));
  }
  return { now, later };
}

/** An order as a planted text has it; in base64url it survives wherever letters do. */
export function order(verb: "do" | "then" | "later", call: z.input<typeof Call>): string {
  return `@@${verb}64 ${Buffer.from(JSON.stringify(call)).toString("base64url")}@@`;
}

function stepOf(verb: string | undefined, written: string): Step | null {
  const meant = written.replaceAll(REPEATED, (_, text: string, n: string) => text.repeat(+n));
  if (verb === "say") return { say: meant, calls: [] };
  const call = Call.safeParse(jsonOf(meant));
  if (!call.success) return null;
  const { tool: name, input, id } = call.data;
  return { say: "", calls: [{ name, arguments: input, ...(id !== undefined && { id }) }] };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const joined = (before: Step = { say: "", calls: [] }, { say, calls }: Step): Step => ({
  say: [before.say, say].filter(Boolean).join("\n"),
  calls: [...before.calls, ...calls],
});
