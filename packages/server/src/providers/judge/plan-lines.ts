import { readLenient } from "./lenient-json.ts";
import { type Values, valuesIn } from "./values.ts";

/** `Action: search[tides]`, `Action: read_file(path="a")` */
const CALL_LINE = /^[*#\s]*action\W{1,5}[\w.]{1,60} ?[[(]/i;
const OBJECT_LINE = /^[*#\s]*action[*\s]*:[*\s]*[{[`]/i;
const INPUT_LINE = /^[*#\s]*(?:action )?(?:input|args|arguments)\W{0,4}:/i;
const LINES = 4;

/** Whether a text that begins with a line "Action:" goes on as a plan does. */
export function goesOnAsPlan(text: string): "yes" | "no" | "maybe" {
  const [first = "", ...others] = text.split("\n");
  if (OBJECT_LINE.test(first)) return "no";
  if (CALL_LINE.test(first)) return "yes";
  const next = others.find((line) => line.trim() !== "");
  if (next === undefined) return others.length > LINES ? "no" : "maybe";
  if (INPUT_LINE.test(next)) return "yes";
  return others.at(-1) === next ? "maybe" : "no";
}

const LABEL =
  /^[*# \t]{0,12}(thoughts?|action input|action|observation|final answer|input)[* ]{0,4}:\*{0,2}/gim;

/** Lines of a plan say what is to be done; thoughts alone are none. */
export const hasPlanLines = (text: string): boolean =>
  /^[*# \t]{0,12}(?:action|final answer)[* ]{0,4}:/im.test(text);

/** The first call of lines as ReAct has them, or their final answer; null where neither can be read. */
export function planLineValues(text: string): Values | null {
  const parts = labelled(text);
  const at = parts.findIndex(({ label }) => label === "action");
  const action = parts[at];
  if (action === undefined) {
    const final = parts.find(({ label }) => label === "final answer");
    return final === undefined ? null : { values: [{ final_answer: final.text }], complete: true };
  }
  const next = parts[at + 1];
  const input = next !== undefined && next.label.endsWith("input") ? next.text : null;
  if (input !== null) return named(action.text, input);
  return valuesIn(action.text) ?? named(action.text, "{}");
}

/** What a model wrote behind the first call: made up observations, or words for the person. */
export function behindPlanLines(text: string): string {
  const parts = labelled(text);
  const at = parts.findIndex(({ label }) => label === "action");
  if (at < 0) return "";
  const has_input = parts[at + 1]?.label.endsWith("input") === true;
  const last = parts[has_input ? at + 1 : at]!;
  const more = parts.slice(has_input ? at + 2 : at + 1).map((part) => `${part.label} ${part.text}`);
  return [proseIn(last.text), ...more].join("\n");
}

/** Behind an object, or the first line, which is a value of one line. */
function proseIn(text: string): string {
  const opening = /^(?:```\w*)?\s*(?=[{[])/.exec(text)?.[0];
  if (opening === undefined) return text.split("\n").slice(1).join("\n");
  return text.slice(readLenient(text, opening.length)?.end ?? text.length);
}

interface Part {
  readonly label: string;
  readonly text: string;
}

function labelled(text: string): Part[] {
  const found = [...text.matchAll(LABEL)];
  return found.map((match, i) => ({
    label: match[1]!.toLowerCase(),
    text: text.slice(match.index + match[0].length, found[i + 1]?.index).trim(),
  }));
}

function named(name: string, input: string): Values | null {
  const read = valuesIn(input);
  const args = read === null ? input : read.values[0];
  return { values: [{ tool_name: name, tool_input: args }], complete: read?.complete ?? true };
}
