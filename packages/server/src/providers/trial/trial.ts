import type { Clock } from "@mainstay/sdk/clock";
import { limits } from "../../kernel/limits.ts";
import type { ModelRequest } from "../../kernel/model.ts";
import { adapterFor } from "../adapters/adapters.ts";
import { listModels } from "../adapters/list-models.ts";
import { faultOf } from "../engine/fault-of.ts";
import { type AttemptCode, AttemptFault, traits } from "../policy/codes.ts";
import type { ProviderSettings } from "../target.ts";
import type { KeyedTarget } from "../targets-of.ts";
import { told } from "../told.ts";
import { explain } from "./plain-words.ts";
import { toolCallProblem, toolRequest, wordRequest } from "./requests.ts";

const STEP_MS = 60_000;
const LOCAL_STEP_MS = 180_000;
/** For models that think first. */
const OUTPUT_TOKENS = 1_024;

export const trialSteps = ["models", "text", "stream", "tool"] as const;

/** What one real call came to. */
export interface TrialStep {
  readonly step: (typeof trialSteps)[number];
  readonly outcome: "passed" | "failed" | "skipped";
  /** What was seen, in words; of a failure what it means, and what the provider said. */
  readonly detail: string;
  /** What to do about it; null where nothing is to be done. */
  readonly fix: string | null;
  /** Of the fault; null where there was none. */
  readonly code: AttemptCode | null;
  readonly took_ms: number;
}

export interface TrialParts {
  readonly provider: ProviderSettings;
  /** The one of its models, with the one of its keys, that is tried. */
  readonly tried: KeyedTarget;
  readonly clock: Clock;
}

/**
 * Makes real calls, a few hundred tokens in all: the list of models, a text at once, a text as a stream,
 * a call of a tool. Yields each as it ends; what cannot help any more is skipped. Never throws.
 */
export async function* tryProvider(parts: TrialParts): AsyncGenerator<TrialStep> {
  let obstacle: string | null = null;
  for (const step of trialSteps) {
    if (obstacle !== null) {
      yield { step, outcome: "skipped", detail: obstacle, fix: null, code: null, took_ms: 0 };
      continue;
    }
    const { fault, ...done } = await tryStep(step, parts);
    if (fault !== null && isFinal(fault))
      obstacle = "after what stands above it would say the same";
    yield done;
  }
}

/** A refused key and a closed door are so for every call. */
const isFinal = ({ code }: AttemptFault): boolean =>
  traits[code].blames === "credential" || code === "connect";

interface Tried extends TrialStep {
  readonly fault: AttemptFault | null;
}

async function tryStep(step: TrialStep["step"], parts: TrialParts): Promise<Tried> {
  const { clock, tried } = parts;
  const began = clock.monotonic();
  const late = new AbortController();
  const limit_ms = tried.target.is_local ? LOCAL_STEP_MS : STEP_MS;
  const lateness = new AttemptFault("timed_out", `no end within ${limit_ms / 1_000} s`);
  const disarm = clock.after(limit_ms, () => late.abort(lateness));
  const took = () => Math.round(clock.monotonic() - began);
  try {
    const seen = await work[step](parts, late.signal);
    return { step, ...seen, code: null, took_ms: took(), fault: null };
  } catch (thrown) {
    const fault = faultOf(
      late.signal.aborted ? lateness : thrown,
      parts.provider.type,
      clock.now(),
    );
    const { code } = fault;
    return { step, ...inWords(step, fault, parts), code, took_ms: took(), fault };
  } finally {
    disarm();
  }
}

function inWords(step: TrialStep["step"], fault: AttemptFault, { provider }: TrialParts): Seen {
  const said = told(fault.message, provider.api_keys);
  // Many servers that answer well have no such list.
  if (step === "models" && !isFinal(fault))
    return { outcome: "skipped", detail: `it lists no models (${said})`, fix: null };
  const { means, fix } = explain(fault.code, provider);
  return { outcome: "failed", detail: `${means} (${said})`, fix };
}

type Seen = Pick<TrialStep, "outcome" | "detail" | "fix">;
type Work = (parts: TrialParts, signal: AbortSignal) => Promise<Seen>;

