import { anthropicFaults } from "./faults/anthropic.ts";
import { cerebrasFaults } from "./faults/cerebras.ts";
import { cohereFaults } from "./faults/cohere.ts";
import { googleFaults } from "./faults/google.ts";
import { groqFaults } from "./faults/groq.ts";
import { mistralFaults } from "./faults/mistral.ts";
import { openaiFaults } from "./faults/openai.ts";
import { type FaultKind, type Faults, faultKinds, type Teller } from "./faults/told.ts";
import type { Reply } from "./script.ts";
import { type WireName, wires } from "./wires/wires.ts";

export { type FaultKind, faultKinds };

/** A refusal as a script may send it. */
export type FaultReply = Reply & { readonly status: number; readonly body: unknown };

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
  (as: WireName): Teller =>
  (status, type, code, message, headers) => ({
    status,
    body: wires[as].refusal({ status, message, type, code }),
    ...(headers && { headers }),
  });

const faults: Record<WireName, Faults> = {
  openai: openaiFaults(teller("openai")),
  cerebras: cerebrasFaults(teller("cerebras")),
  groq: groqFaults(teller("groq")),
  mistral: mistralFaults(teller("mistral")),
  cohere: cohereFaults(teller("cohere")),
  anthropic: anthropicFaults(teller("anthropic")),
  google: googleFaults(teller("google")),
};
