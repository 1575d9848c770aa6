/** On every answer: nothing is guessed, kept, framed or loaded by a browser. No CORS, no cookies. */
export const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};
