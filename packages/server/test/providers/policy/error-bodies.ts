import type { AttemptCode } from "../../../src/providers/policy/codes.ts";
import type { ProviderType } from "../../../src/providers/target.ts";

/** A refusal as it is on the wire, beside those that the fake provider plays. */
export interface Worded {
  readonly type: ProviderType;
  readonly status: number | null;
  readonly body: string | object;
  readonly code: AttemptCode;
}

const openAI = (message: string, code: string | null, type = "invalid_request_error") => ({
  error: { message, type, param: null, code },
});
const of = (
  type: ProviderType,
  status: number | null,
  code: AttemptCode,
  body: string | object,
): Worded => ({ type, status, code, body });

const NGINX =
  "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n";

/** The same status for different faults, the same words for different ones, and faults under 200. */
export const worded: readonly Worded[] = [
  of(
    "groq",
    400,
    "invalid_call",
    openAI("Failed to call a function. Please adjust your prompt.", "tool_use_failed"),
  ),
  of("groq", 400, "invalid_call", openAI("Failed to generate JSON.", "json_validate_failed")),
  of(
    "groq",
    400,
    "not_found",
    openAI(
      "The model `mixtral-8x7b-32768` has been decommissioned and is no longer supported.",
      "model_decommissioned",
    ),
  ),
  of(
    "groq",
    403,
    "not_found",
    openAI(
      "The model `gpt-oss-120b` is blocked at the project level.",
      "model_permission_blocked_project",
      "permissions_error",
    ),
  ),
  of(
    "groq",
    498,
    "overload",
    openAI("Flex tier capacity exceeded, please try again later.", "capacity_exceeded"),
  ),
  of("groq", 413, "request_too_large", openAI("Request Entity Too Large", "request_too_large")),
  of("groq", 503, "overload", openAI("Service Unavailable", null, "internal_server_error")),
  of("cerebras", 429, "rate", {
    message: "Requests per minute limit exceeded - too many requests sent.",
    type: "too_many_requests_error",
    param: "quota",
    code: "request_quota_exceeded",
  }),
  of("cerebras", 400, "context_too_long", {
    message:
      "Please reduce the length of the messages or completion. Current length is 8304 while limit is 8192",
    type: "invalid_request_error",
    param: "messages",
    code: "context_length_exceeded",
  }),
  of("mistral", 429, "overload", {
    object: "error",
    message: "Service tier capacity exceeded for this model.",
    type: "invalid_request_error",
    param: null,
    code: null,
  }),
  of("mistral", 429, "rate", {
    object: "error",
    message: "Rate limit exceeded",
    type: "rate_limited",
    param: null,
    code: "1300",
    raw_status_code: 429,
  }),
  of("mistral", 400, "context_too_long", {
    object: "error",
    message:
      "Prompt contains 65673 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    type: "invalid_request_error",
    code: "3051",
  }),
  of("mistral", 401, "auth", { message: "Unauthorized", request_id: "5d7a" }),
  of("cohere", 429, "rate", { message: "Please wait and try again later" }),
  of("cohere", 498, "content", { message: "request blocked" }),
  of("cohere", 422, "rejected", { message: "invalid tool generation settings" }),
  of("cohere", 404, "not_found", {
    message: "model 'command-r' was removed on September 15, 2025.",
  }),
  of(
    "openai",
    429,
    "payment",
    openAI(
      "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
      "insufficient_quota",
      "insufficient_quota",
    ),
  ),
  of(
    "openai",
    429,
    "payment",
    openAI(
      "Your account is not active, please check your billing details on our website.",
      "billing_not_active",
      "billing_not_active",
    ),
  ),
  of(
    "openai",
    429,
    "overload",
    openAI("The engine is currently overloaded, please try again later.", null, "server_error"),
  ),
  of(
    "openai",
    403,
    "not_found",
    openAI("Project `proj_a` does not have access to model `o9`", "model_not_found"),
  ),
  of(
    "openai",
    403,
    "auth",
    openAI(
      "Country, region, or territory not supported",
      "unsupported_country_region_territory",
      "request_forbidden",
    ),
  ),
  of(
    "openai",
    400,
    "content",
    openAI(
      "Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
      "invalid_prompt",
    ),
  ),
  of("openai", 400, "content", {
    error: {
      code: "content_filter",
      message:
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
      innererror: { code: "ResponsibleAIPolicyViolation" },
    },
  }),
  of(
    "openai",
    400,
    "context_too_long",
    openAI(
      "Your input exceeds the context window of this model. Please adjust your input and try again.",
      "context_length_exceeded",
    ),
  ),
  of(
    "openai",
    500,
    "server_error",
    openAI("The server had an error processing your request.", null, "server_error"),
  ),
  of(
    "openai",
    500,
    "server_error",
    openAI("The content filter could not be reached.", null, "server_error"),
  ),
  of("openai", 502, "server_error", NGINX),
  of("openai", 504, "server_error", ""),
  of("openai", 524, "server_error", "error code: 524"),
  of("openai", 400, "malformed", "<!DOCTYPE html><title>Blocked</title>"),
  of("openai", 403, "malformed", "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>"),
  of("openai-compatible", 401, "auth", "<html><title>401 Authorization Required</title></html>"),
  of("openai", 302, "malformed", ""),
  of("anthropic", 529, "overload", {
    type: "error",
    error: { type: "overloaded_error", message: "Overloaded" },
  }),
  of("anthropic", 400, "payment", {
    type: "error",
    error: {
      type: "invalid_request_error",
      message:
        "You have reached your specified API usage limits. You will regain access on 2026-02-01 at 00:00 UTC.",
    },
  }),
  of("anthropic", 400, "context_too_long", {
    type: "error",
    error: {
      type: "invalid_request_error",
      message:
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again",
    },
  }),
  of("anthropic", 403, "auth", {
    type: "error",
    error: {
      type: "permission_error",
      message: "Your API key does not have permission to use the specified resource.",
    },
  }),
  of("anthropic", 402, "payment", {
    type: "error",
    error: { type: "billing_error", message: "There's an issue with your billing." },
  }),
  of("google", 400, "auth", {
    error: {
      code: 400,
      message: "API key expired. Please renew the API key.",
      status: "INVALID_ARGUMENT",
    },
  }),
  of("google", 429, "rate", [
    {
      error: {
        code: 429,
        message: "Resource has been exhausted (e.g. check quota).",
        status: "RESOURCE_EXHAUSTED",
      },
    },
  ]),
  of("google", 503, "overload", {
    error: {
      code: 503,
      message: "This model is currently experiencing high demand.",
      status: "UNAVAILABLE",
    },
  }),
  of("google", 400, "context_too_long", {
    error: {
      code: 400,
      message:
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
      status: "INVALID_ARGUMENT",
    },
  }),
  of("google", 403, "auth", {
    error: {
      code: 403,
      message: "Permission denied: Consumer has been suspended.",
      status: "PERMISSION_DENIED",
    },
  }),
  // Ollama, llama.cpp, vLLM, LM Studio, and gateways.
  of(
    "openai-compatible",
    404,
    "not_found",
    openAI("model 'llama9' not found, try pulling it first", null, "api_error"),
  ),
  of("openai-compatible", 503, "overload", openAI("Loading model", null, "unavailable_error")),
  of("openai-compatible", 400, "context_too_long", {
    error: {
      code: 400,
      message:
        "the request exceeds the available context size. try increasing the context size or enable context shift",
      type: "exceed_context_size_error",
    },
  }),
  of("openai-compatible", 400, "context_too_long", {
    object: "error",
    message:
      "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.",
    type: "BadRequestError",
    code: 400,
  }),
  of("openai-compatible", 400, "context_too_long", {
    error:
      "The number of tokens to keep from the initial prompt is greater than the context length.",
  }),
  of(
    "openai-compatible",
    402,
    "payment",
    openAI("Insufficient credits. Add more using https://example.org/credits", "402"),
  ),
  of("openai-compatible", 401, "auth", { detail: "Invalid token" }),
  of("openai-compatible", 422, "rejected", {
    detail: [
      { loc: ["body", "tools"], msg: "extra fields not permitted", type: "value_error.extra" },
    ],
  }),
  of("openai-compatible", 200, "overload", {
    error: { message: "Provider returned error", code: 503 },
  }),
  of("openai-compatible", 200, "rate", {
    error: { message: "Rate limit exceeded: free-models-per-min.", code: 429 },
  }),
  of("openai-compatible", 200, "server_error", {
    error: { message: "The server had an error", type: "server_error" },
  }),
  of("openai-compatible", 200, "malformed", { error: { message: "something is off" } }),
  of("openai-compatible", 200, "malformed", "<html><body>Welcome to our hotspot</body></html>"),
  of("openai-compatible", 200, "context_too_long", {
    error: { message: "maximum context length is 4096 tokens", code: "context_length_exceeded" },
  }),
  of("openai-compatible", null, "overload", { type: "overloaded_error", message: "Overloaded" }),
];
