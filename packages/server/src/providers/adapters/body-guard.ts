/** A body that is none, or that tells an error, as its guard saw it. */
export interface BadBody {
  readonly message: string;
  /** What the answer said instead. */
  readonly body: string;
}

export interface BodyGuard {
  /** Looks at what came before anybody parses it; null while it is a good body. */
  push(chunk: Buffer): BadBody | null;
  /** It said itself that nothing more comes, though its connection may stay open. */
  isDone(): boolean;
  /** The body is over. */
  end(): BadBody | null;
}

const JSON_LIMIT_BYTES = 8 * 1024 * 1024;

/** An answer in one piece is held whole, so that it has a bound. */
export function createJsonGuard(): BodyGuard {
  let size_bytes = 0;
  return {
    push(chunk) {
      size_bytes += chunk.length;
      if (size_bytes <= JSON_LIMIT_BYTES) return null;
      return { message: `the answer is over ${JSON_LIMIT_BYTES} bytes`, body: "" };
    },
    isDone: () => false,
    end: () => null,
  };
}
