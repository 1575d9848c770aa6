/** What was wrong with an attempt, by its code; said after the provider's name and a colon. */
const words: Readonly<Record<string, string>> = {
  connect: "it could not be reached",
  first_token_timeout: "it did not begin to answer",
  stalled: "it stopped in the middle",
  timed_out: "it did not come to an end",
  auth: "its key was refused",
  payment: "its credit is used up",
  rate: "its rate was used up",
  overload: "it was overloaded",
  server_error: "it had a fault",
  request_too_large: "the request was too large for its rate",
  context_too_long: "the request was too long for it",
  content: "its filter refused the request",
  not_found: "it does not know the model, or its address is wrong",
  rejected: "it refused the request",
  malformed: "its reply was not readable",
  empty: "its reply was empty",
  invalid_call: "it called a tool wrongly",
  planning: "it replied with a plan instead of an answer",
  cut: "its reply was cut off",
  too_long: "its reply had no end",
  interrupted: "the server stopped while it answered",
  unavailable: "it could not be asked",
  cancelled: "it was cancelled",
};

/** `overload` as a person is told it: `it was overloaded`. Codes of older journals have common words. */
export const faultInWords = (code: string): string => words[code] ?? "it did not answer";
