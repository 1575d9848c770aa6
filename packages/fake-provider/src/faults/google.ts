import { DAY_RESET_S, type Faults, RATE_RESET_S, type Teller, type Told, page } from "./told.ts";

/** Its quota tells what was used up and when to come back in `details`, not in headers. */
export function googleFaults(inShape: Teller): Faults {
  const tell = (status: number, state: string, message: string) =>
    inShape(status, state, null, message);
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
