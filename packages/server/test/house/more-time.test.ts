import { lastUserText } from "@mainstay/fake-provider/chat-request";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import { afterEach, expect, test } from "vitest";
import type { Overrides } from "../../src/assemble.ts";
import type { Store } from "../../src/store/store.ts";
import { scratchFolder } from "../files/workspace.ts";
import { registerFolder } from "./folder.ts";
import { calls, type House, openHouse, says } from "./house.ts";
import { records } from "./records.ts";

let house: House;
afterEach(() => house.close());

const runs: ScriptFunction = (request) =>
  request.messages.at(-1)!.role === "tool"
    ? says("It is over.")
    : calls("shell", { command: lastUserText(request) });

async function begin(message: string, overrides: Overrides = {}): Promise<string> {
  house = await openHouse({ script: runs, overrides });
  const { path } = await scratchFolder();
  await registerFolder(house.client, path, true);
  const { id } = await house.client.turns.create({ message, workspace: path });
  return id;
}

const commandOf = async (turn_id: string) =>
  (await house.client.commands.list({ turn_id })).items[0]!;

test("wishes for more time that come at once all count", async () => {
  const turn_id = await begin("echo begun; sleep 60");
  await house.until(turn_id, ({ type }) => type === "output");
  const { id, wall_ms } = await commandOf(turn_id);
  const given = [10, 20, 30].map((for_s) => house.client.commands.extend(id, { for_s }));
  await Promise.all(given);
  expect(await house.client.commands.get(id)).toMatchObject({ wall_ms: wall_ms + 60_000 });
});

test("a command that waits to begin has not ended", async () => {
  const written = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const turn_id = await begin("echo begun", {
    store: (store: Store) => ({
      ...store,
      async commit(batch) {
        const done = await store.commit(batch);
        if (!records(batch, "command_intent")) return done;
        written.resolve();
        await released.promise;
        return done;
      },
    }),
  });
  await written.promise;
  const { id } = await commandOf(turn_id);
  await expect(house.client.commands.extend(id, { for_s: 60 })).rejects.toMatchObject({
    problem: { code: "command_not_begun", status: 409 },
  });
  released.resolve();
  await house.until(turn_id, ({ type }) => type === "settled");
});
