import { DAY_RESET_S, type Faults, RATE_RESET_S, type Teller } from "./told.ts";

/** Flat bodies; what is full answers 429 with `queue_exceeded`. */
export function cerebrasFaults(tell: Teller): Faults {
  const minute = (reset_s: number) => ({
    "x-ratelimit-limit-tokens-minute": "60000",
    "x-ratelimit-remaining-tokens-minute": "0",
    "x-ratelimit-reset-tokens-minute": String(reset_s),
  });
  return {
    rate: tell(
      429,
      "too_many_tokens_error",
      "token_quota_exceeded",
      "Tokens per minute limit exceeded - too many tokens processed.",
      { "retry-after": "8", ...minute(RATE_RESET_S) },
    ),
    rate_day: tell(
      429,
      "too_many_requests_error",
      "request_quota_exceeded",
      "Requests per day limit exceeded - too many requests sent.",
      {
        "x-ratelimit-limit-requests-day": "14400",
        "x-ratelimit-remaining-requests-day": "0",
        "x-ratelimit-reset-requests-day": String(DAY_RESET_S),
      },
    ),
    overload: tell(
      429,
      "too_many_requests_error",
      "queue_exceeded",
      "We're experiencing high traffic right now! Please try again soon.",
    ),
    server_error: tell(500, "server_error", "", "Encountered a server error, please try again."),
    auth: tell(401, "invalid_request_error", "wrong_api_key", "Wrong API Key"),
    payment: tell(
      402,
      "payment_required_error",
      "payment_required",
      "Payment required to access this resource. Visit the billing tab to manage your plan.",
    ),
    context_too_long: tell(
      400,
      "invalid_request_error",
      "context_length_exceeded",
      "Please reduce the length of the messages or completion. Current length is 70000 while limit is 65536",
    ),
    request_too_large: tell(
      429,
      "too_many_tokens_error",
      "token_quota_exceeded",
      "Requested 70000 tokens exceeds the tokens per minute limit of 60000 - please reduce the request.",
      minute(RATE_RESET_S),
    ),
    content: tell(
      422,
      "invalid_request_error",
      "content_filter",
      "The request was blocked by the content filter.",
    ),
    not_found: tell(
      404,
      "not_found_error",
      "model_not_found",
      "Model llama-9 does not exist or you do not have access to it.",
    ),
    bad_request: tell(
      400,
      "invalid_request_error",
      "wrong_api_format",
      "body.messages.0.content: Input should be a valid string",
    ),
  };
}
