/** Ctrl-C, from wherever it comes. */
export interface Interrupts {
  /** Calls `pressed` at each interrupt until the returned function is called. */
  listen(pressed: () => void): () => void;
}

export function eitherOf(...sources: Interrupts[]): Interrupts {
  return {
    listen(pressed) {
      const stops = sources.map((source) => source.listen(pressed));
      return () => stops.forEach((stop) => stop());
    },
  };
}

/** The person pressed Ctrl-C where there is nothing to cancel but the command itself. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted");
    this.name = "Interrupted";
  }
}
