import type { BodyOf, PassedOver, ToolCall, ToolOutcome } from "@mainstay/sdk/events";
import type { Mode, Usage } from "@mainstay/sdk/turn";

/**
 * The model port: what the turn speaks with whatever thinks for it. `providers/` implements it with
 * models, `offline/` with local data.
 */
export type ModelMessage =
  | { readonly role: "system"; readonly text: string }
  | { readonly role: "user"; readonly text: string }
  | { readonly role: "assistant"; readonly text: string; readonly tool_calls: readonly ToolCall[] }
  | {
      readonly role: "tool";
      readonly call_id: string;
      readonly tool: string;
      readonly outcome: ToolOutcome;
      readonly text: string;
      /** By which a person finds the command that it tells of; no model is told. */
      readonly command_id?: string;
    };

/** A tool as a model is told of it; `parameters` is JSON Schema. */
export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  readonly parameters: Record<string, unknown>;
}

export interface ModelRequest {
  readonly turn_id: string;
  /** What the person asked for, in their words: some ask for JSON. */
  readonly said: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolSpec[];
  /** The person's preference; null leaves the choice to the configured order. */
  readonly model: string | null;
  /** Hears what is being tried, in words for the person, whenever that takes long; null once it goes on. */
  readonly waiting: (text: string | null) => void;
  /** What is wrong with a call as a model wrote it, in words; null where it can be made. */
  readonly check: (call: ToolCall) => string | null;
}

/** What an attempt took, as it is billed. */
export interface Bill {
  /** Names the provider's key, without telling it. */
  readonly credential: string;
  readonly usage: Usage;
  /** Ours, from the lengths: the provider told none. */
  readonly estimated: boolean;
  /** Millionths of a US dollar; null where the model has no price in the configuration. */
  readonly cost_micro_usd: number | null;
}

export type FinishReason = "stop" | "tool_calls" | "length" | "content_filter" | "other";

/** What arrives, in order. A stream that ends without `finish` is never a success: it throws. */
export type ModelPart =
  | {
      type: "attempt_started";
      provider: string;
      model: string;
      why: string;
      credential?: string;
      passed_over?: PassedOver[];
      input_tokens?: number;
    }
  | {
      type: "attempt_failed";
      provider: string;
      model: string;
      code: string;
      message: string;
      /** Null where nothing was taken. */
      bill: Bill | null;
    }
  /** It waits for a rate window. */
  | { type: "paced"; provider: string; model: string; reason: string; wait_ms: number }
  | ({ type: "mended"; provider: string; model: string } & Mending)
  /** The stream was cut after text was shown: what came so far does not count. */
  | { type: "restart"; cause: string }
  | { type: "text"; text: string }
  | { type: "tool_call"; call: ToolCall }
  | {
      type: "finish";
      reason: FinishReason;
      provider: string;
      model: string;
      mode: Mode;
      usage: Usage;
      /** Why it is not the first choice that answered; null where it is. */
      why: string | null;
      /** Null where nothing is billed: no provider was asked. */
      bill: Bill | null;
    };

/** What was made of a reply that was not fit for a person as it came. */
export type Mending = Pick<BodyOf<"reply_mended">, "problem" | "how" | "detail">;

export interface ModelPort {
  /**
   * @throws NoModelAnswered when every target was tried, ContextTooLong, the signal's reason when
   * aborted. What was taken until then was yielded before.
   */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>;
}

/** Codes of faults that lie in the request: asking again, or somebody else, changes nothing. */
export const requestFaults: readonly string[] = ["rejected", "content", "request_too_large"];

export interface AttemptFailure {
  readonly provider: string;
  readonly model: string;
  readonly code: string;
  readonly message: string;
}

/** A model cannot take a request of this length: it may with less history. */
export class ContextTooLong extends Error {
  readonly failure: AttemptFailure;

  constructor(failure: AttemptFailure) {
    super(`${failure.provider}: ${failure.message}`);
    this.name = "ContextTooLong";
    this.failure = failure;
  }
}

/** Every target was tried and none answered. */
export class NoModelAnswered extends Error {
  readonly failures: readonly AttemptFailure[];

  constructor(failures: readonly AttemptFailure[]) {
    super(
      failures.map((f) => `${f.provider}: ${f.message}`).join("; ") || "no model is configured",
    );
    this.name = "NoModelAnswered";
    this.failures = failures;
  }
}
