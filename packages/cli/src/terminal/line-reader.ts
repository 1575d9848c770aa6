/**
 * Lines that a person types.
 *
 * L1. A line goes to exactly one taker: the open `ask` or `next`, else the queue of messages.
 * L2. What was typed before a question is on the screen never answers it.
 * L3. A paste is one message with the line that ends it, however many lines it has.
 * L4. The queue is bounded: at the bound reading stops until a message is taken.
 * L5. What is written beside an open question leaves it and what is typed as they were, below it,
 *     however many rows they take; so does what is written `above` a message that is typed ahead.
 */
import {
  clearScreenDown,
  createInterface,
  cursorTo,
  type Interface,
  type Key,
  moveCursor,
} from "node:readline";
import { type Clock, soon } from "@mainstay/sdk/clock";
import { escapeText } from "./escape.ts";
import type { Interrupts } from "./interrupts.ts";

export type Reply =
  | { kind: "line"; text: string }
  /** Ctrl-C at the prompt. */
  | { kind: "interrupted" }
  /** Ctrl-D, or the end of the input. */
  | { kind: "ended" }
  /** Nobody needs the answer any more. */
  | { kind: "withdrawn" };

export interface Asker {
  /** Asks once and waits for a line; `withdrawn` takes the question back. */
  ask(question: string, withdrawn?: AbortSignal): Promise<Reply>;
  /** Lets `write` have lines of its own; an open question, and what is typed, is drawn again below. */
  aside(write: () => void): void;
}

export interface LineReader extends Asker, Interrupts {
  /** The next message: what waits in the queue, else a prompt. */
  next(prompt: string): Promise<Reply>;
  /** Lets `write` have lines of its own above what is typed while nothing is asked. */
  above(write: () => void): void;
  close(): void;
}

export interface Terminal {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  /** Prompts and the echo go here, so that standard output stays clean. */
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

/** Redrawing goes up as many rows as readline believes the line to have; it does not count a paste's. */
type RowedInterface = Interface & { prevRows?: number };

const QUEUE_LIMIT = 100;
const PASTE_ON = "\u001b[?2004h";
const PASTE_OFF = "\u001b[?2004l";

export function openLineReader({ stdin, stderr }: Terminal): LineReader {
  const terminal = stdin.isTTY === true && stderr.isTTY === true;
  const lines: RowedInterface = createInterface({
    input: stdin,
    terminal,
    prompt: "",
    ...(terminal && { output: stderr }),
  });
  const queue: string[] = [];
  const listeners = new Set<() => void>();
  let taker: ((reply: Reply) => void) | undefined;
  let ended = false;

  const give = (reply: Reply): boolean => {
    const take = taker;
    taker = undefined;
    // What is typed with no question open is redrawn without one.
    lines.setPrompt("");
    // Without the person's Enter the next line would start behind the prompt.
    if (take && terminal && reply.kind !== "line") stderr.write("\n");
    take?.(reply);
    return take !== undefined;
  };
  const taken = (prompt: string) =>
    new Promise<Reply>((resolve) => {
      if (ended) return resolve({ kind: "ended" });
      taker = resolve;
      lines.setPrompt(terminal ? escapeText(prompt) : "");
      lines.prompt();
    });
  const paste = joinPastes(stdin);
  const clearTyped = () => {
    paste.drop();
    if (!terminal || lines.line === "") return;
    lines.prevRows = lines.getCursorPos().rows;
    // Each of these keys draws the line again.
    lines.write(null, { ctrl: true, name: "e" });
    lines.write(null, { ctrl: true, name: "u" });
  };

  const drawnBelow = (write: () => void) => {
    if (!terminal) return write();
    moveCursor(stderr, 0, -lines.getCursorPos().rows);
    cursorTo(stderr, 0);
    clearScreenDown(stderr);
    write();
    lines.prevRows = 0;
    lines.prompt(true);
  };

  if (terminal) stderr.write(PASTE_ON);
  lines.on("line", (line) => {
    const text = paste.join(line);
    if (text === undefined || give({ kind: "line", text })) return;
    queue.push(text);
    if (queue.length >= QUEUE_LIMIT) lines.pause();
  });
  lines.on("SIGINT", () => {
    clearTyped();
    if (!give({ kind: "interrupted" })) listeners.forEach((pressed) => pressed());
  });
  lines.on("close", () => {
    ended = true;
    paste.stop();
    if (terminal) stderr.write(PASTE_OFF);
    give({ kind: "ended" });
  });

  return {
    async next(prompt) {
      const text = queue.shift();
      if (text === undefined) return taken(prompt);
      if (!ended) lines.resume();
      return { kind: "line", text };
    },
    async ask(question, withdrawn) {
      const withdraw = () => {
        // Half an answer is no beginning of a message.
        clearTyped();
        give({ kind: "withdrawn" });
      };
      // A busy process may not have read yet what has been typed long ago (L2).
      await new Promise<void>(soon);
      if (withdrawn?.aborted) return { kind: "withdrawn" };
      withdrawn?.addEventListener("abort", withdraw, { once: true });
      clearTyped();
      return taken(question).finally(() => withdrawn?.removeEventListener("abort", withdraw));
    },
    aside: (write) => (taker ? drawnBelow(write) : write()),
    above: (write) => (taker || lines.line === "" ? write() : drawnBelow(write)),
    listen(pressed) {
      listeners.add(pressed);
      return () => void listeners.delete(pressed);
    },
    close: () => lines.close(),
  };
}

/** Terminals bracket a paste; its lines are held until the person ends the last one. */
function joinPastes(stdin: NodeJS.ReadableStream) {
  let pasting = false;
  let held: string[] = [];
  const watch = (_: string | undefined, { name }: Key) => {
    if (name === "paste-start") pasting = true;
    if (name === "paste-end") pasting = false;
  };
  stdin.on("keypress", watch);
  return {
    /** The whole message once its last line is there. */
    join(line: string): string | undefined {
      held.push(line);
      if (pasting) return undefined;
      const text = held.join("\n");
      held = [];
      return text;
    },
    drop: () => void (held = []),
    stop: () => void stdin.off("keypress", watch),
  };
}

const DRAIN_MS = 60;

/** Opens the terminal for one question at a time; what was typed before it is thrown away (L2). */
export function createAsker(terminal: Terminal, clock: Clock): Asker {
  let open: LineReader | undefined;
  return {
    async ask(question, withdrawn) {
      const reader = openLineReader(terminal);
      open = reader;
      try {
        await clock.sleep(DRAIN_MS);
        return await reader.ask(question, withdrawn);
      } finally {
        open = undefined;
        reader.close();
      }
    },
    aside: (write) => (open ? open.aside(write) : write()),
  };
}
