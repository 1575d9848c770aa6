import type { Client } from "@mainstay/sdk/client";
import type { ApprovalNews } from "@mainstay/sdk/consent";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { clientFor, type House, openHouse } from "./house.ts";
import { addMember } from "./member.ts";
import { obeys } from "./obeys.ts";

let house: House;
afterEach(() => house.close());

/** One client's news of approvals, one after another. */
function newsOf(client: Client) {
  const leave = new AbortController();
  onTestFinished(() => leave.abort());
  const news = client.approvals.events({ signal: leave.signal })[Symbol.asyncIterator]();
  return async (): Promise<ApprovalNews> => (await news.next()).value;
}

test("every client of a person hears what waits and what became of it, an admin of everybody's, a member of theirs", async () => {
  house = await openHouse({ script: obeys });
  const ada = await addMember(house, "ada");
  const owners = [newsOf(house.client), newsOf(clientFor(house.url, house.key))];
  const adas = newsOf(ada.client);
  for (const next of [...owners, adas])
    expect(await next()).toEqual({ type: "snapshot", items: [] });

  const asked = await house.ask("run touch owners");
  const [id] = asked.approvals;
  for (const next of owners)
    expect(await next()).toMatchObject({ type: "requested", approval: { id, turn_id: asked.id } });
  await house.client.approvals.decide(id!, "deny");
  const denied = { type: "decided", id, state: "denied", by: "owner" };
  for (const next of owners) expect(await next()).toEqual(denied);

  const turn = await ada.client.turns.create({ message: "run touch adas" }, { wait_s: 60 });
  for (const next of [...owners, adas])
    expect(await next(), "ada's first news").toMatchObject({
      type: "requested",
      approval: { turn_id: turn.id, person: { name: "ada" } },
    });
  await ada.client.turns.cancel(turn.id);
  for (const next of [...owners, adas])
    expect(await next()).toMatchObject({ type: "decided", state: "denied" });
});

test("after a restart the news begin again with what waits", async () => {
  house = await openHouse({ script: obeys });
  const asked = await house.ask("run touch made");
  await house.restart();
  const next = newsOf(house.client);
  expect(await next()).toMatchObject({ type: "snapshot", items: [{ turn_id: asked.id }] });
});
