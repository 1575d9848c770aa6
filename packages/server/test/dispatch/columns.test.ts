import { expect, test } from "vitest";
import { turnColumns } from "../../src/dispatch/columns.ts";
import { foldTurn } from "../../src/store/turn-record.ts";
import * as w from "../store/journal-walk.ts";

const stateAfter = (...bodies: Parameters<typeof w.journalOf>) =>
  turnColumns(foldTurn(w.journalOf(w.accepted, w.started, w.attempt(1, 1), ...bodies))).state;

test("after a start a running turn waits for a seat, or for the person it asked", () => {
  expect(stateAfter()).toBe("queued");
  const asked = [w.stepEnded(1, "", "c"), w.asks(1, "c"), w.resumed];
  expect(stateAfter(...asked)).toBe("awaiting_approval");
});

test("a turn that somebody cancelled waits for a seat to end, not for consent", () => {
  const asked = [w.stepEnded(1, "", "c"), w.asks(1, "c"), w.resumed];
  expect(stateAfter(...asked, w.cancelRequested)).toBe("queued");
});
