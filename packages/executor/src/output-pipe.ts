/**
 * The reading end of a command's output.
 *
 * 1. It is read into one buffer, again and again: Node's own are freed by the collector alone, which
 *    under a flood comes tens of megabytes late. A piece is lent for one call.
 * 2. After each piece everything else has its turn: a flood waits in its pipe.
 */
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { soon } from "@mainstay/sdk/clock";

/** What a pipe holds, too. */
const PIECE_BYTES = 64 << 10;

export interface OutputPipe {
  /** Called before anything can be printed. */
  onPiece(receive: (piece: Buffer) => void): void;
  /** Resolves when all writers are gone and all is read, or at `close`. */
  closed: Promise<void>;
  close(): void;
}

/** Takes the descriptor over, also when it throws. */
export function openOutputPipe(descriptor: number): OutputPipe {
  const closed = Promise.withResolvers<void>();
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let receive: (piece: Buffer) => void = () => {};
  const socket = socketOf(descriptor, (length) => {
    receive(buffer.subarray(0, length));
    soon(() => socket.resume());
    return false;
  });
  socket.on("error", () => {}); // its close is what matters
  socket.once("close", closed.resolve);
  socket.resume();

  function socketOf(fd: number, callback: (length: number) => boolean): Socket {
    try {
      return new Socket({ fd, readable: true, writable: false, onread: { buffer, callback } });
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  return {
    onPiece: (listener) => void (receive = listener),
    closed: closed.promise,
    close: () => void socket.destroy(),
  };
}
