/** Edits as a person has them on the command line, against a whole server with real files. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Reply } from "@mainstay/fake-provider/script";
import { afterEach, expect, test } from "vitest";
import { registerFolder } from "../../server/test/house/folder.ts";
import { calls, type House, openHouse, says } from "../../server/test/house/house.ts";
import { runHere } from "./run-here.ts";
import { folder, useScriptedRuns } from "./scripted-runs.ts";

useScriptedRuns();

let house: House;
const patch = `--- a/a.txt
+++ b/a.txt
@@ -1,2 +1,2 @@
 one
-two
+2
--- /dev/null
+++ b/new/b.txt
@@ -0,0 +1 @@
+fresh
`;
const edits = [
  calls("write_file", { path: "a.txt", content: "one\ntwo\n", intent: "begin" }),
  calls("apply_patch", { patch, intent: "count" }),
];

async function open(script: readonly Reply[]): Promise<void> {
  house = await openHouse({ script });
  await registerFolder(house.client, folder, false);
}
afterEach(() => house.close());

const cli = (...args: string[]) => runHere(args, { server: house, key: house.key });
const content = (path: string) => readFile(join(folder, path), "utf8").catch(() => null);

test("edits are seen as they are made, taken back one by one, had again, and never over what came later", async () => {
  await open([...edits, says("Done.")]);
  const { err } = await cli("ask", "go");
  expect(err).toContain("  2 files: edited a.txt (+1 −1 lines); created new/b.txt (+1 −0 lines)\n");
  expect(err).toContain("   one\n  -two\n  +2\n");
  const { items } = await house.client.edits.list();
  const [second, first] = items.map(({ id }) => id) as [string, string];
  expect((await cli("edits", second)).out).toContain("\n one\n-two\n+2\n--- /dev/null\n");

  const too_early = await cli("undo", first);
  expect(too_early.code).toBe(1);
  expect(too_early.err).toContain(`${second} (`);
  expect([await content("a.txt"), await content("new/b.txt")]).toEqual(["one\n2\n", "fresh\n"]);

  expect((await cli("undo")).out).toContain(`Took back ${second}\n`);
  expect([await content("a.txt"), await content("new/b.txt")]).toEqual(["one\ntwo\n", null]);
  expect((await cli("undo")).out).toContain(`Took back ${first}\n  deleted   a.txt\n`);
  expect(await content("a.txt")).toBe(null);
  const { err: again } = await cli("undo");
  expect(again).toContain("No edit of yours stands here");

  const [undo_of_first] = (await house.client.edits.list()).items;
  expect((await cli("undo", undo_of_first!.id)).code).toBe(0);
  await writeFile(join(folder, "a.txt"), "mine\n");
  const in_the_way = await cli("undo");
  expect(in_the_way.code).toBe(1);
  expect(in_the_way.err).toContain("\n-one\n-two\n+mine\n");
  expect(await content("a.txt")).toBe("mine\n");
});

test("what an answer only shows is offered, written when it is said so, and taken back", async () => {
  await open([says("Put this in place:\n\n```ts path=src/c.ts\nexport const c = 3;\n```\n")]);
  const { err } = await cli("ask", "show");
  const [, turn_id] = /^ {2}mainstay apply (turn_\w+)$/m.exec(err) ?? [];
  expect(await content("src/c.ts")).toBe(null);
  expect((await cli("apply", turn_id!)).out).toContain("1  src/c.ts\n--- /dev/null\n");
  expect(await content("src/c.ts")).toBe(null);
  expect((await cli("apply", turn_id!, "--offer", "1")).code).toBe(0);
  expect(await content("src/c.ts")).toBe("export const c = 3;\n");
  expect((await cli("undo")).out).toContain("  deleted   src/c.ts\n");
  expect(await content("src/c.ts")).toBe(null);
});

test("a running turn is waited for when it is cancelled, and says which of its edits stand", async () => {
  await open([edits[0]!, calls("shell", { command: "sleep 60", intent: "wait" })]);
  const { id } = await house.client.turns.create({ message: "go", workspace: folder });
  await house.until(
    id,
    (event) => event.type === "tool_started" && event.effect.kind === "command",
  );
  const { out, err } = await cli("cancel", id);
  expect(out).toBe("Cancelled.\n");
  expect(err).toBe(`One edit of it stands: a.txt\n  mainstay undo --turn ${id}\n`);
});

test("a turn that is cancelled says which of its edits stand; why says what it changed", async () => {
  await open(edits);
  const { id } = await house.ask("go", { workspace: folder });
  const { err } = await cli("cancel", id);
  expect(err).toBe(`2 edits of it stand: a.txt, new/b.txt\n  mainstay undo --turn ${id}\n`);
  const changed = "What it changed, by its edits and its commands:\n  created   a.txt";
  expect((await cli("why", id)).out).toContain(changed);
  expect((await cli("undo", "--turn", id)).out).toContain("Took back 2 edits\n");
  expect([await content("a.txt"), await content("new/b.txt")]).toEqual([null, null]);
  expect((await cli("status", id)).err).toBe("");
});
