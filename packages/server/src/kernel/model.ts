import type { ToolCall, ToolOutcome } from "@mainstay/sdk/events";
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
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolSpec[];
  /** The person's preference; null leaves the choice to the configured order. */
  readonly model: string | null;
}

export type FinishReason = "stop" | "tool_calls" | "length" | "content_filter" | "other";

/** What arrives, in order. A stream that ends without `finish` is never a success: it throws. */
export type ModelPart =
  | { type: "attempt_started"; provider: string; model: string; why: string }
  | { type: "attempt_failed"; provider: string; model: string; code: string; message: string }
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
    };

export interface ModelPort {
  /** @throws NoModelAnswered when every target was tried; the signal's reason when aborted. */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>;
}

export interface AttemptFailure {
  readonly provider: string;
  readonly model: string;
  readonly code: string;
  readonly message: string;
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
