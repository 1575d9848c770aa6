import { DAY_RESET_S, type Faults, RATE_RESET_S, type Teller } from "./told.ts";

/** Flat bodies; the key's refusal comes from the gateway and has none of their fields. */
export function mistralFaults(tell: Teller): Faults {
  const by_size = (reset_s: number) => ({
    "ratelimitbysize-limit": "500000",
    "ratelimitbysize-remaining": "0",
    "ratelimitbysize-reset": String(Math.ceil(reset_s)),
  });
  return {
    rate: tell(429, "rate_limited", "1300", "Rate limit exceeded", by_size(RATE_RESET_S)),
    rate_day: {
      status: 429,
      body: { message: "Requests rate limit exceeded" },
      headers: by_size(DAY_RESET_S),
    },
    overload: tell(
      429,
      "service_tier_capacity_exceeded",
      "3505",
      "Service tier capacity exceeded for this model.",
    ),
    server_error: tell(500, "internal_server_error", "1000", "Internal server error"),
    auth: { status: 401, body: { detail: "Unauthorized" } },
    payment: {
      status: 402,
      body: { detail: "You have reached your monthly usage limit. Check your billing settings." },
    },
    context_too_long: tell(
      400,
      "invalid_request_message",
      "3051",
      "Prompt contains 140000 tokens and 0 draft tokens, too large for model with 131072 maximum context length",
    ),
    request_too_large: tell(
      413,
      "invalid_request_error",
      null,
      "The request is too large: please reduce its size.",
    ),
    content: tell(403, "guardrail_violation", null, "The request was blocked by a guardrail."),
    not_found: tell(400, "invalid_model", "1500", "Invalid model: mistral-nine"),
    bad_request: {
      status: 422,
      body: {
        object: "error",
        message: {
          detail: [
            {
              type: "extra_forbidden",
              loc: ["body", "stream_options"],
              msg: "Extra inputs are not permitted",
              input: {},
            },
          ],
        },
        type: "invalid_request_error",
        param: null,
        code: null,
      },
    },
  };
}
