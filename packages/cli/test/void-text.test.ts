import fc from "fast-check";
import { expect, test } from "vitest";
import { createScreen } from "../src/terminal/screen.ts";
import { createVirtualScreen } from "./virtual-screen.ts";

const COLUMNS = 20;

function onTerminal() {
  const { stderr, shown, cursor } = createVirtualScreen(COLUMNS);
  return { screen: createScreen({ stdout: stderr, stderr, colors: false }), shown, cursor };
}

const text = fc
  .array(fc.constantFrom("a", "é", "Ж", " ", "\n", "word ", "x".repeat(COLUMNS)), { maxLength: 30 })
  .map((pieces) => pieces.join(""));

test("text that is taken back leaves no trace, however it wrapped, and what was there stays", () =>
  fc.assert(
    fc.property(text, text, fc.boolean(), (before, gone, with_live) => {
      const { screen, shown, cursor } = onTerminal();
      screen.note("a note");
      screen.answer(before === "" ? "" : `${before}\n`);
      const was = { shown: shown(), cursor: cursor() };
      for (const piece of gone.match(/[^]{1,7}/g) ?? []) screen.answer(piece);
      if (with_live) screen.live("no word for 3 s");
      expect(screen.takeBack(gone)).toBe(true);
      expect({ shown: shown(), cursor: cursor() }).toEqual(was);
      screen.answer("again");
      expect(shown().at(-1)).toBe("again");
    }),
  ));

test("what is not in sight, not certain, or not the answer's last text stands", () => {
  const cases = [
    ["x\n".repeat(60), "x\n".repeat(60)],
    ["a family \u{1f468}\u200d\u{1f469}", "a family \u{1f468}\u200d\u{1f469}"],
    ["in a row ", "row "],
    ["some text", "other text"],
  ] as const;
  for (const [written, gone] of cases) {
    const { screen, shown } = onTerminal();
    screen.answer(written);
    const was = shown();
    expect(screen.takeBack(gone), written).toBe(false);
    expect(shown()).toEqual(was);
  }
  const { screen } = onTerminal();
  screen.answer("text");
  screen.note("a note");
  expect(screen.takeBack("text")).toBe(false);
});

test("away from a terminal nothing is taken back", () => {
  const said: string[] = [];
  const output = { write: (piece: string) => void said.push(piece) };
  const screen = createScreen({ stdout: output, stderr: output, colors: false });
  screen.answer("text");
  expect(screen.takeBack("text")).toBe(false);
  expect(said).toEqual(["text"]);
});
