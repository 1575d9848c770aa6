import type { ToolCall } from "@mainstay/sdk/events";
import type { ModelBoard } from "../kernel/model-board.ts";
import { lackedIn } from "../kernel/lacked.ts";
import type { ModelMessage, ModelPart, ModelPort, ModelRequest } from "../kernel/model.ts";
import * as compose from "./compose.ts";
import { literal } from "./keywords.ts";
import { understand, type Intention } from "./understand.ts";

export interface OfflineParts {
  /** Why no model answers, in a few words; asked anew for each step. */
  readonly reason: () => string;
  /** False: every answer ends with how to set one up. */
  readonly provider_configured: boolean;
}

/**
 * The model port that needs no model: it looks at the last message, asks for the tools that can
 * look its words up, and quotes what they gave. Stateless: what was done is read from the request.
 */
export function createOffline({ reason, provider_configured }: OfflineParts): ModelPort {
  return {
    async *stream(request, signal): AsyncGenerator<ModelPart> {
      signal.throwIfAborted();
      const source = { provider: "offline", model: "local" } as const;
      const why = reason();
      yield { type: "attempt_started", ...source, why };
      const move = nextMove(request);
      if (move.kind === "answer") {
        const { body, direct } = move;
        const text = direct ? body : compose.answer(body, why, provider_configured);
        yield { type: "text", text };
      } else for (const call of move.calls) yield { type: "tool_call", call };
      yield {
        type: "finish",
        reason: move.kind === "answer" ? "stop" : "tool_calls",
        ...source,
        mode: "offline",
        usage: { input_tokens: 0, output_tokens: 0 },
        why: null,
        bill: null,
      };
    },
  };
}

/**
 * Asks models where there are any. A message that begins with `!` is a command of the person's own: no model is
 * asked about it.
 */
export function orOffline(
  models: ModelPort & Pick<ModelBoard, "available">,
  offline: ModelPort,
): ModelPort {
  const isDirect = ({ messages }: ModelRequest): boolean => {
    const last = messages.findLast((message) => message.role === "user");
    return last !== undefined && understand(last.text).kind === "command";
  };
  const portFor = (request: ModelRequest): ModelPort =>
    models.available() === "unconfigured" || isDirect(request) ? offline : models;
  return { stream: (request, signal) => portFor(request).stream(request, signal) };
}

type Move =
  | { readonly kind: "calls"; readonly calls: readonly ToolCall[] }
  /** `direct`: the person typed a command, so that no model was to be asked. */
  | { readonly kind: "answer"; readonly body: string; readonly direct: boolean };

/** The calls that this port made since the person spoke, with what came back. */
interface Made {
  readonly call: ToolCall;
  readonly ok: boolean;
  readonly text: string;
  /** Null where no command began. */
  readonly command_id: string | null;
}

const CALL_PREFIX = "offline_";
const NO_RESULT = "There is no result.";
const NOTHING = { kind: "answer", body: compose.nothingBody, direct: false } as const;

/** Each tool is asked for in one step of a turn, a command in two, so a turn ends after three steps. */
function nextMove(request: ModelRequest): Move {
  const asked = request.messages.findLastIndex((message) => message.role === "user");
  const message = request.messages[asked];
  if (message === undefined) return NOTHING;
  const desk = createDesk(request, madeAfter(request.messages, asked));
  return follow(understand(message.text), desk);
}

function follow(intention: Intention, desk: Desk): Move {
  switch (intention.kind) {
    case "command":
      return run(intention.command, desk);
    case "read":
      return read(intention, desk);
    case "list":
      return list(intention.path, desk);
    case "search":
      return search(intention.words, desk, []);
    case "nothing":
      return NOTHING;
  }
}

