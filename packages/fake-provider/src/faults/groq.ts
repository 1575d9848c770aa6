import { duration } from "../rates.ts";
import { DAY_RESET_S, type Faults, RATE_RESET_S, type Teller, used } from "./told.ts";

/** What it says of requests is a day's, of tokens a minute's; 413 is one request beyond a minute. */
export function groqFaults(tell: Teller): Faults {
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
