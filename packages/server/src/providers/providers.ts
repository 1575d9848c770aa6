import type { Clock } from "@mainstay/sdk/clock";
import type { ProviderStatus } from "@mainstay/sdk/providers";
import {
  type AttemptFailure,
  type ModelPart,
  type ModelPort,
  type ModelRequest,
  NoModelAnswered,
} from "../kernel/model.ts";
import type { ModelBoard } from "../kernel/model-board.ts";
import type { Random } from "../kernel/random.ts";
import { attempt, type Deadlines } from "./attempt.ts";
import { type AttemptCode, attemptFault, mayPass } from "./faults.ts";
import { openAICompatible, type Ask } from "./openai-compatible.ts";
import { type Choice, routeTargets, type Target } from "./route.ts";
import { told } from "./told.ts";

const SECOND_ROUND_WITHIN_MS = 1_500;
const BETWEEN_MS = 60_000;
const ATTEMPT_MS = 600_000;
const FIRST_TOKEN_WITH_ALTERNATIVE_MS = 10_000;
const FIRST_TOKEN_ALONE_MS = 60_000;
const FIRST_TOKEN_LOCAL_MS = 180_000;

/** A provider as the configuration has it, its key already read. */
export interface ProviderSettings {
  readonly id: string;
  readonly base_url: string;
  readonly api_key: string | null;
  readonly models: readonly string[];
  /** Where the setting comes from, for `doctor`. */
  readonly source: string;
}

export interface Providers extends ModelPort, ModelBoard {}

interface Failure extends AttemptFailure {
  readonly code: AttemptCode;
}

interface AskableTarget extends Target {
  readonly ask: Ask;
  readonly first_token_ms: number;
}

/**
 * One attempt engine over many models: *route → attempt → judge*. Another target is tried at once;
 * when a whole round has failed, one quick second round asks those whose fault may have passed.
 */
export function createProviders(
  settings: readonly ProviderSettings[],
  clock: Clock,
  random: Random,
): Providers {
  const secrets = settings.flatMap(({ api_key }) => api_key ?? []);
  const targets = settings.flatMap((provider) => targetsOf(provider, settings.length > 1));

  async function* stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPart> {
    const failures = new Map<AskableTarget, Failure>();
    let round = routeTargets(targets, request.model);
    for (const last of [false, true]) {
      for (const choice of round) {
        const failure = yield* tryTarget(choice, request, signal);
        if (failure === null) return;
        failures.set(choice.target, failure);
      }
      round = round
        .filter(({ target }) => mayPass(failures.get(target)!.code))
        .map(({ target }) => ({ target, why: "a second try, after all had failed" }));
      if (last || round.length === 0) break;
      await clock.sleep(random() * SECOND_ROUND_WITHIN_MS, signal);
    }
    throw new NoModelAnswered([...failures.values()]);
  }

  async function* tryTarget(
    { target, why }: Choice<AskableTarget>,
    request: ModelRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ModelPart, Failure | null> {
    const { provider, model } = target;
    const deadlines: Deadlines = {
      first_token_ms: target.first_token_ms,
      between_ms: BETWEEN_MS,
      total_ms: ATTEMPT_MS,
    };
    yield { type: "attempt_started", provider, model, why };
    let shown = false;
    try {
      for await (const part of attempt(target.ask, request, deadlines, clock, signal)) {
        shown = true;
        if (part.type === "finish")
          yield { ...part, provider, model, mode: "full", why: null, bill: null };
        else yield part;
      }
      return null;
    } catch (thrown) {
      signal.throwIfAborted();
      const { code, message: said } = attemptFault(thrown);
      const message = told(said, secrets);
      yield { type: "attempt_failed", provider, model, code, message, bill: null };
      if (shown) yield { type: "restart", cause: `${provider}: ${message}` };
      return { provider, model, code, message };
    }
  }

  return {
    stream,
    status: () => settings.map(statusOf),
    available: () => (settings.length > 0 ? "full" : "unconfigured"),
    onChange: () => () => undefined,
  };
}

const statusOf = ({ id, models, source }: ProviderSettings): ProviderStatus => ({
  ...{ id, type: "openai-compatible", source, pause: null },
  models: models.map((model) => ({
    ...{ model, credential: "none", state: "ready", cause: null, until: null },
    ...{ answered: 0, failed: 0, first_token_ms: null },
  })),
});

function targetsOf(settings: ProviderSettings, alternative: boolean): AskableTarget[] {
  const { id: provider, base_url, api_key, models } = settings;
  const first_token_ms = isLocal(base_url)
    ? FIRST_TOKEN_LOCAL_MS
    : alternative
      ? FIRST_TOKEN_WITH_ALTERNATIVE_MS
      : FIRST_TOKEN_ALONE_MS;
  return models.map((model) => ({
    provider,
    model,
    first_token_ms,
    ask: openAICompatible({ provider, model, base_url, api_key }),
  }));
}

/** A model on this machine may load for minutes before its first token. */
function isLocal(base_url: string): boolean {
  const { hostname } = new URL(base_url);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
