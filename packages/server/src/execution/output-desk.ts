import type { OutputPiece } from "@mainstay/executor/protocol";

/** `offset` counts UTF-16 units of a command's output since its start. */
export type OutputListener = (offset: number, text: string) => void;

/**
 * Hands live output to whoever listens to its command.
 *
 * 1. One listener a command; a later one takes the place of an earlier. Beside it any number tap it.
 * 2. A held listener hears the kept tail first, then what came meanwhile, in order.
 */
export interface OutputDesk {
  hear(command_id: string, offset: number, text: string): void;
  /** Returns what ends the listening. */
  listen(command_id: string, listener: OutputListener): () => void;
  /** Listens from now on, but hears nothing before `release`. */
  listenHeld(command_id: string, listener: OutputListener): HeldListener;
  /** As `listenHeld`, beside whoever listens. */
  tapHeld(command_id: string, listener: OutputListener): HeldListener;
}

interface HeldListener {
  release(kept: OutputPiece | null): void;
  end(): void;
}

export function createOutputDesk(): OutputDesk {
  const listeners = new Map<string, OutputListener>();
  const taps = new Map<string, Set<OutputListener>>();

  function listen(command_id: string, listener: OutputListener): () => void {
    listeners.set(command_id, listener);
    return () => {
      if (listeners.get(command_id) === listener) listeners.delete(command_id);
    };
  }

  function tap(command_id: string, listener: OutputListener): () => void {
    const of = taps.get(command_id) ?? new Set();
    taps.set(command_id, of.add(listener));
    return () => {
      of.delete(listener);
      if (of.size === 0) taps.delete(command_id);
    };
  }

  return {
    hear(command_id, offset, text) {
      listeners.get(command_id)?.(offset, text);
      for (const listener of taps.get(command_id) ?? []) listener(offset, text);
    },
    listen,
    listenHeld: (command_id, listener) => heldUp(listener, (held) => listen(command_id, held)),
    tapHeld: (command_id, listener) => heldUp(listener, (held) => tap(command_id, held)),
  };
}

function heldUp(
  listener: OutputListener,
  listen: (held: OutputListener) => () => void,
): HeldListener {
  let held: OutputPiece[] | null = [];
  const end = listen((offset, text) => {
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
}
