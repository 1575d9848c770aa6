import fs, {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Backups } from "../../../src/files/backups.ts";
import { applyEdit } from "../../../src/files/transaction/apply.ts";
import { settleEdit } from "../../../src/files/transaction/settle.ts";
import {
  type EditScene,
  type Wanted,
  backupsDuring,
  contentsOf,
  editScene,
  errno,
  planOf,
  refusalOf,
  replaceCalls,
  rootAt,
} from "./edit-scene.ts";

/** A changed file, a created one in a new folder, a deleted one. */
const WANTED: Record<string, Wanted> = { a: "new a", "d/c": "new c", b: null };
const FOLDERS = ["d"];
const BEFORE = { a: "old a", b: "old b" };
const AFTER = { a: "new a", "d/": "", "d/c": "new c" };

async function threeFiles(): Promise<EditScene & { readonly at: (path: string) => string }> {
  const scene = await editScene();
  const at = (path: string) => join(scene.root.path, path);
  writeFileSync(at("a"), "old a");
  writeFileSync(at("b"), "old b");
  return { ...scene, at };
}

test("all of it happens: changed, created in new folders, deleted; nothing stays beside it", async () => {
  const { root, backups } = await threeFiles();
  const wanted = { a: "new a", "d/e/c": "new c", "d/f": "new f", b: null };
  const plan = planOf(root, wanted, ["d", "d/e"]);
  expect(await applyEdit(root, plan, backups)).toEqual({ unconfirmed: null });
  const done = { a: "new a", "d/": "", "d/e/": "", "d/e/c": "new c", "d/f": "new f" };
  expect(contentsOf(root.path)).toEqual(done);
  expect(await settleEdit(root, plan, backups)).toEqual({ state: "applied" });
  expect(contentsOf(root.path)).toEqual(done);
});

test("P2: while it is laid the originals are in place; at its end they are in the backups", async () => {
  const { root, backups } = await threeFiles();
  const plan = planOf(root, WANTED, FOLDERS);
  const seen: unknown[] = [];
  const during = backupsDuring(backups, () => seen.push(contentsOf(root.path)));
  await applyEdit(root, plan, during);
  expect(seen.length).toBeGreaterThan(0);
  for (const contents of seen) expect(contents).toMatchObject(BEFORE);
  const kept = plan.steps.map(({ before }) => before && backups.read(before.sha256)?.toString());
  expect(kept).toEqual(["old a", null, "old b"]);
});

test("P5: mode stays, set-user-id goes, and what is new has the mode that is planned", async () => {
  const { root, backups, at } = await threeFiles();
  chmodSync(at("a"), 0o4750);
  await applyEdit(root, planOf(root, { a: "new", c: { text: "c", mode: 0o755 } }), backups);
  expect(statSync(at("a")).mode & 0o7777).toBe(0o750);
  expect(statSync(at("c")).mode & 0o7777).toBe(0o755);
  await applyEdit(root, planOf(root, { c: { text: "c", mode: 0o600 } }), backups);
  expect(statSync(at("c")).mode & 0o7777, "the mode alone").toBe(0o600);
});

/** What somebody does while the disk writes; and what is there in the end. */
const meanwhile: [string, (at: (path: string) => string) => void, Record<string, string>][] = [
  ["writes into a file", (at) => writeFileSync(at("a"), "their a"), { a: "their a" }],
  [
    "replaces a file",
    (at) => {
      writeFileSync(at("x"), "old a");
      renameSync(at("x"), at("a"));
    },
    {},
  ],
  ["deletes a file", (at) => unlinkSync(at("b")), { b: "" }],
  ["creates a file", (at) => writeFileSync(at("d/c"), "their c"), { "d/": "", "d/c": "their c" }],
  ["changes its mode", (at) => chmodSync(at("a"), 0o600), {}],
  [
    "puts a link in its place",
    (at) => {
      unlinkSync(at("a"));
      symlinkSync("/etc/passwd", at("a"));
    },
    { a: "", "a/": "" },
  ],
  [
    "puts a pipe in its place",
    (at) => {
      unlinkSync(at("b"));
      execFileSync("mkfifo", [at("b")]);
    },
    { b: "", "b/": "" },
  ],
  [
    "moves a folder away",
    (at) => {
      renameSync(at("d"), at("moved"));
      mkdirSync(at("d"));
    },
    { "d/": "" },
  ],
];

