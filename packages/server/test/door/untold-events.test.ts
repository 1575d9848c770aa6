import { isJournalEvent, type JournalType } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { type House, openHouse, says } from "../house/house.ts";
import { lostAnswers } from "../house/lost-answers.ts";

/** The end of a turn is kept and refused, while somebody waits for it; the model waits for `mayEnd`. */
async function endThatIsNotAcknowledged<Seen>(
  wait: (house: House, mayEnd: () => void) => Promise<Seen>,
): Promise<Seen> {
  const answers = lostAnswers();
  const gate = Promise.withResolvers<void>();
  const script = [{ ...says("Yes."), gate: gate.promise }];
  const house = await openHouse({ script, overrides: { store: answers.over } });
  try {
    const lost = answers.lose("settled");
    const seen = wait(house, gate.resolve);
    await lost;
    answers.recover();
    return await seen;
  } finally {
    await house.close();
  }
}

test("a stream tells what was kept although it was refused, once the store is well", async () => {
  const types = await endThatIsNotAcknowledged(async ({ client }, mayEnd) => {
    const { id } = await client.turns.create({ message: "hello" });
    const heard: JournalType[] = [];
    for await (const event of client.events(id)) {
      if (event.type === "attempt_started") mayEnd();
      if (isJournalEvent(event)) heard.push(event.type);
    }
    return heard;
  });
  expect(types).toEqual(["accepted", "started", "attempt_started", "step_ended", "settled"]);
});

test("who waits for the end of a turn hears of one that was kept although it was refused", async () => {
  const turn = await endThatIsNotAcknowledged((house, mayEnd) => {
    mayEnd();
    return house.ask("hello");
  });
  expect(turn).toMatchObject({ state: "done", answer: "Yes." });
});
