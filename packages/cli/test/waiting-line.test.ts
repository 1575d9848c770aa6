import { PassThrough } from "node:stream";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import type { ClientEvent } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { createWaitingLine } from "../src/conversation/waiting-line.ts";
import { openLineReader } from "../src/terminal/line-reader.ts";
import { createScreen } from "../src/terminal/screen.ts";
import { createVirtualScreen } from "./virtual-screen.ts";

const asked: ClientEvent = {
  ...{ seq: 1, at: 0, type: "attempt_started", step: 1, attempt: 1 },
  ...{ provider: "groq", model: "large", why: "first" },
};
const WAITS = "waiting for the model groq/large: no answer for";

/** Time that passes a second at a time. */
function secondHand() {
  let now_ms = 0;
  let due: (() => void) | undefined;
  const clock: Clock = {
    ...systemClock,
    monotonic: () => now_ms,
    after(_, run) {
      due = run;
      return () => void (due = undefined);
    },
  };
  const passes = (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      now_ms += 1000;
      due?.();
    }
  };
  return { clock, passes, isIdle: () => due === undefined };
}

test("on a terminal one row changes in its place, is gone under what is said, and at the end", () => {
  const { clock, passes, isIdle } = secondHand();
  const { stderr, shown } = createVirtualScreen(60);
  const screen = createScreen({ stdout: stderr, stderr, colors: false });
  const line = createWaitingLine({ screen, clock, isAway: () => false });
  screen.note("before");
  line.hear(asked);
  expect(shown()).toEqual(["before"]);
  passes(3);
  expect(shown()).toEqual(["before", `${WAITS} 3 s`]);
  passes(9);
  expect(shown()).toEqual(["before", `${WAITS} 12 s`]);
  screen.note("a note");
  expect(shown()).toEqual(["before", "a note"]);
  passes(1);
  screen.answer("The answer");
  passes(1);
  expect(shown()).toEqual(["before", "a note", "The answer"]);
  screen.answer(" ends.\n");
  passes(1);
  expect(shown()).toEqual(["before", "a note", "The answer ends.", `${WAITS} 15 s`]);
  line.close();
  expect(shown()).toEqual(["before", "a note", "The answer ends."]);
  expect(isIdle()).toBe(true);
});

test("a row that does not fit is cut, so that it can be taken away whole", () => {
  const { stderr, shown } = createVirtualScreen(20);
  const screen = createScreen({ stdout: stderr, stderr, colors: false });
  screen.live("編譯 \u001b[2J and more than fits\nin a row");
  expect(shown()).toEqual(["編譯 \\u{1b}[2J and…"]);
  screen.live("編譯編譯編譯編譯編譯編譯");
  expect(shown()).toEqual(["編譯編譯編譯編譯編…"]);
  screen.live(null);
  expect(shown()).toEqual([]);
});

test("elsewhere lines come after 10 s, 20 s, 40 s …, and none within a line of the answer", () => {
  const { clock, passes } = secondHand();
  const said: string[] = [];
  const output = { write: (text: string) => void said.push(text) };
  const screen = createScreen({ stdout: output, stderr: output, colors: false });
  const line = createWaitingLine({ screen, clock, isAway: () => false });
  line.hear(asked);
  passes(90);
  expect(said).toEqual([
    `${WAITS} 10 s\n`,
    `${WAITS} 20 s\n`,
    `${WAITS} 40 s\n`,
    `${WAITS} 1 min 20 s\n`,
  ]);
  screen.answer("Half a ");
  passes(600);
  expect(said.at(-1)).toBe("Half a ");
  line.close();
});

const tries = (text: string): ClientEvent => ({ type: "status", text });

test("what the server says it tries stands in the row, until a word comes or another is asked", () => {
  const { clock, passes } = secondHand();
  const { stderr, shown } = createVirtualScreen(80);
  const screen = createScreen({ stdout: stderr, stderr, colors: false });
  const line = createWaitingLine({ screen, clock, isAway: () => false });
  line.hear(asked);
  line.hear(tries("waiting for groq, 2 s; cerebras is next"));
  expect(shown()).toEqual(["waiting for groq, 2 s; cerebras is next"]);
  line.hear(tries("waiting for groq, 4 s; cerebras is next"));
  passes(1);
  expect(shown()).toEqual(["waiting for groq, 4 s; cerebras is next"]);
  line.hear({ type: "delta", step: 1, attempt: 1, offset: 0, text: "Well" });
  expect(shown()).toEqual([]);
  passes(3);
  expect(shown()).toEqual(["waiting for the model groq/large: no word for 3 s"]);
  line.hear(tries("waiting for groq, 4 s; cerebras is next"));
  line.hear({ ...asked, provider: "cerebras" } as ClientEvent);
  expect(shown()).toEqual([]);
  line.close();
});

test("elsewhere its first word comes at once, and what it said last after 10 s, 20 s …", () => {
  const { clock, passes } = secondHand();
  const said: string[] = [];
  const output = { write: (text: string) => void said.push(text) };
  const screen = createScreen({ stdout: output, stderr: output, colors: false });
  const line = createWaitingLine({ screen, clock, isAway: () => false });
  line.hear(asked);
  for (let silent_s = 2; silent_s <= 24; silent_s += 2) {
    passes(2);
    line.hear(tries(`waiting for groq, ${silent_s} s`));
  }
  expect(said).toEqual([2, 8, 18].map((silent_s) => `waiting for groq, ${silent_s} s\n`));
  line.close();
});

test("while the server is away nobody is said to be slow", () => {
  const { clock, passes } = secondHand();
  const { stderr, shown } = createVirtualScreen(60);
  const screen = createScreen({ stdout: stderr, stderr, colors: false });
  let is_away = false;
  const line = createWaitingLine({ screen, clock, isAway: () => is_away });
  line.hear(asked);
  passes(5);
  expect(shown()).toHaveLength(1);
  is_away = true;
  passes(1);
  expect(shown()).toEqual([]);
  line.close();
});

test("what is typed ahead stays below the row that changes, and below notes", async () => {
  const screen_ = createVirtualScreen(60);
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const screen = createScreen({ stdout: screen_.stderr, stderr: screen_.stderr, colors: false });
  const reader = openLineReader({ stdin, stderr: screen_.stderr });
  const types = async (keys: string) => {
    stdin.write(keys);
    await new Promise((taken) => setImmediate(taken));
  };
  screen.live("1 s");
  await types("and th");
  reader.above(() => screen.live("2 s"));
  reader.above(() => screen.note("a note"));
  reader.above(() => screen.live("3 s"));
  await types("en");
  expect(screen_.shown()).toEqual(["a note", "3 s", "and then"]);
  await types("\r");
  expect(await reader.next("› ")).toEqual({ kind: "line", text: "and then" });
  reader.close();
});
