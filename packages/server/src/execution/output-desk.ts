import type { OutputPiece } from "@mainstay/executor/protocol";

/** `offset` counts UTF-16 units of a command's output since its start. */
export type OutputListener = (offset: number, text: string) => void;

/**
 * Hands live output to whoever listens to its command.
 *
 * 1. One listener a command; a later one takes the place of an earlier.
 * 2. A held listener hears the kept tail first, then what came meanwhile, in order.
 */
export interface OutputDesk {
  hear(command_id: string, offset: number, text: string): void;
  /** Returns what ends the listening. */
  listen(command_id: string, listener: OutputListener): () => void;
  /** Listens from now on, but hears nothing before `release`. */
  listenHeld(command_id: string, listener: OutputListener): HeldListener;
}

interface HeldListener {
  release(kept: OutputPiece | null): void;
  end(): void;
}

export function createOutputDesk(): OutputDesk {
  const listeners = new Map<string, OutputListener>();

  function listen(command_id: string, listener: OutputListener): () => void {
    listeners.set(command_id, listener);
    return () => {
      if (listeners.get(command_id) === listener) listeners.delete(command_id);
    };
  }

  return {
    hear: (command_id, offset, text) => listeners.get(command_id)?.(offset, text),
    listen,
    listenHeld(command_id, listener) {
      let held: OutputPiece[] | null = [];
      const end = listen(command_id, (offset, text) => {
        if (held === null) listener(offset, text);
        else held.push({ offset, text });
      });
      return {
        end,
        release(kept) {
          const pieces = kept === null ? (held ?? []) : [kept, ...(held ?? [])];
          held = null;
          for (const { offset, text } of pieces) listener(offset, text);
        },
      };
    },
  };
}
