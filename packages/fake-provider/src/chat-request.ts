import { z } from "zod";

const contentPart = z.looseObject({ type: z.string(), text: z.string().optional() });

const wireToolCall = z.looseObject({
  id: z.string(),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
});

const message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.null(), z.array(contentPart)]).optional(),
  tool_calls: z.array(wireToolCall).optional(),
  tool_call_id: z.string().optional(),
});

const tool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({ name: z.string() }),
});

/** The part of a chat-completions request that scripts look at; everything else is kept as sent. */
export const chatRequest = z.looseObject({
  model: z.string(),
  messages: z.array(message).min(1),
  stream: z.boolean().default(false),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).optional(),
  tools: z.array(tool).default([]),
});

export type ParsedChatRequest = z.infer<typeof chatRequest>;
type ChatMessage = ParsedChatRequest["messages"][number];

/** A message's text, with the parts of a multi-part content joined by line breaks. */
export function textOf({ content }: ChatMessage): string {
  if (typeof content === "string") return content;
  return (content ?? []).flatMap((part) => part.text ?? []).join("\n");
}

/** What the person said last; empty when nobody said anything. */
export function lastUserText({ messages }: ParsedChatRequest): string {
  const said = messages.findLast(({ role }) => role === "user");
  return said ? textOf(said) : "";
}
