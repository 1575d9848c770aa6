import { PassThrough } from "node:stream";
import { soon, systemClock } from "@mainstay/sdk/clock";
import { assert, asyncProperty, boolean, constantFrom, integer, pre } from "fast-check";
import { expect, test } from "vitest";
import { createAsker, openLineReader } from "../src/terminal/line-reader.ts";
import { createVirtualScreen } from "./virtual-screen.ts";

const LEFT = "\u001b[D";

function open(columns: number) {
  const screen = createVirtualScreen(columns);
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const reader = openLineReader({ stdin, stderr: screen.stderr });
  const note = (line: string) => void screen.stderr.write(`${line}\n`);
  /** Resolves when readline has taken the keys, which come in one piece, as from a paste. */
  const types = async (keys: string) => {
    stdin.write(keys);
    await new Promise((taken) => setImmediate(taken));
  };
  return { screen, reader, note, types };
}

const wrapped = (text: string, columns: number): string[] =>
  Array.from({ length: Math.ceil(text.length / columns) }, (_, i) =>
    text.slice(i * columns, (i + 1) * columns).trimEnd(),
  );

test("L5: a notice above the prompt leaves what is typed, however many rows, and the cursor in it", async () => {
  await assert(
    asyncProperty(
      constantFrom(12, 20, 40),
      integer({ min: 0, max: 90 }),
      integer({ min: 0, max: 90 }),
      constantFrom("› ", "  [a]pprove once  [d]eny  [l]ater > "),
      boolean(),
      async (columns, length, back, prompt, by_keys) => {
        const { screen, reader, note, types } = open(columns);
        const typed = "abcdefghij".repeat(9).slice(0, length);
        // Readline itself misdraws a paste that fills its row, and going back within one.
        pre(by_keys || (prompt + typed).length % columns !== 0);
        note("before");
        const line = reader.next(prompt);
        if (by_keys) for (const key of typed) await types(key);
        else await types(typed);
        if (by_keys) await types(LEFT.repeat(Math.min(back, length)));
        const was = screen.cursor();
        const notices = ["1 waits", "2 wait"];
        for (const notice of notices) reader.aside(() => note(notice));
        expect(screen.shown()).toEqual(["before", ...notices, ...wrapped(prompt + typed, columns)]);
        expect(screen.cursor()).toEqual({ ...was, row: was.row + notices.length });
        await types("\r");
        expect(await line).toEqual({ kind: "line", text: typed });
        reader.close();
      },
    ),
    { numRuns: 150 },
  );
});

test("half an answer to a question that is taken back is no beginning of the next message", async () => {
  const { reader, types } = open(80);
  const withdrawal = new AbortController();
  const answer = reader.ask("approve? ", withdrawal.signal);
  await new Promise<void>(soon);
  await types("appr");
  withdrawal.abort();
  expect(await answer).toEqual({ kind: "withdrawn" });
  const line = reader.next("› ");
  await types("hello\r");
  expect(await line).toEqual({ kind: "line", text: "hello" });
  reader.close();
});

test("L2: what was typed before a question is no answer, though a busy machine took the time to read it", async () => {
  const { stderr, shown } = createVirtualScreen(80);
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const stalled = { ...systemClock, sleep: () => Promise.resolve() };
  stdin.write("a\ra");
  const answer = createAsker({ stdin, stderr }, stalled).ask("approve? ");
  const isAsked = () => shown().some((row) => row.startsWith("approve?"));
  while (!isAsked()) await new Promise<void>(soon);
  stdin.write("d\r");
  expect(await answer).toEqual({ kind: "line", text: "d" });
});
