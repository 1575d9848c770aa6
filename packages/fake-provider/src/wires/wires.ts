import type { ParsedChatRequest } from "../chat-request.ts";
import { anthropic } from "./anthropic.ts";
import { cohere } from "./cohere.ts";
import { google } from "./google.ts";
import { chatCompletions, openAiRefusal } from "./openai.ts";
import type { Refusal, Wire } from "./wire.ts";

export const wireNames = [
  "openai",
  "cerebras",
  "groq",
  "mistral",
  "cohere",
  "anthropic",
  "google",
] as const;
export type WireName = (typeof wireNames)[number];

export const wires: Readonly<Record<WireName, Wire>> = {
  openai: chatCompletions({
    base_path: "/v1",
    usage_in: "own_chunk_if_asked",
    whole_calls: false,
    refusal: openAiRefusal,
  }),
  cerebras: chatCompletions({
    base_path: "/v1",
    usage_in: "last_chunk",
    whole_calls: false,
    refusal: ({ message, type, code }) => ({ message, type, param: "", code: code ?? "" }),
  }),
  groq: chatCompletions({
    base_path: "/openai/v1",
    usage_in: "x_groq",
    whole_calls: true,
    refusal: ({ message, type, code }: Refusal) => ({
      error: { message, type, ...(code !== null && { code }) },
    }),
  }),
  mistral: chatCompletions({
    base_path: "/v1",
    usage_in: "last_chunk",
    whole_calls: true,
    refusal: ({ status, message, type, code }) => ({
      object: "error",
      message,
      type,
      param: null,
      code,
      raw_status_code: status,
    }),
    strict: asMistralWantsIt,
  }),
  cohere,
  anthropic,
  google,
};

const MISTRAL_CALL_ID = /^[A-Za-z0-9]{9}$/;

function asMistralWantsIt({ messages, stream_options }: ParsedChatRequest): void {
  if (stream_options !== undefined) throw new Error("Extra inputs are not permitted.");
  const ids = messages.flatMap(({ tool_calls = [], tool_call_id }) => [
    ...tool_calls.map(({ id }) => id),
    ...(tool_call_id === undefined ? [] : [tool_call_id]),
  ]);
  const strange = ids.find((id) => !MISTRAL_CALL_ID.test(id));
  if (strange !== undefined)
    throw new Error(`Tool call id was ${strange} but must be a-z, A-Z, 0-9, with a length of 9.`);
  const after_tool = messages.find(
    ({ role }, i) => role === "user" && messages[i - 1]?.role === "tool",
  );
  if (after_tool !== undefined) throw new Error("Unexpected role 'user' after role 'tool'");
  if (!["user", "tool"].includes(messages.at(-1)?.role ?? ""))
    throw new Error("Expected last role User or Tool (or Assistant with prefix True) for serving");
}
