import { readFile } from "node:fs/promises";
import { z } from "zod";

const call = { type: z.literal("toolCall"), id: z.string() };

/** A call as the recorded agent made it. Only what an interrupted call may lack is optional. */
const RecordedCall = z.discriminatedUnion("name", [
  z.object({
    ...call,
    name: z.literal("bash"),
    /** `timeout` in seconds. */
    arguments: z.strictObject({ command: z.string(), timeout: z.number().optional() }),
  }),
  z.object({
    ...call,
    name: z.literal("read"),
    arguments: z.strictObject({
      path: z.string(),
      offset: z.int().optional(),
      limit: z.int().optional(),
    }),
  }),
  z.object({
    ...call,
    name: z.literal("edit"),
    arguments: z.strictObject({
      path: z.string(),
      oldText: z.string(),
      newText: z.string().optional(),
    }),
  }),
  z.object({
    ...call,
    name: z.literal("write"),
    arguments: z.strictObject({ path: z.string(), content: z.string() }),
  }),
]);
export type RecordedCall = z.infer<typeof RecordedCall>;

const Text = z.object({ type: z.literal("text"), text: z.string() });
const Thinking = z.object({ type: z.literal("thinking") });

const Message = z.discriminatedUnion("role", [
  z.object({ role: z.literal("user"), content: z.array(Text) }),
  z.object({
    role: z.literal("assistant"),
    content: z.array(z.union([Text, Thinking, RecordedCall])),
  }),
  z.object({
    role: z.literal("toolResult"),
    toolCallId: z.string(),
    content: z.array(Text),
    isError: z.boolean(),
  }),
  /** A command that the person typed; the model had no part in it. */
  z.object({ role: z.literal("bashExecution"), command: z.string() }),
]);
type Message = z.infer<typeof Message>;

const Line = z.union([
  z.object({ type: z.literal("message"), message: Message }),
  z.object({ type: z.literal("session"), cwd: z.string() }),
  z.object({ type: z.enum(["compaction", "thinking_level_change", "model_change"]) }),
]);

/** What a call gave on the recorded machine. */
export interface RecordedResult {
  readonly text: string;
  readonly failed: boolean;
}

export interface RecordedStep {
  readonly text: string;
  readonly calls: readonly RecordedCall[];
}

/** What a person said, and all that the agent did before the person spoke again. */
export interface RecordedTurn {
  readonly message: string;
  readonly steps: readonly RecordedStep[];
}

export interface Recording {
  /** Where its agent worked, absolute. */
  readonly cwd: string;
  readonly messages: number;
  readonly turns: readonly RecordedTurn[];
  /** By call id; interrupted calls have none. */
  readonly results: ReadonlyMap<string, RecordedResult>;
}

/** @throws for a line of another shape: a recording is never read in part. */
export async function readRecording(path: string): Promise<Recording> {
  const text = (await readFile(path, "utf8")).trimEnd();
  const lines = text.split("\n").map((line) => Line.parse(JSON.parse(line)));
  const messages = lines.flatMap((line) => (line.type === "message" ? [line.message] : []));
  const cwd = lines.flatMap((line) => (line.type === "session" ? [line.cwd] : []))[0];
  if (cwd === undefined) throw new Error(`${path} does not say where it was recorded`);
  return { cwd, messages: messages.length, turns: turnsOf(messages), results: resultsOf(messages) };
}

export const callsOf = ({ turns }: Pick<Recording, "turns">): RecordedCall[] =>
  turns.flatMap(({ steps }) => steps.flatMap(({ calls }) => calls));

interface OpenTurn {
  message: string;
  steps: RecordedStep[];
}

function turnsOf(messages: readonly Message[]): RecordedTurn[] {
  const turns: OpenTurn[] = [];
  for (const message of messages) {
    if (message.role === "user")
      turns.push({ message: textOf(message.content) || "(no text)", steps: [] });
    if (message.role !== "assistant") continue;
    const step = stepOf(message);
    if (step.text.trim() === "" && step.calls.length === 0) continue;
    // The recorded agent went on after an answer at times; here an answer ends a turn.
    if (turns.at(-1)?.steps.at(-1)?.calls.length === 0)
      turns.push({ message: "Go on.", steps: [] });
    turns.at(-1)?.steps.push(step);
  }
  return turns;
}

const stepOf = ({ content }: Extract<Message, { role: "assistant" }>): RecordedStep => ({
  text: textOf(content),
  calls: content.filter((part) => part.type === "toolCall"),
});

function resultsOf(messages: readonly Message[]): Map<string, RecordedResult> {
  const results = messages.filter((message) => message.role === "toolResult");
  return new Map(
    results.map(({ toolCallId, content, isError }) => [
      toolCallId,
      { text: textOf(content), failed: isError },
    ]),
  );
}

const textOf = (content: readonly { type: string; text?: string }[]): string =>
  content.flatMap((part) => (part.type === "text" ? (part.text ?? "") : [])).join("\n");
