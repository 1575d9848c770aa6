import type { LineReader, Reply } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";

/**
 * What a person in a chat is told beside it: only while they are at the prompt, above it and what
 * they type; what comes in between is told at the next prompt.
 */
export interface PromptNews {
  /** The person's next line; news are told above the prompt meanwhile. */
  next(prompt: string): Promise<Reply>;
  /** `take` gives the lines that are new, each once. */
  add(take: () => string[]): void;
  /** Is called once, when there is room for what it writes. */
  write(write: () => void): void;
  /** There may be new lines. */
  changed(): void;
}

export function createPromptNews(screen: Screen, reader: LineReader): PromptNews {
  const sources: (() => string[])[] = [];
  const writes: (() => void)[] = [];
  let is_at_prompt = false;
  const tell = () => {
    const lines = sources.flatMap((take) => take());
    const due = [...lines.map((line) => () => screen.note(line, "dim")), ...writes.splice(0)];
    if (due.length > 0) reader.aside(() => due.forEach((write) => write()));
  };
  return {
    next(prompt) {
      tell();
      is_at_prompt = true;
      return reader.next(prompt).finally(() => (is_at_prompt = false));
    },
    add: (take) => void sources.push(take),
    write(write) {
      writes.push(write);
      if (is_at_prompt) tell();
    },
    changed() {
      if (is_at_prompt) tell();
    },
  };
}
