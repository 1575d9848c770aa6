import { FAKE_KEY } from "@mainstay/fake-provider/fake-provider";
import type { Turn } from "@mainstay/sdk/turn";
import { post } from "./http.ts";
import type { Person } from "./people.ts";

/** A text turn asks the model once; a command turn twice, with one sandboxed command between. */
export type Kind = "text" | "command";

export const model_requests: Record<Kind, number> = { text: 1, command: 2 };

const WAIT_S = 60;

/** What the fake provider turns into a call of `shell`; `true` takes no notice of its operand. */
const messageOf = (kind: Kind, token: string): string =>
  kind === "text" ? `Answer ${token}` : `run true ${token}`;

/** Asks and waits for the end. Returns whether the answer is the one that belongs to the question. */
export async function ask(url: string, who: Person, kind: Kind, token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${who.key}`, prefer: `wait=${WAIT_S}` };
  const message = messageOf(kind, token);
  const { status, text } = await post(`${url}/v1/turns`, headers, { message });
  return status === 201 && isCorrect(JSON.parse(text) as Turn, kind, message);
}

function isCorrect({ state, answer, commands }: Turn, kind: Kind, message: string): boolean {
  if (state !== "done" || answer === null) return false;
  if (kind === "text") return answer === `You said: ${message}` && commands.length === 0;
  const [command] = commands;
  const ran = command?.exit_code === 0 && `run ${command.command}` === message;
  return ran && commands.length === 1 && answer.includes("[exit 0");
}

/** The smallest request a provider answers, so that no more than its own time is measured. */
export async function askProvider(base_url: string, token: string): Promise<void> {
  const body = {
    model: "fake-model",
    stream: true,
    messages: [{ role: "user", content: messageOf("text", token) }],
  };
  const headers = { authorization: `Bearer ${FAKE_KEY}` };
  const { status, text } = await post(`${base_url}/chat/completions`, headers, body);
  if (status !== 200 || !text.includes("[DONE]")) throw new Error(`the provider said ${status}`);
}
