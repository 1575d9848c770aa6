import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from "@ai-sdk/provider";
import type { Clock } from "@mainstay/sdk/clock";
import type { ModelRequest } from "../../kernel/model.ts";
import type { ProviderType } from "../target.ts";
import { createFetch, type Vet } from "./fetch.ts";
import { baseUrlOf, chatModel } from "./models.ts";
import { type PartStream, partStream } from "./part-stream.ts";
import { WireFault, wireFault } from "./wire-fault.ts";
import { wirePrompt, wireTools } from "./wire.ts";

export { anybody, type Vet } from "./fetch.ts";
export { WireFault } from "./wire-fault.ts";

export interface How {
  readonly signal: AbortSignal;
  /** False: the provider is asked for the whole answer at once. The parts are the same. */
  readonly stream: boolean;
  readonly max_output_tokens?: number | undefined;
}

export interface Asked {
  readonly stream: PartStream;
  /** Of the answer, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Asks one model once. No retries here: they belong to the attempt engine. What goes wrong, now or in
 * the stream, is thrown as a WireFault; an abort as the signal's reason.
 */
export type Ask = (request: ModelRequest, how: How) => Promise<Asked>;

export interface AdapterSettings {
  readonly provider: string;
  readonly type: ProviderType;
  readonly model: string;
  /** Null: the type's own. */
  readonly base_url: string | null;
  readonly api_key: string | null;
  readonly clock: Pick<Clock, "after">;
  /** Looks at each new connection; by default anybody may be there. */
  readonly vet?: Vet | undefined;
}

/** The adapter for one model of one provider; it has sockets of its own. */
export function adapterFor(settings: AdapterSettings): Ask {
  const modelFor = createModels(settings);
  let tells_usage = true;

  return async (request, how) => {
    const asked_usage = tells_usage;
    try {
      return await ask(modelFor(how.stream, asked_usage), settings.type, request, how);
    } catch (fault) {
      if (!asked_usage || !refusesUsage(fault)) throw fault;
      tells_usage = false;
      return ask(modelFor(how.stream, false), settings.type, request, how);
    }
  };
}

/** Made once each: a package builds its schemas anew for every one. */
function createModels(settings: AdapterSettings) {
  const { clock, vet } = settings;
  const fetch = createFetch(vet);
  const base_url = baseUrlOf(settings.type, settings.base_url);
  const made = new Map<string, LanguageModelV4>();
  return (stream: boolean, tells_usage: boolean): LanguageModelV4 => {
    const key = `${stream} ${tells_usage}`;
    const expected = fetch(stream ? { kind: "events", clock } : { kind: "json" });
    const model =
      made.get(key) ?? chatModel({ ...settings, base_url, tells_usage, fetch: expected });
    made.set(key, model);
    return model;
  };
}

/** Some servers do not know how to be asked for the usage of a stream; they are not asked again. */
const refusesUsage = (fault: unknown): boolean =>
  fault instanceof WireFault &&
  fault.kind === "refused" &&
  [400, 422].includes(fault.answer.status ?? 0) &&
  /stream_options|include_usage/.test(fault.answer.body ?? "");

async function ask(
  model: LanguageModelV4,
  type: ProviderType,
  request: ModelRequest,
  how: How,
): Promise<Asked> {
  const options = callOptions(type, request, how);
  try {
    const { stream, response } = how.stream
      ? await model.doStream(options)
      : wholeAnswer(await model.doGenerate(options));
    const headers = response?.headers ?? {};
    const faultOf = (thrown: unknown) =>
      how.signal.aborted ? how.signal.reason : wireFault(thrown, headers);
    return { stream: partStream(stream, faultOf), headers };
  } catch (thrown) {
    how.signal.throwIfAborted();
    throw wireFault(thrown, {});
  }
}

function callOptions(
  type: ProviderType,
  request: ModelRequest,
  { signal, max_output_tokens }: How,
): LanguageModelV4CallOptions {
  const limit = max_output_tokens ?? (type === "anthropic" ? ANTHROPIC_OUTPUT_TOKENS : undefined);
  return {
    prompt: wirePrompt(request.messages, type),
    tools: wireTools(request.tools),
    abortSignal: signal,
    ...(limit !== undefined && { maxOutputTokens: limit }),
  };
}

/**
 * Anthropic wants a bound. A file that a tool writes fits in, and models with a smaller one are known
 * to the package. Others are not told one: Groq and Cerebras count it against the minute's tokens.
 */
const ANTHROPIC_OUTPUT_TOKENS = 16_384;

function wholeAnswer({
  content,
  finishReason,
  usage,
  response,
}: LanguageModelV4GenerateResult): LanguageModelV4StreamResult {
  const parts: LanguageModelV4StreamPart[] = [
    ...content.flatMap(partsOf),
    { type: "finish", finishReason, usage },
  ];
  const headers = response?.headers;
  return { stream: ReadableStream.from(parts), ...(headers && { response: { headers } }) };
}

type Content = LanguageModelV4GenerateResult["content"][number];

function partsOf(content: Content, index: number): LanguageModelV4StreamPart[] {
  const id = String(index);
  switch (content.type) {
    case "text":
      return [{ type: "text-delta", id, delta: content.text }];
    case "reasoning":
      return [{ type: "reasoning-delta", id, delta: content.text }];
    case "tool-call":
      return [content];
    default:
      return [];
  }
}
