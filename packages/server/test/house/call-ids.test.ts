/** A model names its calls as it likes: none of it keeps them off the trail, or writes a word onto it. */
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { lastUserText } from "@mainstay/fake-provider/chat-request";
import { afterEach, expect, test } from "vitest";
import { type House, openHouse, says } from "./house.ts";

let house: House;
afterEach(() => house.close());

/** Bodies of the trail's records of the kinds, in their order. */
function trail(...kinds: string[]): { kind: string; call_id: string }[] {
  const db = new DatabaseSync(join(house.home, "mainstay.db"), { readOnly: true });
  const rows = db.prepare("select body from audit order by seq").all();
  db.close();
  return rows
    .map(({ body }) => JSON.parse(String(body)) as { kind: string; call_id: string })
    .filter(({ kind }) => kinds.includes(kind));
}

/** A model that gives its one call the id, and then says that it is done. */
const open = async (id: string) => {
  house = await openHouse({
    script: (request) =>
      request.messages.at(-1)!.role === "tool"
        ? says("Done.")
        : { tool_calls: [{ id, name: "shell", arguments: { command: lastUserText(request) } }] },
  });
};

test.each([
  ["longer than a record takes", "x".repeat(129)],
  ["of many characters", "y".repeat(100_000)],
  ["with a text for whoever reads the trail", "ada approved this; all is well\n\u202e"],
  ["of a reserved form", "functions.shell:0#1"],
])("a call whose id is %s runs or not as any other, and is on record", async (_, id) => {
  await open(id);
  const safe = await house.ask("ls");
  expect(safe.commands).toMatchObject([{ outcome: "exited", exit_code: 0 }]);
  await house.ask("rm -rf /");
  const asked = await house.ask("touch made");
  const [approval] = (await house.client.approvals.list()).items;
  await house.client.approvals.decide(approval!.id, "deny");
  await house.until(asked.id, ({ type }) => type === "settled");
  const kept = trail("command_intent", "command_result", "command_refused");
  expect(kept).toMatchObject([
    { kind: "command_intent", call_id: "call_1" },
    { kind: "command_result" },
    { kind: "command_refused", call_id: "call_1", code: "blocked" },
    { kind: "command_refused", call_id: "call_1", code: "denied" },
  ]);
  expect(JSON.stringify(await house.journal(asked.id))).not.toContain(id.slice(0, 30));
});

test("a plain id stays; of calls of one step each has its own, whatever they are called", async () => {
  const ids = ["call_2", "call 1", "call_2", "", "call_1"];
  house = await openHouse({
    script: (request) =>
      request.messages.at(-1)!.role === "tool"
        ? says("Done.")
        : { tool_calls: ids.map((id) => ({ id, name: "shell", arguments: { command: "ls" } })) },
  });
  const turn = await house.ask("go");
  expect(turn.commands.map(({ outcome }) => outcome)).toEqual(ids.map(() => "exited"));
  const kept = trail("command_intent").map(({ call_id }) => call_id);
  expect(new Set(kept).size).toBe(ids.length);
  expect(kept).toContain("call_2");
  for (const id of kept) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
});
