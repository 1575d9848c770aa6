import type { PassedOver } from "@mainstay/sdk/events";
import type { AttemptFailure, ModelPart } from "../../kernel/model.ts";
import type { AttemptFault } from "../policy/codes.ts";
import type { Reply } from "./call.ts";
import type { Member } from "./member.ts";

/** A fault as people may read it. */
export const failureOf = (
  { target: { provider, model } }: Member,
  fault: AttemptFault,
  told: (text: string) => string,
): AttemptFailure => ({ provider, model, code: fault.code, message: told(fault.message) });

/** How an answered step ends; `passed_over` is empty where the first of the order answered. */
export function finishOf(
  { target: { provider, model } }: Member,
  { reason, bill }: Reply,
  passed_over: readonly PassedOver[],
): Extract<ModelPart, { type: "finish" }> {
  const why = passed_over.map((each) => `${each.provider}: ${each.why}`).join("; ") || null;
  const mode = why === null ? "full" : "reduced";
  return { type: "finish", reason, provider, model, mode, why, bill, usage: bill.usage };
}
