import { type Faults, type Teller } from "./told.ts";

/** A message and nothing else; no headers tell of rates. */
export function cohereFaults(inShape: Teller): Faults {
  const tell = (status: number, message: string) => inShape(status, "", null, message);
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
