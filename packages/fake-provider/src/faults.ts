import { duration } from "./rates.ts";
import type { Reply } from "./script.ts";
import type { Refusal } from "./wires/wire.ts";
import { type WireName, wires } from "./wires/wires.ts";

/** What a provider may refuse a request for. */
export const faultKinds = [
  "rate",
  "rate_day",
  "overload",
  "server_error",
  "auth",
  "payment",
  "context_too_long",
  "request_too_large",
  "content",
  "not_found",
  "bad_request",
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** A refusal as a script may send it. */
export type FaultReply = Reply & { readonly status: number; readonly body: unknown };

interface Told {
  readonly status: number;
  /** Whole, where it has not the shape of the wire's other refusals. */
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

/** Seconds after which a rate that is used up has room again. */
const RATE_RESET_S = 7.66;
const DAY_RESET_S = 2 * 3600 + 59.56;

/** The error body, status and headers with which `as` refuses, as they are on its wire. */
export function wireFault(as: WireName, kind: FaultKind): FaultReply {
  const { status, body, headers } = faults[as][kind];
  return { status, body, ...(headers && { headers }) };
}

/** A refusal of no kind of its own, in the wire's shape. */
export function refusalOf(
  as: WireName,
  status: number,
  message: string,
  code: string | null = null,
): object {
  const type = status >= 500 ? serverError[as] : badRequest[as];
  return wires[as].refusal({ status, message, type, code });
}

const serverError: Record<WireName, string> = {
  openai: "server_error",
  cerebras: "server_error",
  groq: "internal_server_error",
  mistral: "internal_server_error",
  cohere: "",
  anthropic: "api_error",
  google: "INTERNAL",
};
const badRequest: Record<WireName, string> = {
  openai: "invalid_request_error",
  cerebras: "invalid_request_error",
  groq: "invalid_request_error",
  mistral: "invalid_request_error",
  cohere: "",
  anthropic: "invalid_request_error",
  google: "INVALID_ARGUMENT",
};

const teller =
  (as: WireName) =>
  (
    status: number,
    type: string,
    code: string | null,
    message: string,
    headers?: Record<string, string>,
  ): Told => {
    const refusal: Refusal = { status, message, type, code };
    return { status, body: wires[as].refusal(refusal), ...(headers && { headers }) };
  };

const page = (status: number, title: string): Told => ({
  status,
  body: `<html>\n<head><title>${status} ${title}</title></head>\n<body><center><h1>${status} ${title}</h1></center></body>\n</html>\n`,
  headers: { "content-type": "text/html" },
});

const used = (of: "requests" | "tokens", limit: number, reset: string) => ({
  [`x-ratelimit-limit-${of}`]: String(limit),
  [`x-ratelimit-remaining-${of}`]: "0",
  [`x-ratelimit-reset-${of}`]: reset,
});

const faults: Record<WireName, Record<FaultKind, Told>> = {
  openai: openai(),
  cerebras: cerebras(),
  groq: groq(),
  mistral: mistral(),
  cohere: cohere(),
  anthropic: anthropic(),
  google: google(),
};

function openai(): Record<FaultKind, Told> {
  const tell = teller("openai");
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

/** Flat bodies; what is full answers 429 with `queue_exceeded`. */
function cerebras(): Record<FaultKind, Told> {
  const tell = teller("cerebras");
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

/** What it says of requests is a day's, of tokens a minute's; 413 is one request beyond a minute. */
function groq(): Record<FaultKind, Told> {
  const tell = teller("groq");
  const upgrade =
    "Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing";
  const of =
    "`llama-3.3-70b-versatile` in organization `org_fake` service tier `on_demand` on tokens per";
  return {
    rate: tell(
      429,
      "tokens",
      "rate_limit_exceeded",
      `Rate limit reached for model ${of} minute (TPM): Limit 12000, Used 11034, Requested 2443. Please try again in ${RATE_RESET_S}s. ${upgrade}`,
      { "retry-after": "8", ...used("tokens", 12_000, duration(RATE_RESET_S)) },
    ),
    rate_day: tell(
      429,
      "tokens",
      "rate_limit_exceeded",
      `Rate limit reached for model ${of} day (TPD): Limit 100000, Used 97050, Requested 3619. Please try again in 9m38.016s. ${upgrade}`,
      { "retry-after": "579", ...used("requests", 1_000, duration(DAY_RESET_S)) },
    ),
    overload: tell(
      503,
      "internal_server_error",
      null,
      "llama-3.3-70b-versatile is currently over capacity. Please try again and back off exponentially. Visit https://groqstatus.com to see if there is an active incident.",
    ),
    server_error: tell(500, "internal_server_error", null, "Internal Server Error"),
    auth: tell(401, "invalid_request_error", "invalid_api_key", "Invalid API Key"),
    payment: tell(
      400,
      "invalid_request_error",
      "blocked_api_access",
      "API access has been blocked because the organization's spend limit has been reached. Please raise it at https://console.groq.com/settings/billing",
    ),
    context_too_long: tell(
      400,
      "invalid_request_error",
      "context_length_exceeded",
      "Please reduce the length of the messages or completion.",
    ),
    request_too_large: tell(
      413,
      "tokens",
      "rate_limit_exceeded",
      `Request too large for model ${of} minute (TPM): Limit 12000, Requested 14137, please reduce your message size and try again. ${upgrade}`,
      used("tokens", 12_000, "1m0s"),
    ),
    content: tell(
      400,
      "invalid_request_error",
      "content_filter",
      "The request was refused by the moderation of this organization.",
    ),
    not_found: tell(
      404,
      "invalid_request_error",
      "model_not_found",
      "The model `llama-9` does not exist or you do not have access to it.",
    ),
    bad_request: tell(
      400,
      "invalid_request_error",
      null,
      "'messages.0' : for 'role:user' the following must be satisfied[('messages.0.content' : value must be a string)]",
    ),
  };
}

/** Flat bodies; the key's refusal comes from the gateway and has none of their fields. */
function mistral(): Record<FaultKind, Told> {
  const tell = teller("mistral");
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

/** A message and nothing else; no headers tell of rates. */
function cohere(): Record<FaultKind, Told> {
  const tell = (status: number, message: string) => teller("cohere")(status, "", null, message);
  return {
    rate: tell(
      429,
      "You are using a Trial key, which is limited to 20 API calls / minute. You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits at 'https://dashboard.cohere.com/api-keys'.",
    ),
    rate_day: tell(
      429,
      "You are using a Trial key, which is limited to 1000 API calls / month. You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits at 'https://dashboard.cohere.com/api-keys'.",
    ),
    overload: tell(503, "service unavailable"),
    server_error: tell(500, "internal server error, this has been reported to our developers."),
    auth: tell(401, "invalid api token"),
    payment: tell(
      402,
      "Please add or update your payment method at https://dashboard.cohere.com/billing",
    ),
    context_too_long: tell(
      400,
      "too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 131072. Try using a shorter prompt, or enable prompt truncating.",
    ),
    request_too_large: tell(413, "request body too large"),
    content: tell(498, "blocked input: your request was blocked by the content filter"),
    not_found: tell(
      404,
      "model 'command-nine' not found, make sure the correct model ID was used and that you have access to the model.",
    ),
    bad_request: tell(400, "invalid request: message must be at least 1 token long"),
  };
}

function anthropic(): Record<FaultKind, Told> {
  const tell = (status: number, type: string, message: string, headers?: Record<string, string>) =>
    teller("anthropic")(status, type, null, message, headers);
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

/** Its quota tells what was used up and when to come back in `details`, not in headers. */
function google(): Record<FaultKind, Told> {
  const tell = (status: number, state: string, message: string) =>
    teller("google")(status, state, null, message);
  const quota = (quotaId: string, retryDelay: string): Told => ({
    status: 429,
    body: {
      error: {
        code: 429,
        message: `You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. Please retry in ${retryDelay}.`,
        status: "RESOURCE_EXHAUSTED",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            violations: [
              {
                quotaMetric:
                  "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                quotaId,
                quotaDimensions: { location: "global", model: "gemini-2.5-flash" },
                quotaValue: "10",
              },
            ],
          },
          { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay },
        ],
      },
    },
  });
  return {
    rate: quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", `${RATE_RESET_S}s`),
    rate_day: quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", `${DAY_RESET_S}s`),
    overload: tell(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    server_error: tell(
      500,
      "INTERNAL",
      "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting",
    ),
    auth: {
      status: 400,
      body: {
        error: {
          code: 400,
          message: "API key not valid. Please pass a valid API key.",
          status: "INVALID_ARGUMENT",
          details: [
            {
              "@type": "type.googleapis.com/google.rpc.ErrorInfo",
              reason: "API_KEY_INVALID",
              domain: "googleapis.com",
            },
          ],
        },
      },
    },
    payment: tell(
      403,
      "PERMISSION_DENIED",
      "This API method requires billing to be enabled. Please enable billing on project #fake.",
    ),
    context_too_long: tell(
      400,
      "INVALID_ARGUMENT",
      "The input token count (5911388) exceeds the maximum number of tokens allowed (1048576).",
    ),
    request_too_large: page(413, "Request Entity Too Large"),
    content: tell(
      400,
      "INVALID_ARGUMENT",
      "The prompt was blocked due to safety: PROHIBITED_CONTENT",
    ),
    not_found: tell(
      404,
      "NOT_FOUND",
      "models/gemini-nine is not found for API version v1beta, or is not supported for generateContent.",
    ),
    bad_request: tell(
      400,
      "INVALID_ARGUMENT",
      "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
    ),
  };
}
