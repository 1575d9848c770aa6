import { type Faults, RATE_RESET_S, type Teller, used } from "./told.ts";

export function openaiFaults(tell: Teller): Faults {
  return {
    rate: tell(
      429,
      "tokens",
      "rate_limit_exceeded",
      `Rate limit reached for gpt-4o in organization org-fake on tokens per min (TPM): Limit 30000, Used 29000, Requested 4800. Please try again in ${RATE_RESET_S}s. Visit https://platform.openai.com/account/rate-limits to learn more.`,
      { "retry-after-ms": "7660", "retry-after": "8", ...used("tokens", 30_000, "7.66s") },
    ),
    rate_day: tell(
      429,
      "requests",
      "rate_limit_exceeded",
      "Rate limit reached for gpt-4o in organization org-fake on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.",
      used("requests", 200, "7m12s"),
    ),
    overload: tell(
      503,
      "server_error",
      null,
      "That model is currently overloaded with other requests. You can retry your request.",
    ),
    server_error: tell(
      500,
      "server_error",
      null,
      "The server had an error while processing your request. Sorry about that!",
    ),
    auth: tell(
      401,
      "invalid_request_error",
      "invalid_api_key",
      "Incorrect API key provided: fake****key. You can find your API key at https://platform.openai.com/account/api-keys.",
    ),
    payment: tell(
      429,
      "insufficient_quota",
      "insufficient_quota",
      "You exceeded your current quota, please check your plan and billing details.",
    ),
    context_too_long: tell(
      400,
      "invalid_request_error",
      "context_length_exceeded",
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens. Please reduce the length of the messages.",
    ),
    request_too_large: tell(
      429,
      "tokens",
      "rate_limit_exceeded",
      "Request too large for gpt-4o in organization org-fake on tokens per min (TPM): Limit 30000, Requested 31538. The input or output tokens must be reduced in order to run successfully.",
    ),
    content: tell(
      400,
      "invalid_request_error",
      "content_policy_violation",
      "Your request was rejected as a result of our safety system.",
    ),
    not_found: tell(
      404,
      "invalid_request_error",
      "model_not_found",
      "The model `gpt-9` does not exist or you do not have access to it.",
    ),
    bad_request: tell(
      400,
      "invalid_request_error",
      null,
      "Invalid schema for function 'shell': schema must be a JSON Schema of 'type: \"object\"'.",
    ),
  };
}
