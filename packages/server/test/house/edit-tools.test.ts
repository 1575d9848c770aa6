/** A model edits as it can, and a person gets every byte of it back. */
import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { scratchFolder } from "../files/workspace.ts";
import { registerFolder } from "./folder.ts";
import { calls, type House, openHouse, says } from "./house.ts";

let house: House;
afterEach(() => house.close());

const wide = Buffer.from("\uFEFFeins\r\nzwei\r\n", "utf16le");
const binary = Buffer.from([0, 1, 2, 0xff]);
const patch = `--- a/lib/run.sh
+++ b/lib/run.sh
@@ -1,9 +1,9 @@
 #!/bin/sh
-echo old
+echo new
--- /dev/null
+++ b/docs/new.md
@@ -0,0 +1,1 @@
+# New
`;

async function contentsOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const told = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    const { mode } = await stat(path);
    const content = (await readFile(path)).toString("latin1");
    return [path.slice(folder.length + 1), `${(mode & 0o777).toString(8)} ${content}`];
  });
  return Object.fromEntries(await Promise.all(told)) as Record<string, string>;
}

test("every way to edit, in one turn, is seen and taken back whole", async () => {
  const sha256 = createHash("sha256").update(wide).digest("hex").slice(0, 12);
  house = await openHouse({
    script: [
      calls("edit_file", { path: "wide", first_line: 2, last_line: 2, new_text: "2", sha256 }),
      calls("move_file", { path: "bin/run.sh", to: "lib/run.sh" }),
      calls("apply_patch", { patch }),
      calls("delete_file", { path: "logo.png" }),
      calls("write_file", { path: "latin", content: "gr\u00fcn\n" }),
      calls("edit_file", { path: "latin", old_text: "gr\u00fcn", new_text: "5 €" }),
      says("Done."),
    ],
  });
  const { path } = await scratchFolder();
  await mkdir(join(path, "bin"));
  await writeFile(join(path, "bin/run.sh"), "#!/bin/sh\necho old\n");
  await chmod(join(path, "bin/run.sh"), 0o755);
  await writeFile(join(path, "wide"), wide);
  await writeFile(join(path, "logo.png"), binary);
  await writeFile(join(path, "latin"), Buffer.from("bl\u00e4ulich\n", "latin1"));
  const before = await contentsOf(path);
  const { id: workspace } = await registerFolder(house.client, path, true);
  const turn = await house.ask("work", { workspace });

  const ends = (await house.journal(turn.id)).filter((event) => event.type === "tool_ended");
  expect(ends.map(({ outcome }) => outcome)).toEqual(["ok", "ok", "ok", "ok", "ok", "error"]);
  expect(ends.map(({ result }) => result.split("\n")[0])).toEqual([
    "edited wide (+1 −1 lines)",
    "moved bin/run.sh to lib/run.sh",
    "2 files: edited lib/run.sh (+1 −1 lines); created docs/new.md (+1 −0 lines)",
    "deleted logo.png (4 bytes)",
    "edited latin (+1 −1 lines)",
    expect.stringMatching(/taken for Latin-1, which has no "€"/),
  ]);
  expect(await contentsOf(path)).toEqual({
    wide: `${before["wide"]!.slice(0, 4)}${Buffer.from("\uFEFFeins\r\n2\r\n", "utf16le").toString("latin1")}`,
    "lib/run.sh": "755 #!/bin/sh\necho new\n",
    "docs/new.md": expect.stringMatching(/^\d+ # New\n$/),
    latin: `${before["latin"]!.slice(0, 4)}gr\u00fcn\n`,
  });

  await house.client.turns.undo(turn.id);
  expect(await contentsOf(path)).toEqual(before);
});
