import type { LiveEvent } from "@mainstay/sdk/events";

type Piece = Pick<Extract<LiveEvent, { type: "output" }>, "offset" | "text">;

export interface Fresh {
  /** Where the output is known up to, UTF-16 units from its start. */
  end: number;
  /** Characters between what was known and `text` that nobody has any more. */
  missed: number;
  text: string;
}

/** What `piece` adds to output that is known up to `end`: after a reconnect it may be told again. */
export function freshOutput(end: number, { offset, text }: Piece): Fresh {
  return {
    end: Math.max(end, offset + text.length),
    missed: Math.max(0, offset - end),
    text: text.slice(Math.max(0, end - offset)),
  };
}