test.each(meanwhile)("P3: somebody %s, and none of it happens", async (_, happen, theirs) => {
  const { root, backups, at } = await threeFiles();
  let happened = false;
  const during = backupsDuring(backups, () => {
    if (!happened) happen(at);
    happened = true;
  });
  const plan = planOf(root, WANTED, FOLDERS);
  const { fault, message } = await refusalOf(applyEdit(root, plan, during));
  expect(fault, message).toBe("conflict");
  expect(message).toMatch(/a and b are untouched, d\/c was not created\.$/m);
  const expected = Object.entries({ ...BEFORE, ...theirs }).filter(([, text]) => text !== "");
  const found = Object.entries(contentsOf(root.path)).filter(([, text]) => text !== "");
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  expect(readdirSync(root.path).filter((name) => name.includes(plan.edit_id))).toEqual([]);
});

test("P3: what was changed before shows both sides", async () => {
  const { root, backups, at } = await threeFiles();
  const plan = planOf(root, WANTED, FOLDERS);
  writeFileSync(at("b"), "their b");
  const { fault, message } = await refusalOf(applyEdit(root, plan, backups));
  expect(fault).toBe("conflict");
  expect(message).toContain(plan.steps[2]?.before?.sha256);
  expect(message).toContain("a and b are untouched, d/c was not created.");
  expect(message).toContain("-old b\n");
  expect(message).toContain("+their b\n");
  expect(contentsOf(root.path)).toEqual({ a: "old a", b: "their b" });
});

test("P3: who writes into the original until its name is another file's keeps every byte", async () => {
  const { root, backups, at } = await threeFiles();
  const plan = planOf(root, WANTED, FOLDERS);
  const editor = openSync(at("a"), "r+");
  const rename = fs.renameSync;
  replaceCalls({
    renameSync(from, to) {
      if (String(from).endsWith(".new")) writeSync(editor, "their a, later");
      rename(from, to);
    },
  });
  const { fault, message } = await refusalOf(applyEdit(root, plan, backups));
  closeSync(editor);
  expect({ fault, message }).toEqual({
    fault: "conflict",
    message:
      '"a" was replaced meanwhile by somebody else; read it again. a and b are untouched, d/c was not created.',
  });
  expect(contentsOf(root.path)).toEqual({ a: "their a, later", b: "old b" });
});

test("P3: a name that somebody takes at the last moment stays theirs", async () => {
  const { root, backups, at } = await threeFiles();
  const plan = planOf(root, { a: "new a", c: "new c" });
  const link = fs.linkSync;
  replaceCalls({
    linkSync(from, to) {
      if (String(to).endsWith("/c")) writeFileSync(at("c"), "their c");
      link(from, to);
    },
  });
  const { fault, message } = await refusalOf(applyEdit(root, plan, backups));
  expect(fault).toBe("conflict");
  expect(message).toContain('"c" was created meanwhile by somebody else');
  expect(contentsOf(root.path)).toEqual({ ...BEFORE, c: "their c" });
});

test("P4: whichever call of the switch fails, all goes back and nothing stays", async () => {
  const calls = ["renameSync", "linkSync", "unlinkSync"] as const;
  let failed = 0;
  for (let nth = 1; nth <= 20; nth++) {
    const { root, backups } = await threeFiles();
    const plan = planOf(root, WANTED, FOLDERS);
    let count = 0;
    const failing = (name: (typeof calls)[number]) => {
      const real = fs[name] as (...of: string[]) => void;
      return (...of: string[]) => {
        if (of.every((path) => path.startsWith("/proc/")) && ++count === nth) throw errno("EIO");
        real(...of);
      };
    };
    const restore = replaceCalls(Object.fromEntries(calls.map((name) => [name, failing(name)])));
    const outcome = await applyEdit(root, plan, backups).catch((fault: Error) => fault.message);
    restore();
    const contents = contentsOf(root.path);
    if (typeof outcome === "string") {
      failed++;
      expect(outcome).toMatch(
        /the system said EIO\. a and b are untouched, d\/c was not created\.$/,
      );
      expect(contents).toEqual(BEFORE);
    } else {
      expect(contents).toMatchObject(AFTER);
      expect(Object.keys(contents).length - 3).toBe(outcome.unconfirmed === null ? 0 : 1);
    }
  }
  expect(failed, "two second names, a rename, link and unlink, an unlink").toBe(6);
});

