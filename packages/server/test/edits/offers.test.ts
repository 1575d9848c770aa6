/** What an answer offers, through the front door: what is shown is what is written, and by whom. */
import { mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Reply } from "@mainstay/fake-provider/script";
import type { Client } from "@mainstay/sdk/client";
import { ProblemError } from "@mainstay/sdk/call";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, expect, test } from "vitest";
import { scratchFolder } from "../files/workspace.ts";
import { registerFolder } from "../house/folder.ts";
import { calls, type House, openHouse, says } from "../house/house.ts";
import { addMember } from "../house/member.ts";

let house: House;
afterEach(() => house.close());

const block = (info: string, text: string): string => `\`\`\`${info}\n${text}\n\`\`\``;

/** A folder with these files, and a turn in it whose answer this is. */
async function answered(
  answer: string,
  files: Record<string, string>,
  before: readonly Reply[] = [],
) {
  house = await openHouse({ script: [...before, says(answer)] });
  const { path } = await scratchFolder();
  const at = (name: string) => join(path, name);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(at(name), ".."), { recursive: true });
    await writeFile(at(name), text);
  }
  const { id: workspace } = await registerFolder(house.client, path, true);
  const turn = await house.ask("show me", { workspace });
  return { turn, at, text: (name: string) => readFile(at(name), "utf8") };
}

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "done",
    (fault: unknown) => (fault instanceof ProblemError ? fault.problem.code : String(fault)),
  );

const offersOf = async ({ id }: Turn, client: Client = house.client) =>
  (await client.turns.offers(id)).items;

test("what somebody wrote after an offer was shown is not written over", async () => {
  const { turn, at, text } = await answered(block("ts path=a.ts", "new"), { "a.ts": "old\n" });
  const [shown] = await offersOf(turn);
  expect(shown!.diff).toContain("-old\n+new");
  await writeFile(at("a.ts"), "hours of work\n");
  expect(await codeOf(house.client.turns.takeOffer(turn.id, 1, shown!.sha256))).toBe("offer_gone");
  expect(await text("a.ts")).toBe("hours of work\n");

  const [again] = await offersOf(turn);
  expect(again!.diff).toContain("-hours of work\n+new");
  expect(again!.sha256).not.toBe(shown!.sha256);
  await house.client.turns.takeOffer(turn.id, 1, again!.sha256);
  expect(await text("a.ts")).toBe("new\n");
});

test("a link that leads elsewhere since an offer was shown leads nothing there", async () => {
  const files = { "one/a.ts": "old\n", "two/a.ts": "old\n" };
  const { turn, at, text } = await answered(block("ts path=here/a.ts", "new"), files);
  await symlink("one", at("here"));
  const [shown] = await offersOf(turn);
  expect(shown!.path).toBe("one/a.ts");
  await symlink("two", at("there"));
  await rename(at("there"), at("here"));
  expect(await codeOf(house.client.turns.takeOffer(turn.id, 1, shown!.sha256))).toBe("offer_gone");
  expect([await text("one/a.ts"), await text("two/a.ts")]).toEqual(["old\n", "old\n"]);
});

test("whoever is not of a turn takes none of its offers, an admin included", async () => {
  house = await openHouse({ script: [says(block("ts path=a.ts", "1")), says("Hm.")] });
  const [ann, eve] = [await addMember(house, "Ann"), await addMember(house, "Eve")];
  const turn = await ann.client.turns.create({ message: "show" }, { wait_s: 60 });
  const [offer] = await offersOf(turn, ann.client);
  expect(await offersOf(turn)).toEqual([offer]);
  const take = ({ turns }: Client) => codeOf(turns.takeOffer(turn.id, 1, offer!.sha256));
  expect([await take(eve.client), await take(house.client)]).toEqual(["not_found", "not_found"]);
  expect((await house.client.edits.list()).items).toEqual([]);

  damage(turn.id);
  const looks = [ann, eve].map(({ client }) => codeOf(client.turns.offers(turn.id)));
  expect(await Promise.all(looks)).toEqual(["journal_damaged", "not_found"]);
  expect([await take(ann.client), await take(house.client)]).toEqual([
    "journal_damaged",
    "not_found",
  ]);
});

/** Changes when it was accepted, and leaves the checksum. */
function damage(turn_id: string): void {
  const db = new DatabaseSync(join(house.home, "mainstay.db"));
  db.prepare("update journal set at = at + 1 where turn_id = ? and type = 'accepted'").run(turn_id);
  db.close();
}

test("what may be a part of a file that is there is not offered in its place", async () => {
  const answer = [
    `Fixed \`a.ts\`:\n${block("ts", "a part")}`,
    block("ts", "// b.ts\na part"),
    `The full content of \`c.ts\`:\n${block("ts", "whole")}`,
    block("ts path=d.ts", "whole"),
    `\`e.ts\`\n${block("ts", "there is none")}`,
  ];
  const there = Object.fromEntries(["a", "b", "c", "d"].map((name) => [`${name}.ts`, "long\n"]));
  const { turn, at } = await answered(answer.join("\n\n"), there);
  const offers = await offersOf(turn);
  expect(offers.map(({ number, path }) => [number, path])).toEqual([
    [3, "c.ts"],
    [4, "d.ts"],
    [5, "e.ts"],
  ]);
  await writeFile(at("e.ts"), "somebody's\n");
  expect((await offersOf(turn)).map(({ number }) => number)).toEqual([3, 4]);
});

test("what a turn wrote itself is not told as shown and not written", async () => {
  const patch = "--- a/a.ts\n+++ b/a.ts\n@@ -1 +1 @@\n-old\n+new";
  const answer = [
    `The new \`a.ts\`:\n${block("ts", "new\nin part")}`,
    `As a diff:\n${block("diff", patch)}`,
    block("ts path=a.ts", "something else"),
  ];
  const wrote = calls("write_file", { path: "a.ts", content: "new\n" });
  const { turn } = await answered(answer.join("\n\n"), { "a.ts": "old\n" }, [wrote]);
  const fenced = { path: "a.ts", fault: null, diff: expect.stringContaining("+something else") };
  expect(await offersOf(turn)).toMatchObject([fenced]);
});

test("an offer shows all its lines, and says how many are not shown", async () => {
  const lines = (count: number, word: string) =>
    Array.from({ length: count }, (_, i) => `${word} ${i}\n`).join("");
  const answer = [
    block("txt path=all.txt", lines(900, "new").trimEnd()),
    block("txt path=long.txt", lines(6_000, "new").trimEnd()),
  ];
  const { turn } = await answered(answer.join("\n"), { "all.txt": lines(900, "old") });
  const [all, long] = await offersOf(turn);
  expect(all).toMatchObject({ hidden_lines: 0 });
  expect(all!.diff!.split("\n")).toHaveLength(3 + 900 + 900);
  expect(all!.diff).toMatch(/^--- all\.txt\n\+\+\+ all\.txt\n@@ -1,900 \+1,900 @@\n-old 0\n/);
  expect(long).toMatchObject({ hidden_lines: 3 + 6_000 - 5_000 });
  expect(long!.diff).toContain("1003 more lines");
});
