import { expect, onTestFinished, test } from "vitest";
import { openHouse, says } from "./house.ts";
import { addMember } from "./member.ts";

test("how much all people together ask is told to admins alone", async () => {
  const house = await openHouse({ providers: [() => says("One.")] });
  onTestFinished(() => house.close());
  await house.ask("hello");
  const { client } = await addMember(house, "ann");
  const counts = async (asker: typeof client) => {
    const { items } = await asker.providers.list();
    return items.flatMap(({ models }) => models.map(({ answered, failed }) => [answered, failed]));
  };
  expect(await counts(house.client)).toEqual([[1, 0]]);
  expect(await counts(client)).toEqual([[0, 0]]);
});