const passed = (detail: string): Seen => ({ outcome: "passed", detail, fix: null });

const NAMED = 8;

const work: Record<TrialStep["step"], Work> = {
  async models({ provider, tried: { api_key } }, signal) {
    const { type, base_url, id, models } = provider;
    const listed = await listModels({ type, base_url, api_key, signal });
    const unlisted = unlistedOf(models, listed);
    if (unlisted.length === 0)
      return passed(`lists ${listed.length}, ${models.join(" and ")} among them`);
    const some = listed.slice(0, NAMED).join(", ") || "none";
    const seen = `${some}${listed.length > NAMED ? " …" : ""}`;
    const detail = `${unlisted.join(", ")} is not among the models that it lists: ${seen}`;
    return {
      outcome: "failed",
      detail: told(detail, provider.api_keys),
      fix: `name one of these for ${id}, unless the calls below work`,
    };
  },
  async text(parts, signal) {
    const { text } = await reply(parts, wordRequest(), false, signal);
    if (text.trim() === "") throw new AttemptFault("empty", "the answer had no text");
    return passed(`answers: ${shortened(text, parts)}`);
  },
  async stream(parts, signal) {
    const { text, first_ms, output_tokens } = await reply(parts, wordRequest(), true, signal);
    if (text.trim() === "") throw new AttemptFault("empty", "the stream had no text");
    const usage = output_tokens === null ? "tells no usage" : `tells ${output_tokens} tokens`;
    return passed(`first word after ${first_ms} ms; ${usage}`);
  },
  async tool(parts, signal) {
    const { calls } = await reply(parts, toolRequest(), true, signal);
    const problem = toolCallProblem(calls);
    if (problem === null) return passed("calls a tool as it should");
    const fix = "choose a model that is good with tools: Mainstay works through them";
    return { outcome: "failed", detail: told(problem, parts.provider.api_keys), fix };
  },
};

/** Those of `models` that a provider does not list. Ollama's names have a tag, which may be left out. */
export const unlistedOf = (models: readonly string[], listed: readonly string[]): string[] =>
  models.filter((model) => !listed.includes(model) && !listed.includes(`${model}:latest`));

const QUOTED_CHARS = 60;

function shortened(text: string, { provider }: TrialParts): string {
  const line = told(text, provider.api_keys);
  return line.length <= QUOTED_CHARS ? line : `${line.slice(0, QUOTED_CHARS - 1)}…`;
}

interface Replied {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly input: string }[];
  /** Null where nothing was said. */
  readonly first_ms: number | null;
  /** Null where the provider tells none. */
  readonly output_tokens: number | null;
}

/** @throws what the adapter throws, AttemptFault */
async function reply(
  { provider, tried, clock }: TrialParts,
  request: ModelRequest,
  stream: boolean,
  signal: AbortSignal,
): Promise<Replied> {
  const began = clock.monotonic();
  const { id, type, base_url } = provider;
  const { target, api_key } = tried;
  const ask = adapterFor({ provider: id, type, model: target.model, base_url, api_key, clock });
  const asked = await ask(request, { signal, stream, max_output_tokens: OUTPUT_TOKENS });
  const calls: { name: string; input: string }[] = [];
  let [text, first_ms, output_tokens] = ["", null as number | null, null as number | null];
  let is_finished = false;
  for await (const part of asked.stream) {
    if (part.type === "error") throw part.error;
    if ("delta" in part && part.delta !== "") first_ms ??= Math.round(clock.monotonic() - began);
    if (part.type === "text-delta") text += part.delta;
    if (text.length > limits.step_chars) throw new AttemptFault("too_long", "it spoke on and on");
    if (part.type === "tool-call") calls.push({ name: part.toolName, input: part.input });
    if (part.type !== "finish") continue;
    is_finished = true;
    output_tokens = part.usage.outputTokens.total ?? null;
  }
  if (!is_finished) throw new AttemptFault("cut", "the stream ended without a finish reason");
  return { text, calls, first_ms, output_tokens };
}