/** What failed for lack of a host or a folder is asked for once more with that, which a person decides. */
function run(command: string, desk: Desk): Move {
  const inputs = [{ command, intent: "run the command that you typed" }];
  return desk.use("shell", inputs, ([ran, again]) => {
    const open = again === undefined ? lackedIn(textOf(ran)) : null;
    if (open !== null)
      return desk.call("shell", { command, open, intent: "run it again, with what it lacked" });
    const runs = [ran, ...(again === undefined ? [] : [again])].map((made) => ({
      result: textOf(made),
      command_id: made?.command_id ?? null,
    }));
    return { ...said(compose.commandBody(command, runs)), direct: true };
  });
}

function read({ paths, words }: Extract<Intention, { kind: "read" }>, desk: Desk): Move {
  const inputs = paths.map((path) => ({ path, intent: `read ${path}, which you named` }));
  return desk.use("read_file", inputs, (made) => {
    const results = paths.map((path, at) => ({
      path,
      ok: made[at]?.ok === true,
      text: textOf(made[at]),
    }));
    const good = results.filter((each) => each.ok);
    const bad = results.filter((each) => !each.ok);
    const folder = bad.find(({ text }) => text.includes("is a folder"));
    if (good.length > 0) return said(compose.readBody(good, bad));
    if (folder !== undefined) return list(folder.path, desk);
    return search(words, desk, bad);
  });
}

function list(path: string | null, desk: Desk): Move {
  const intent = `list ${path ?? "the workspace"}`;
  const inputs = [path === null ? { intent } : { path, intent }];
  return desk.use("list_files", inputs, ([listed]) => said(compose.listBody(path, textOf(listed))));
}

/** One search a word: the many lines of a common word must not crowd out those of a rare one. */
function search(words: readonly string[], desk: Desk, failed: readonly compose.ReadResult[]): Move {
  if (words.length === 0) return failed.length > 0 ? said(compose.readBody([], failed)) : NOTHING;
  const inputs = words.map((word) => ({ pattern: literal(word), intent: `search for ${word}` }));
  return desk.use("search", inputs, (found) =>
    said(compose.searchBody(words, found.map(textOf), failed)),
  );
}

type Input = Readonly<Record<string, unknown>>;

interface Desk {
  /** Asks for the tool once; when it was asked, goes on with what it gave, in the order of `inputs`. */
  use(tool: string, inputs: readonly Input[], then: (made: readonly Made[]) => Move): Move;
  /** Asks for it whatever was asked before. */
  call(tool: string, input: Input): Move;
}

function createDesk({ messages, tools }: ModelRequest, made: readonly Made[]): Desk {
  /** The tool is part of the id: history that was left out can repeat a count of messages. */
  const callOf = (tool: string, input: Input, at: number): ToolCall => ({
    id: `${CALL_PREFIX}${tool}_${messages.length}_${at}`,
    name: tool,
    input: JSON.stringify(input),
  });

  return {
    call: (tool, input) => ({ kind: "calls", calls: [callOf(tool, input, 0)] }),
    use(tool, inputs, then) {
      const before = made.filter(({ call }) => call.name === tool);
      if (before.length > 0) return then(before);
      if (!tools.some(({ name }) => name === tool)) return said(compose.unavailableBody(tool));
      return { kind: "calls", calls: inputs.map((input, at) => callOf(tool, input, at)) };
    },
  };
}

function madeAfter(messages: readonly ModelMessage[], asked: number): Made[] {
  const since = messages.slice(asked + 1);
  const results = new Map(
    since.flatMap((message) => (message.role === "tool" ? [[message.call_id, message]] : [])),
  );
  return since
    .flatMap((message) => (message.role === "assistant" ? message.tool_calls : []))
    .filter((call) => call.id.startsWith(CALL_PREFIX))
    .map((call) => {
      const result = results.get(call.id);
      const { outcome = null, text = NO_RESULT, command_id = null } = result ?? {};
      return { call, ok: outcome === "ok", text, command_id };
    });
}

const textOf = (made: Made | undefined): string => made?.text ?? NO_RESULT;
const said = (body: string) => ({ kind: "answer", body, direct: false }) as const;
