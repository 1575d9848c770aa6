import { expect, test } from "vitest";
import { type Past, withNotes } from "../../src/memory/notes.ts";
import type { Note } from "../../src/store/session-notes.ts";

const turn = (asked_at: number | null, text: string): Past => ({
  asked_at,
  messages: [{ role: "user", text }],
});
const note = (at: number): Note => ({
  ...{ at, command_id: `cmd_${at}`, edit_id: null },
  text: `note ${at}`,
});
const told = (turns: Past[], ...notes: Note[]) =>
  withNotes(turns, notes).map(({ text }) => text.replace(/^\[A note [^\n]*\n/, ""));

test("a note stands before the turn that was asked next after it", () => {
  const turns = [turn(10, "first"), turn(20, "second"), turn(30, "third")];
  expect(told(turns, note(15), note(16), note(30), note(31))).toEqual([
    ...["first", "note 15", "note 16", "second", "note 30", "third", "note 31"],
  ]);
});

test("notes older than what is remembered are left out with it", () => {
  expect(told([turn(20, "second")], note(15), note(21))).toEqual(["second", "note 21"]);
});

test("a damaged turn takes no note from the one after it", () => {
  const turns = [turn(10, "first"), turn(null, "lost"), turn(30, "third")];
  expect(told(turns, note(15))).toEqual(["first", "lost", "note 15", "third"]);
});

test("in the first turn of a session all are news", () => {
  expect(told([], note(1), note(2))).toEqual(["note 1", "note 2"]);
});
