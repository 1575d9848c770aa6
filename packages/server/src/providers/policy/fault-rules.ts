import type { ProviderType } from "../target.ts";
import type { AttemptCode } from "./codes.ts";
import type { ErrorBody } from "./error-body.ts";

/** A refusal, read. */
export interface Case extends ErrorBody {
  readonly type: ProviderType;
  /** That of the answer, or the one that its body names. */
  readonly status: number | null;
}

/** What the provider's words say it is; null where the status decides. Pure. */
export const codeByRule = (fault: Case): AttemptCode | null =>
  rules.find((rule) => rule.when(fault))?.code ?? null;

interface Rule {
  readonly code: AttemptCode;
  readonly when: (fault: Case) => boolean;
}

const marked = (fault: Case, marks: RegExp): boolean =>
  fault.marks.some((mark) => marks.test(mark));
const isOf = (fault: Case, ...statuses: number[]): boolean =>
  fault.status !== null && statuses.includes(fault.status);

/** The first that holds counts. */
const rules: readonly Rule[] = [
  // Groq's 413, and OpenAI's 429, for one request that is larger than the whole window.
  {
    code: "request_too_large",
    when: (fault) => isOf(fault, 413, 429) && one_too_large.test(fault.message),
  },
  { code: "request_too_large", when: (fault) => marked(fault, /^request_too_large$/) },
  // The model's own output could not be read as a call.
  {
    code: "invalid_call",
    when: (fault) =>
      marked(
        fault,
        /^(tool_use_failed|output_parse_failed|json_validate_failed|malformed_function_call)$/,
      ),
  },
  {
    code: "context_too_long",
    when: (fault) =>
      !isOf(fault, 401, 402, 403, 404, 429, 503) &&
      (marked(
        fault,
        /context[_ ](length|window|size)|string_above_max_length|model_max_prompt_tokens/,
      ) ||
        too_long.test(fault.message)),
  },
  {
    code: "payment",
    when: (fault) =>
      isOf(fault, 402) ||
      marked(
        fault,
        /^(insufficient_quota|billing_error|billing_not_active|billing_hard_limit_reached|payment_required|blocked_api_access|insufficient_(credits|balance|funds)|spend_limit\w*|credits?_exhausted)$/,
      ) ||
      (isOf(fault, 400, 401, 403, 429) && unpaid.test(fault.message)),
  },
  {
    code: "not_found",
    when: (fault) =>
      marked(
        fault,
        /^(model_not_found|model_decommissioned|model_not_active|invalid_model|unknown_model|not_found_error|model_permission_blocked\w*)$/,
      ) ||
      (isOf(fault, 400, 403, 404, 422) && no_model.test(fault.message)),
  },
  {
    code: "auth",
    when: (fault) =>
      marked(
        fault,
        /^(invalid_api_key|api_key_invalid|authentication_error|unauthenticated|invalid_authentication|wrong_api_key)$/,
      ) ||
      (fault.type === "google" &&
        isOf(fault, 400) &&
        /^api key (not valid|expired)/i.test(fault.message)),
  },
  {
    code: "content",
    when: (fault) =>
      (isOf(fault, 498) && fault.type !== "groq") ||
      marked(
        fault,
        /content[_ ]?(filter|policy|management)|responsibleai|moderation|guardrail|prohibited_content|^invalid_prompt$|^safety$|^blocked$/,
      ) ||
      (isOf(fault, 400, 403, 422) && filtered.test(fault.message)),
  },
  {
    code: "overload",
    when: (fault) =>
      isOf(fault, 503, 529, 498) ||
      marked(
        fault,
        /^(overloaded(_error)?|queue_exceeded|capacity_exceeded|slow_down|unavailable|service_unavailable|engine_overloaded)$/,
      ) ||
      (!isOf(fault, 400, 413, 422) && overloaded.test(fault.message)),
  },
  {
    code: "rate",
    when: (fault) =>
      isOf(fault, 429) ||
      marked(
        fault,
        /^(1300|rate_limit\w*|rate_limited|resource_exhausted|too_many_requests\w*|token_quota_exceeded|request_quota_exceeded)$/,
      ),
  },
];

const one_too_large = /^(request too large for |requested \d+ tokens exceeds)/i;

const too_long = new RegExp(
  [
    "maximum (context|prompt|input) length",
    "maximum number of tokens allowed",
    "(prompt|input|message|messages|context|conversation) (is|are) too (long|large)",
    "(input|prompt) (token count|length) .{0,80}exceeds",
    "exceeds? .{0,40}(context (window|length|size|limit)|token limit)",
    "exceeded .{0,40}(context (window|length|size)|token limit)",
    "context (window|length|size) .{0,40}(exceed|too (long|small)|overflow)",
    "too large for model with \\d+ maximum context",
    "too many tokens",
    "greater than the context length",
    "reduce the length of (the|your) (messages|prompt|input)",
    "prompt contains \\d+ tokens",
  ].join("|"),
  "i",
);

/** How messages begin that say that nobody pays. Google says "your current quota" of its rates. */
const unpaid =
  /^(your credit balance is too low|you have reached your specified api usage limits|payment required|this api method requires billing|insufficient (credits|balance|funds|quota)|(monthly |your )?(spending|spend|billing) (limit|cap)|you exceeded your current quota, please check your plan and billing details\. for more information on this error, read the docs: https:\/\/platform\.openai)/i;

const no_model =
  /^(the |this )?(requested )?(model|deployment)\b.{0,200}(not found|not exist|does not have access|not available|no longer|not supported|decommissioned|deprecated|retired)|^invalid model|^model_not_found|^(models\/\S+) is not found|^unknown model|^no such model|^project .{0,120}does not have access to model/i;

const filtered =
  /content (filter|management policy|policy violation)|usage (policies|guidelines)|flagged (as|by)|blocked (by|due to|because of) .{0,60}(safety|policy|filter|moderation|guidelines)|violat\w+ .{0,60}(usage|content) (policy|policies|guidelines)/i;

const overloaded =
  /^[^.]{0,120}(capacity exceeded|over capacity|at capacity|overloaded|high traffic|high demand|temporarily unavailable|loading model)/i;
