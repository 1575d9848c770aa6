/**
 * Pipes for the output of commands. What Node calls a pipe is a pair of sockets, which a program
 * cannot open again: `tee /dev/stderr` fails on it. A FIFO is a real pipe; only mkfifo(1) can make
 * one for us, so they are made ahead, many at a time.
 */
import { closeSync, mkdirSync, openSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "./system-tool.ts";

const BATCH = 64;
const LOW = 16;

export interface Fifos {
  /** Resolves with the path of a FIFO that is the caller's to open and to remove. */
  take(): Promise<string>;
  /** Resolves when none is being made and the stock is gone. */
  close(): Promise<void>;
}

/** Keeps a stock in `folder`, which is emptied first: what a dead executor left is nobody's. */
export function stockFifos(folder: string): Fifos {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stock: string[] = [];
  let made_count = 0;
  let making: Promise<void> | null = null;

  function make(): Promise<void> {
    making ??= makeBatch().finally(() => (making = null));
    return making;
  }

  async function makeBatch(): Promise<void> {
    const made = Array.from({ length: BATCH }, () => join(folder, String(made_count++)));
    // Whoever runs the command writes to it; its folder keeps everybody else out.
    await runTool("mkfifo", ["-m", "622", ...made]);
    stock.push(...made);
  }

  return {
    async take() {
      while (stock.length === 0) await make();
      const taken = stock.pop()!;
      if (stock.length < LOW) void make().catch(() => {}); // whom it fails hears it when none is left
      return taken;
    },
    async close() {
      await making?.catch(() => {}); // what was not made need not go
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Opens both ends, in blocking mode, and takes the name away. */
export function openFifo(path: string): { reader: number; writer: number } {
  const both = openSync(path, "r+"); // lets the others open without waiting for each other
  let reader: number | null = null;
  try {
    reader = openSync(path, "r");
    return { reader, writer: openSync(path, "w") };
  } catch (error) {
    if (reader !== null) closeSync(reader);
    throw error;
  } finally {
    closeSync(both);
    unlinkSync(path);
  }
}