test("P4: taking back passes over what somebody has changed by then", async () => {
  const { root, backups, at } = await threeFiles();
  const plan = planOf(root, { a: "new a", b: "new b" });
  const rename = fs.renameSync;
  const restore = replaceCalls({
    renameSync(from, to) {
      if (readFileSync(at("a"), "utf8") !== "new a") return rename(from, to);
      restore();
      writeFileSync(at("a"), "their a");
      throw errno("EIO");
    },
  });
  const { message } = await refusalOf(applyEdit(root, plan, backups));
  expect(message).toBe(
    '"b": the system said EIO. a was changed by somebody else meanwhile, and is left so. b is untouched.',
  );
  expect(contentsOf(root.path)).toEqual({ a: "their a", b: "old b" });
});

test("P4: a disk that lets nothing be taken back tears it, and says how each file stands", async () => {
  const { root, backups, at } = await threeFiles();
  const plan = planOf(root, { a: "new a", b: "new b" });
  const rename = fs.renameSync;
  const restore = replaceCalls({
    renameSync(from, to) {
      if (readFileSync(at("a"), "utf8") === "new a") throw errno("EIO");
      rename(from, to);
    },
  });
  const { fault, message } = await refusalOf(applyEdit(root, plan, backups));
  restore();
  expect({ fault, message }).toEqual({
    fault: "torn",
    message:
      '"b": the system said EIO. It could not be taken back whole. ' +
      "a: as after the edit (the system said EIO); b: as before",
  });
  const no_backups = { ...backups, read: () => null };
  expect(await settleEdit(root, plan, no_backups), "by its second name").toEqual({
    state: "untouched",
    taken_back: ["a"],
    left: [],
  });
  expect(contentsOf(root.path)).toEqual(BEFORE);
});

test("P2: who removes the second names keeps no edit from ending, nor from being taken back", async () => {
  const { root, backups } = await threeFiles();
  const clean = () => {
    for (const name of readdirSync(root.path))
      if (name.endsWith(".old")) unlinkSync(join(root.path, name));
  };
  const during = backupsDuring(backups, clean);
  const plan = planOf(root, WANTED, FOLDERS);
  const rename = fs.renameSync;
  const fail = (name: string) =>
    replaceCalls({
      renameSync(from, to) {
        if (String(to).endsWith(name)) throw errno("ENOSPC");
        rename(from, to);
      },
    });
  const restore = fail("/a");
  const reversed = {
    ...plan,
    steps: plan.steps.toReversed(),
    contents: plan.contents.toReversed(),
  };
  expect(await refusalOf(applyEdit(root, reversed, during))).toEqual({
    fault: "disk_full",
    message: '"a": no space left on its disk. b and a are untouched, d/c was not created.',
  });
  restore();
  expect(contentsOf(root.path)).toEqual(BEFORE);
  expect(await applyEdit(root, plan, during)).toEqual({ unconfirmed: null });
  expect(contentsOf(root.path)).toEqual(AFTER);
});

test("where files have one name only, the way back is in memory", async () => {
  const { root, backups, at } = await threeFiles();
  const link = () => {
    throw errno("EPERM");
  };
  replaceCalls({ linkSync: link });
  await applyEdit(root, planOf(root, WANTED, FOLDERS), backups);
  expect(contentsOf(root.path)).toEqual(AFTER);

  const plan = planOf(root, { a: "newer a", "d/c": null, e: "e" });
  const rename = fs.renameSync;
  replaceCalls({
    linkSync: link,
    renameSync(from, to) {
      if (String(to).endsWith("/e")) throw errno("ENOSPC");
      rename(from, to);
    },
  });
  const { message } = await refusalOf(applyEdit(root, plan, backups));
  expect(message).toBe(
    '"e": no space left on its disk. a and d/c are untouched, e was not created.',
  );
  expect(contentsOf(root.path)).toEqual(AFTER);
  expect(statSync(at("a")).mode & 0o777).toBe(0o644);
});

