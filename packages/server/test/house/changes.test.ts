/** "What did this turn change?" has one answer, through the front door. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { scratchFolder } from "../files/workspace.ts";
import { registerFolder } from "./folder.ts";
import { calls, type House, openHouse, says } from "./house.ts";

let house: House;
afterEach(() => house.close());

test("edits and commands of a turn are told as one, each file from before the turn to after it", async () => {
  const script = [
    calls("write_file", { path: "a.txt", content: "by the edit\n" }),
    calls("shell", { command: "ls" }),
    calls("shell", { command: "echo by the command >> a.txt; rm b.txt; echo c > c.txt" }),
    calls("shell", { command: "rm c.txt; echo d > d.txt" }),
    says("Done."),
  ];
  house = await openHouse({ script });
  const { path } = await scratchFolder();
  await writeFile(join(path, "b.txt"), "old\n");
  const { id: workspace } = await registerFolder(house.client, path, true);
  const turn = await house.ask("work", { workspace });
  expect(turn).toMatchObject({ state: "done", answer: "Done." });

  const { files, sources, gaps, more } = await house.client.turns.changes(turn.id);
  expect({ gaps, more }).toEqual({ gaps: [], more: 0 });
  expect(files).toMatchObject([
    { path: "a.txt", before: null, after: { size_bytes: 27 } },
    { path: "b.txt", before: { size_bytes: 4 }, after: null },
    { path: "d.txt", before: null },
  ]);
  expect(sources.map(({ by }) => by)).toEqual(["edit", "command", "command"]);
  const ends = (await house.journal(turn.id)).filter((event) => event.type === "tool_ended");
  expect(ends[1]!.command!.changes).toBeUndefined();
  expect(ends[2]!.result).toContain("[changed: a.txt, b.txt (deleted), c.txt (new)]");
});

test("a command that a restart of the server fell into is recorded all the same", async () => {
  const waits =
    "echo 1 > before-the-restart; echo begun; until [ -e go ]; do sleep 0.05; done; echo 2 > after-it";
  house = await openHouse({ script: [calls("shell", { command: waits }), says("Done.")] });
  const { path } = await scratchFolder();
  const { id: workspace } = await registerFolder(house.client, path, true);
  const turn = await house.client.turns.create({ message: "work", workspace });
  await house.until(turn.id, ({ type }) => type === "output");
  await house.restart();
  await writeFile(join(path, "go"), "");
  await house.until(turn.id, ({ type }) => type === "settled");
  const { files } = await house.client.turns.changes(turn.id);
  expect(files.map((file) => file.path)).toEqual(["after-it", "before-the-restart", "go"]);
});

test("what goes on in the background when its turn has ended is recorded at its end, also over a restart", async () => {
  const waits = "echo 1 > early; until [ -e go ]; do sleep 0.05; done; echo 2 > late";
  house = await openHouse({
    script: [calls("shell", { command: waits, background: true }), says("It runs.")],
  });
  const { path } = await scratchFolder();
  const { id: workspace } = await registerFolder(house.client, path, true);
  const turn = await house.ask("work", { workspace });
  const { gaps } = await house.client.turns.changes(turn.id);
  expect(gaps).toEqual([
    expect.stringMatching(/^this command still runs; what it changed is told/),
  ]);
  await house.restart();
  await writeFile(join(path, "go"), "");
  const [command] = (await house.client.commands.list()).items;
  for await (const event of house.client.commands.events(command!.id))
    if (event.type === "ended") expect(event.command.outcome).toMatchObject({ ran: "ran" });
  const { files, gaps: doubts } = await house.client.turns.changes(turn.id);
  expect(files.map((file) => file.path)).toEqual(["early", "go", "late"]);
  expect(doubts).toEqual([expect.stringContaining("others may have worked")]);
  const notes = () => readdir(join(house.home, "changes"));
  await expect.poll(notes, { timeout: 20_000 }).toEqual([]);
});
