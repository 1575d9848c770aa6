import { DAY_RESET_S, type Faults, type Teller } from "./told.ts";

export function anthropicFaults(inShape: Teller): Faults {
  const tell = (status: number, type: string, message: string, headers?: Record<string, string>) =>
    inShape(status, type, null, message, headers);
  return {
    rate: tell(
      429,
      "rate_limit_error",
      "This request would exceed your organization's rate limit of 30,000 input tokens per minute.",
      {
        "retry-after": "8",
        "anthropic-ratelimit-tokens-limit": "30000",
        "anthropic-ratelimit-tokens-remaining": "0",
      },
    ),
    rate_day: tell(
      429,
      "rate_limit_error",
      "This request would exceed your organization's daily rate limit of 1,000,000 tokens.",
      { "retry-after": String(Math.ceil(DAY_RESET_S)) },
    ),
    overload: tell(529, "overloaded_error", "Overloaded"),
    server_error: tell(500, "api_error", "Internal server error"),
    auth: tell(401, "authentication_error", "invalid x-api-key"),
    payment: tell(
      400,
      "invalid_request_error",
      "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
    ),
    context_too_long: tell(
      400,
      "invalid_request_error",
      "prompt is too long: 210000 tokens > 200000 maximum",
    ),
    request_too_large: tell(413, "request_too_large", "Request exceeds the maximum size"),
    content: tell(400, "invalid_request_error", "Output blocked by content filtering policy"),
    not_found: tell(404, "not_found_error", "model: claude-nine"),
    bad_request: tell(
      400,
      "invalid_request_error",
      "messages.1.content.0.text: text content blocks must be non-empty",
    ),
  };
}
