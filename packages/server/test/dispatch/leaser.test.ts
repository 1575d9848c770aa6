import { expect, test } from "vitest";
import { openHouse, says } from "../house/house.ts";
import { lostAnswers } from "../house/lost-answers.ts";

test("a lease that was kept although its batch was refused gets its seat when the store is well", async () => {
  const answers = lostAnswers();
  const house = await openHouse({
    script: [says("First."), says("Second.")],
    overrides: { store: answers.over },
  });
  try {
    const lost = answers.lose("started");
    const { id, session_id } = await house.client.turns.create({ message: "one" });
    await lost;
    answers.recover();
    const next = await house.ask("two", { session_id });
    expect(next.answer).toBe("Second.");
    expect(await house.client.turns.get(id)).toMatchObject({ state: "done", answer: "First." });
    const types = (await house.journal(id)).map((event) => event.type);
    expect(types.filter((type) => type === "started" || type === "resumed")).toEqual(["started"]);
  } finally {
    await house.close();
  }
});
