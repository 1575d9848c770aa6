/** What a command changes is found by comparing real folders; invariants C1–C4 and 1–3. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { compare, doubtedIn } from "../../../src/files/changes/compare.ts";
import {
  type SnapshotBounds,
  type SnapshotParts,
  takeSnapshot,
} from "../../../src/files/changes/snapshot.ts";
import { createChangeRecorder } from "../../../src/files/files.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { scratchFolder } from "../workspace.ts";

const bounds: SnapshotBounds = {
  ...{ entries: 1_000, names: 1_000, wall_ms: 60_000, file_bytes: 1 << 20 },
  ...{ hashed_bytes: 1 << 22, depth: 16 },
};

function snapshots(root: Parameters<typeof takeSnapshot>[0], change: Partial<SnapshotBounds> = {}) {
  return (parts: Partial<SnapshotParts> = {}) =>
    takeSnapshot(root, {
      ...{ bounds: { ...bounds, ...change }, known: new Map(), doubted: new Set<string>() },
      ...{ monotonic: systemClock.monotonic, now_ms: systemClock.now() },
      ...parts,
    });
}

async function folder() {
  const root = await scratchFolder();
  const at = (path: string) => join(root.path, path);
  return { root, at };
}

test("files that are made, changed and deleted are told with their hashes; what is the same is not", async () => {
  const { root, at } = await folder();
  mkdirSync(at("src"));
  for (const name of ["kept", "changed", "gone", "src/deep"]) writeFileSync(at(name), name);
  symlinkSync("kept", at("link"));
  const snapshot = snapshots(root);
  const before = snapshot();
  writeFileSync(at("changed"), "CHANGED");
  writeFileSync(at("src/new"), "new");
  writeFileSync(at("kept"), "kept");
  rmSync(at("gone"));
  chmodSync(at("src/deep"), 0o700);
  rmSync(at("link"));
  symlinkSync("changed", at("link"));
  const { files, incomplete } = compare(before, snapshot());
  expect(files.map(({ path }) => path)).toEqual(["changed", "gone", "link", "src/deep", "src/new"]);
  const [changed, gone, , deep, made] = files;
  expect(changed!.before!.sha256).not.toBe(changed!.after!.sha256);
  expect(gone).toMatchObject({ after: null, before: { size_bytes: 4 } });
  expect(deep!.before!.sha256).toBe(deep!.after!.sha256);
  expect(made).toMatchObject({ before: null, after: { size_bytes: 3 } });
  expect(incomplete).toBeNull();
});

test("a write of the same length within one tick of the clock is found, although no time tells of it", async () => {
  const { root, at } = await folder();
  writeFileSync(at("counter"), "1");
  const snapshot = snapshots(root);
  // However long ago that is by now.
  const before = snapshot({ now_ms: statSync(at("counter")).ctimeMs });
  writeFileSync(at("counter"), "2");
  const after = snapshot();
  // As if the clock had not moved on between the two.
  const times = before.entries[0]![1];
  const known = new Map([["counter", { ...after.entries[0]![1], sha256: times.sha256 }]]);
  const planted = snapshot({ known });
  expect(compare(before, planted).files).toEqual([]);
  const honest = snapshot({ known, doubted: new Set(doubtedIn(before)) });
  expect(compare(before, honest).files).toHaveLength(1);
});

test("what is known is not hashed again, and what tools made is one entry", async () => {
  const { root, at } = await folder();
  for (const name of [".git", "node_modules"]) mkdirSync(at(name));
  writeFileSync(at("node_modules/package"), "1");
  writeFileSync(at("file"), "content");
  const old = new Date(Date.now() - 60_000);
  utimesSync(at("file"), old, old);
  const snapshot = snapshots(root);
  const before = snapshot();
  const marked = new Map(before.entries.map(([path, it]) => [path, { ...it, sha256: "known" }]));
  const again = new Map(snapshot({ known: marked }).entries);
  expect(again.get("file")!.sha256).toBe("known");
  writeFileSync(at("node_modules/package"), "22");
  const { files, not_entered } = compare(before, snapshot());
  expect(files).toMatchObject([{ path: "node_modules/", kind: "folder" }]);
  expect(not_entered).toEqual(["node_modules/"]);
});

test("a file whose name is no text is told as left out, and keeps nothing else from being seen", async () => {
  const { root, at } = await folder();
  const snapshot = snapshots(root);
  const before = snapshot();
  writeFileSync(Buffer.concat([Buffer.from(`${root.path}/`), Buffer.from([0xff, 0xfe])]), "");
  writeFileSync(at("seen"), "");
  const { files, incomplete } = compare(before, snapshot());
  expect(files).toMatchObject([{ path: "seen" }]);
  expect(incomplete).toMatch(/1 files were left out/);
});

test("a walk that stops at a bound claims nothing past it", async () => {
  const { root, at } = await folder();
  for (let n = 10; n < 30; n++) writeFileSync(at(`f${n}`), "");
  const snapshot = snapshots(root, { entries: 25 });
  const before = snapshot();
  for (let n = 0; n < 10; n++) writeFileSync(at(`a${n}`), "");
  const { files, incomplete } = compare(before, snapshot());
  expect(files.map(({ path }) => path)).toEqual(Array.from({ length: 10 }, (_, n) => `a${n}`));
  expect(incomplete).toMatch(/only the first 20 files were compared/);
});

test("links are not followed, and another folder at the path is not looked at", async () => {
  const { root, at } = await folder();
  const outside = await scratchFolder();
  writeFileSync(join(outside.path, "secret"), "secret");
  symlinkSync(outside.path, at("way-out"));
  expect(snapshots(root)().entries.map(([path]) => path)).toEqual(["way-out"]);
  expect(() => snapshots({ ...root, ino: "1" })()).toThrow(/not the folder that was registered/);
});

test.skipIf(process.getuid?.() !== 0)(
  "what its owner may not read is not hashed for them (not run: needs root)",
  async () => {
    const { root, at } = await folder();
    writeFileSync(at("roots"), "secret", { mode: 0o600 });
    writeFileSync(at("theirs"), "own", { mode: 0o600 });
    for (const path of [root.path, at("theirs")]) chownSync(path, 1_000, 1_000);
    const entries = new Map(snapshots({ ...root, owner_uid: 1_000 })().entries);
    expect(entries.get("roots")!.sha256).toBeNull();
    expect(entries.get("theirs")!.sha256).toMatch(/^[0-9a-f]{64}$/);
  },
);

test("the recorder remembers over its own end, and tells of overlaps", async () => {
  const { root, at } = await folder();
  const notes = await scratchFolder();
  const recorderOf = () =>
    createChangeRecorder({ folder: notes.path, clock: systemClock, log: createLog("silent") });
  const first = recorderOf();
  await first.before("cmd_1", root, "with its call");
  writeFileSync(at("one"), "1");
  await first.stop();
  const second = recorderOf();
  onTestFinished(() => second.stop());
  await second.before("cmd_2", root, "with its call");
  await second.before("cmd_3", root, "with its call");
  writeFileSync(at("two"), "2");
  const names = async (command_id: string) =>
    (await second.since(command_id))!.files.map(({ path }) => path);
  expect(await names("cmd_1")).toEqual(["one", "two"]);
  expect(await second.since("cmd_3")).toMatchObject({
    overlapped: true,
    files: [{ path: "two" }],
  });
  await second.before("cmd_4", await scratchFolder(), "with its call");
  await second.before("cmd_5", root, "with its call");
  second.forget("cmd_2");
  second.touched(root);
  expect(await second.since("cmd_4")).toMatchObject({ overlapped: false });
  expect(await second.since("cmd_5")).toMatchObject({ overlapped: true });
  second.forget("cmd_1");
  expect(await second.since("cmd_1")).toBeNull();
  rmSync(root.path, { recursive: true });
  expect((await second.since("cmd_3"))!.incomplete).toMatch(/could not be recorded/);
});
