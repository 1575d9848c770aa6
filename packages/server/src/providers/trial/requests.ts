import type { ModelRequest, ToolSpec } from "../../kernel/model.ts";

const ADDEND = 17;
const OTHER_ADDEND = 25;

const addition: ToolSpec = {
  name: "add",
  description: "Adds two whole numbers.",
  parameters: {
    type: "object",
    properties: { a: { type: "integer" }, b: { type: "integer" } },
    required: ["a", "b"],
    additionalProperties: false,
  },
};

export const wordRequest = (): ModelRequest =>
  requestOf("Reply with the single word: ready", "Answer briefly.", []);

export const toolRequest = (): ModelRequest =>
  requestOf(
    `How much is ${ADDEND} + ${OTHER_ADDEND}? Use the tool add.`,
    "Call the tool add for every sum. Do not compute yourself.",
    [addition],
  );

const requestOf = (said: string, system: string, tools: ToolSpec[]): ModelRequest => ({
  turn_id: "trial",
  said,
  messages: [
    { role: "system", text: system },
    { role: "user", text: said },
  ],
  tools,
  model: null,
  waiting: () => undefined,
  check: () => null,
});

/** What is wrong with the answer to `toolRequest`, in words; null: nothing. */
export function toolCallProblem(
  calls: readonly { readonly name: string; readonly input: string }[],
): string | null {
  const [call] = calls;
  if (call === undefined) return "it answers without calling the tool that it is told to call";
  if (call.name !== addition.name) return `it calls a tool that it was not offered: ${call.name}`;
  const numbers = numbersIn(call.input);
  if (numbers === null) return "it calls the tool with arguments that are no JSON object";
  const sum = [...numbers].sort((x, y) => x - y).join();
  return sum === [ADDEND, OTHER_ADDEND].join() ? null : "it calls the tool with other numbers";
}

function numbersIn(input: string): number[] | null {
  try {
    const { a, b } = JSON.parse(input) as { a?: unknown; b?: unknown };
    return [Number(a), Number(b)];
  } catch {
    return null;
  }
}
