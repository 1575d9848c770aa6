import { WireFault } from "../adapters/adapters.ts";
import { classify } from "../policy/classify.ts";
import { AttemptFault } from "../policy/codes.ts";
import { retryAfterMs } from "../policy/retry-after.ts";
import type { ProviderType } from "../target.ts";

/** Reads what an adapter threw, by the answer that it saw. `now_ms` is wall time. */
export function faultOf(thrown: unknown, type: ProviderType, now_ms: number): AttemptFault {
  if (thrown instanceof AttemptFault) return thrown;
  const words = wordsOf(thrown);
  if (!(thrown instanceof WireFault)) return new AttemptFault("connect", words, { cause: thrown });
  const { kind, answer } = thrown;
  if (kind === "connect" || kind === "cut") return new AttemptFault(kind, words, { cause: thrown });
  const { status, headers, body } = { ...answer, body: answer.body ?? "" };
  const { code, message } = classify({ type, status, headers, body, thrown: words });
  const retry_after_ms = retryAfterMs(headers, body, now_ms);
  return new AttemptFault(code, message, { status, retry_after_ms, headers, cause: thrown });
}

const DEPTH = 5;

/** With the causes, where the system's own word stands (`ECONNREFUSED`). */
function wordsOf(thrown: unknown): string {
  const words: string[] = [];
  for (let at = thrown; at instanceof Error && words.length < DEPTH; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    const said =
      code === undefined || at.message.includes(code) ? at.message : `${at.message} (${code})`;
    if (said !== "" && !words.some((word) => word.includes(said))) words.push(said);
  }
  return words.join(": ") || String(thrown);
}
