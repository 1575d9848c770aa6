import { estimateTokens } from "../kernel/tokens.ts";
import type { TurnRecord } from "../store/turn-record.ts";
import type { Settlement } from "./moves.ts";
import { workDone } from "./work-done.ts";

/** A shorter message is not what fills a model. */
const LONG_MESSAGE_TOKENS = 1_000;

export interface ModelName {
  readonly provider: string;
  readonly model: string;
}

/** The clear end of a turn that is too long for a model, however much of its history is left out. */
export function tooLong(record: TurnRecord, { provider, model }: ModelName): Settlement {
  const asked_tokens = record.compacted?.tokens_after ?? null;
  const message_tokens = estimateTokens(record.message);
  const is_message =
    message_tokens >= LONG_MESSAGE_TOKENS && message_tokens >= (asked_tokens ?? 0) / 2;
  const what = is_message
    ? `Your message alone is too long for ${provider}/${model}: it has about ${message_tokens} tokens.`
    : `This conversation is too long for ${provider}/${model}${shortened(record)}.`;
  return {
    move: "settle",
    state: "failed",
    answer: `${what} ${workDone(record)} ${is_message ? FOR_MESSAGES : FOR_HISTORIES}`,
    error: { code: "context_too_long", message: `too long for ${provider}/${model}` },
  };
}

function shortened({ compacted }: TurnRecord): string {
  if (compacted === null) return ", and nothing of it can be left out";
  const times = compacted.times === 1 ? "once" : "twice";
  return `, also after what came before was shortened ${times}, to about ${compacted.tokens_after} tokens`;
}

const LARGER = "or let a model with a larger context answer (--model NAME).";
const FOR_MESSAGES = `What helps: put the text into a file of the workspace and ask about the file, which is read in parts; send a part of it; ${LARGER}`;
const FOR_HISTORIES = `What helps: ask in a new session, which has no history; ask about parts of files instead of whole ones; ${LARGER}`;
