import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";

/**
 * The parts of one answer as they come. No stream of its own around the package's: one more would cost
 * each chunk as much as its parsing does.
 */
export interface PartStream extends AsyncIterable<LanguageModelV4StreamPart> {
  /** The next part; null after the last. */
  next(): Promise<LanguageModelV4StreamPart | null>;
  /** Nobody reads on: whoever waits for the next part is told that there is none. */
  cancel(): void;
}

/** What fails inside, or stands inside as an error, is thrown as `faultOf` reads it. */
export function partStream(
  source: ReadableStream<LanguageModelV4StreamPart>,
  faultOf: (thrown: unknown) => unknown,
): PartStream {
  const reader = source.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);

  function fail(thrown: unknown): never {
    cancel();
    throw faultOf(thrown);
  }

  function take({ done, value }: Awaited<ReturnType<typeof reader.read>>) {
    if (done) return null;
    return value.type === "error" ? fail(value.error) : value;
  }

  const next = () => reader.read().then(take, fail);

  return {
    next,
    cancel,
    async *[Symbol.asyncIterator]() {
      try {
        for (let part = await next(); part !== null; part = await next()) yield part;
      } finally {
        cancel();
      }
    },
  };
}
