import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { registerFolder } from "./folder.ts";
import { calls, type House, openHouse, says } from "./house.ts";

let house: House;
afterEach(() => house.close());

/** A trusted folder `project` in `parent`, and `other/project` that is nobody's workspace. */
async function twoFolders() {
  const base = await mkdtemp(join(tmpdir(), "mainstay-workspace-"));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  const [parent, other] = [join(base, "parent"), join(base, "other")];
  for (const folder of [parent, other]) await mkdir(join(folder, "project"), { recursive: true });
  await writeFile(join(other, "project/secret"), "theirs\n");
  return { base, parent, other };
}

test("a parent that becomes a link to another folder leads neither tools nor commands there", async () => {
  const { base, parent, other } = await twoFolders();
  const work = [
    calls("read_file", { path: "secret" }),
    calls("write_file", { path: "planted", content: "x" }),
    calls("search", { pattern: "theirs" }),
    calls("shell", { command: "cat secret; touch planted" }),
    says("Done."),
  ];
  house = await openHouse({ script: [says("Hello."), ...work] });
  const workspace = await registerFolder(house.client, join(parent, "project"), true);
  await house.ask("hello", { workspace: workspace.id });
  await rename(parent, join(base, "away"));
  await symlink(other, parent);
  const turn = await house.ask("work", { workspace: workspace.id });
  const ends = (await house.journal(turn.id)).filter((event) => event.type === "tool_ended");
  expect(ends.map(({ outcome }) => outcome)).toEqual(["error", "error", "error", "error"]);
  for (const { result } of ends) expect(result).not.toContain("theirs");
  expect(ends[0]!.result).toContain("the workspace is not the folder that was registered");
  expect(await readdir(join(other, "project"))).toEqual(["secret"]);
  expect(await readdir(join(base, "away/project"))).toEqual([]);
});

test("what a folder was registered as survives a restart, and a new registration takes its place", async () => {
  const { base, parent } = await twoFolders();
  const path = join(parent, "project");
  house = await openHouse({
    script: [
      calls("shell", { command: "touch one" }),
      calls("shell", { command: "touch two" }),
    ].flatMap((call) => [call, says("Done.")]),
  });
  const workspace = await registerFolder(house.client, path, true);
  await rename(path, join(base, "moved"));
  await mkdir(path);
  await house.restart();
  const refused = await house.ask("one", { workspace: path });
  expect(refused.commands).toMatchObject([{ outcome: "not_started" }]);
  expect((await registerFolder(house.client, path, true)).id).toBe(workspace.id);
  const done = await house.ask("two", { workspace: path });
  expect(done.commands).toMatchObject([{ outcome: "exited", exit_code: 0 }]);
  expect(await readdir(path)).toEqual(["two"]);
  expect(await readdir(join(base, "moved"))).toEqual([]);
});
