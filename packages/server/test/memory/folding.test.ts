import type { JournalBody, JournalEvent } from "@mainstay/sdk/events";
import fc from "fast-check";
import { expect, test } from "vitest";
import { turnResource } from "../../src/door/turn-resource.ts";
import { folded } from "../../src/memory/folding.ts";
import { transcript } from "../../src/memory/transcript.ts";
import {
  asks,
  cancelRequested,
  decided,
  journalOf,
  parked,
  retried,
  stepEnded,
  toolEnded,
  walk,
} from "../store/journal-walk.ts";

const ON = "2026-12-24T00:00:00.000Z";
const fold = (journal: readonly JournalEvent[]): JournalEvent[] =>
  journal.map((event) => ({ ...(folded(event, ON) ?? event), seq: event.seq, at: event.at }));

const anyJournal = fc.array(fc.nat(1000), { maxLength: 60, size: "max" }).map(walk);

test("a folded turn is the same turn, with the same conversation", () => {
  fc.assert(
    fc.property(anyJournal, (journal) => {
      const kept = fold(journal);
      expect(turnResource("t", kept, null)).toEqual(turnResource("t", journal, null));
      expect(transcript(kept)).toEqual(transcript(journal));
      expect(JSON.stringify(kept).length).toBeLessThanOrEqual(JSON.stringify(journal).length);
      expect(fold(kept)).toEqual(kept);
    }),
    { numRuns: 150 },
  );
});

test("what people decided, and where a turn waited for them, stays as it was told", () => {
  const decisions: JournalBody[] = [
    ...[asks(1, "c"), decided(1, "c", "deny"), parked, retried, cancelRequested],
  ];
  const long = decisions.map((body) => ({
    ...body,
    by: "Ann ".repeat(50),
    cause: "c".repeat(200),
  }));
  expect(fold(journalOf(...(long as JournalBody[])))).toEqual(
    journalOf(...(long as JournalBody[])),
  );
  const restarted: JournalBody = {
    type: "step_restarted",
    step: 1,
    attempt: 1,
    cause: "c".repeat(200),
  };
  expect(fold(journalOf(restarted))).toMatchObject([{ type: "folded", was: "step_restarted" }]);
});

test("long results and arguments are cut, and say so", () => {
  const long = "a".repeat(20_000);
  const tool_calls = [{ id: "c", name: "shell", input: long }];
  const asked = { ...stepEnded(1, "", "c"), tool_calls } as JournalBody;
  const answered = { ...toolEnded(1, "c", "ok"), result: long } as JournalBody;
  const [step, end] = fold(journalOf(asked, answered));
  expect(end).toMatchObject({ outcome: "ok", seq: 2 });
  const { result } = end as Extract<JournalEvent, { type: "tool_ended" }>;
  expect(result).toMatch(/^a{500}\n… 19000 characters folded on 2026-12-24 …\na{500}$/u);
  const [call] = (step as Extract<JournalEvent, { type: "step_ended" }>).tool_calls;
  expect(JSON.parse(call!.input)).toEqual({ folded: "20000 characters" });
});
