/** Where the kernel is the judge: edits by an ordinary user, when the suite itself runs as root. */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { editScene } from "./edit-scene.ts";

const ANN = 12_345;
const STAFF = 50;
const program = fileURLToPath(new URL("as-user.ts", import.meta.url));
const as_ann = { uid: ANN, gid: ANN, cwd: "/", encoding: "utf8" } as const;

test("P5, P6: an ordinary user's edits have that user's rights, and what the system gives", async ({
  skip,
}) => {
  if (process.getuid?.() !== 0) return skip("NOT RUN: needs root to be somebody else");
  const reads = spawnSync(process.execPath, ["--check", program], as_ann);
  if (reads.status !== 0) return skip("NOT RUN: others may not read this clone (or its Node)");
  const { root, backups_folder } = await editScene();
  const at = (path: string) => join(root.path, path);
  const put = (path: string, uid: number, gid: number, mode: number) => {
    writeFileSync(at(path), "old\n");
    chownSync(at(path), uid, gid);
    chmodSync(at(path), mode);
  };
  put("read-only", ANN, ANN, 0o444);
  put("open-to-all", ANN, 0, 0o644);
  put("for-the-group", ANN, 0, 0o640);
  put("of-root", 0, 0, 0o666);
  mkdirSync(at("shared"));
  for (const path of [root.path, backups_folder]) chownSync(path, ANN, ANN);
  chownSync(at("shared"), ANN, STAFF);
  chmodSync(at("shared"), 0o2775);

  const run = spawnSync(process.execPath, [program, root.path, backups_folder], as_ann);
  expect(run.stderr).toBe("");
  const read_only =
    '"read-only" is read-only: it belongs to uid 12345 with mode 0444; for an edit it needs ' +
    "chmod u+w, by who owns it. read-only is untouched.";
  expect(JSON.parse(run.stdout)).toEqual({
    "write read-only": read_only,
    "delete read-only": read_only,
    "write shared/new": "applied",
    "write shared/deep/new": "applied",
    "write open-to-all": "applied",
    "write for-the-group": expect.stringMatching(
      /^"for-the-group" belongs to uid:gid 12345:0, .*first chgrp 12345 "for-the-group"\. for-the-group is untouched\.$/,
    ),
    "write of-root": expect.stringMatching(
      /^"of-root" belongs to uid:gid 0:0, .*first chown 12345:12345/,
    ),
  });
  expect(readFileSync(at("read-only"), "utf8")).toBe("old\n");
  for (const path of ["shared/new", "shared/deep", "shared/deep/new"])
    expect(statSync(at(path)), path).toMatchObject({ uid: ANN, gid: STAFF });
  expect(statSync(at("open-to-all"))).toMatchObject({ uid: ANN, gid: ANN });
  expect(statSync(at("of-root"))).toMatchObject({ uid: 0, gid: 0 });
});