test("a folder that the disk does not confirm is told, and the new content stands", async () => {
  const { root, backups } = await threeFiles();
  const plan = planOf(root, { a: "new a" });
  const { fsync } = fs;
  replaceCalls({
    fsync: Object.assign(
      (fd: number, done: (fault: Error | null) => void) =>
        readlinkSync(`/proc/self/fd/${fd}`) === root.path ? done(errno("EIO")) : fsync(fd, done),
      fsync,
    ),
  });
  expect(await applyEdit(root, plan, backups)).toEqual({
    unconfirmed: "the disk did not confirm the names in the workspace (the system said EIO)",
  });
  expect(contentsOf(root.path)).toEqual({ a: "new a", b: "old b" });
});

test("what the disk does not take is refused before anything is switched", async () => {
  const { root, backups } = await threeFiles();
  const plan = planOf(root, WANTED, FOLDERS);
  const full = { ...backups, keep: () => Promise.reject(errno("ENOSPC")) };
  expect(await refusalOf(applyEdit(root, plan, full))).toEqual({
    fault: "disk_full",
    message:
      'the backup of "a": no space left on its disk. a and b are untouched, d/c was not created.',
  });
  expect(contentsOf(root.path)).toEqual(BEFORE);
  const wrong = { ...plan, contents: plan.contents.map(() => AS_IF_ROTTEN) };
  expect(await refusalOf(applyEdit(root, wrong, backups))).toMatchObject({ fault: "disk_fault" });
  expect(contentsOf(root.path)).toEqual(BEFORE);
});

test("P8: edits of one path go one after another, and orders that cross do not block", async () => {
  const { root, backups } = await threeFiles();
  const paths = ["a", "b"];
  let at_once = 0;
  const one_by_one = {
    ...backups,
    async keep(...of: Parameters<Backups["keep"]>) {
      at_once += 1;
      await backups.keep(...of);
      expect(at_once, "two files of one edit, before and after").toBeLessThanOrEqual(4);
      at_once -= 1;
    },
  };
  const plans = Array.from({ length: 8 }, (_, n) =>
    planOf(root, Object.fromEntries((n % 2 ? paths : paths.toReversed()).map((p) => [p, `${n}`]))),
  );
  const ends = await Promise.allSettled(plans.map((plan) => applyEdit(root, plan, one_by_one)));
  expect(ends.map(({ status }) => status)).toEqual(["fulfilled", ...Array(7).fill("rejected")]);
  expect(contentsOf(root.path)).toEqual({ a: "0", b: "0" });
});

test("edits of many files at once do not disturb each other, and leave no descriptor open", async () => {
  const { root, backups } = await threeFiles();
  const open = readdirSync("/proc/self/fd").length;
  const wanted = Array.from({ length: 40 }, (_, n) => [`d${n % 4}/f${n}`, `${n}`] as const);
  const folders = ["d0", "d1", "d2", "d3"];
  const each = wanted.map(([path, text]) => planOf(root, { [path]: text }, folders));
  await Promise.all(each.map((plan) => applyEdit(root, plan, backups)));
  const all = planOf(root, Object.fromEntries(wanted.map(([path]) => [path, "all"])));
  await applyEdit(root, all, backups);
  const contents = contentsOf(root.path);
  for (const [path] of wanted) expect(contents[path], path).toBe("all");
  expect(readdirSync("/proc/self/fd").length).toBe(open);
});

test.runIf(process.getuid?.() === 0)(
  "P5, P6: as root it has the rights of the owner alone",
  async () => {
    const scene = await threeFiles();
    const { at } = scene;
    for (const path of [".", "a"]) chownSync(at(path), 12_345, 54_321);
    const root = await rootAt(scene.root.path);
    const plan = planOf(root, { a: "new a", "d/c": "new c" }, ["d"]);
    await applyEdit(root, plan, scene.backups);
    for (const path of ["a", "d", "d/c"])
      expect(statSync(at(path)), path).toMatchObject({ uid: 12_345, gid: 54_321 });
    const roots = await refusalOf(applyEdit(root, planOf(root, { b: "new b" }), scene.backups));
    expect(roots).toMatchObject({ fault: "denied" });
    expect(roots.message).toContain("b is untouched");
    expect(readFileSync(at("b"), "utf8")).toBe("old b");
  },
);

const AS_IF_ROTTEN = { before: null, after: Buffer.from("rotten") };
