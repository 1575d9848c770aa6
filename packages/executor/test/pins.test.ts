/** Scripts whose bytes were agreed to: what runs are those bytes, or nothing, or it is told. */
import { spawn, spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import fs, {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { PINNED_LIMIT_BYTES, pinFiles } from "../src/pinned-files.ts";
import type { PinnedFile } from "../src/ticket.ts";
import {
  type Bench,
  type Exited,
  fakeBubblewrap,
  openBench,
  registration,
  saying,
} from "./harness.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const inside = (path: string) => join(bench.workspace, path);

function put(path: string, text: string, mode = 0o755): void {
  mkdirSync(dirname(inside(path)), { recursive: true });
  writeFileSync(inside(path), text);
  chmodSync(inside(path), mode);
}

/** Of the bytes that the path has now. */
const pin = (path: string, hold = true): PinnedFile => ({
  ...{ path, hold },
  sha256: hash("sha256", readFileSync(inside(path)), "hex"),
});

const run = (script: string, pins: PinnedFile[]) => bench.exited(script, { pins });

const refusalOf = async (pins: PinnedFile[]) =>
  bench.link().run(bench.ticket("touch effects", { pins }));

test("what was agreed to runs: with its mode, in its folder, as the workspace's", async () => {
  put("bin/deep/go", "#!/bin/sh\necho going in $(pwd) $1\n");
  put("plain.sh", "echo plain\n", 0o640);
  const before = standing("bin/deep/go");
  const end = await run("bin/deep/go far; sh plain.sh; stat -c '%a %u' bin/deep/go plain.sh", [
    pin("bin/deep/go"),
    pin("plain.sh"),
  ]);
  const modes = "755 1000\n640 1000\n";
  expect(end.output).toBe(`going in ${bench.workspace} far\nplain\n${modes}`);
  expect(end.notices).toEqual([]);
  expect(standing("bin/deep/go")).toEqual(before);
  expect((await run("ls /proc/self/fd | wc -l", [pin("plain.sh")])).output).toBe("4\n");
});

function standing(path: string) {
  const { ino, mode, uid, gid, size, nlink, mtimeNs, ctimeNs } = statSync(inside(path), {
    bigint: true,
  });
  return { ino, mode, uid, gid, size, nlink, mtimeNs, ctimeNs };
}

test("inside it can neither be written nor moved; what it makes beside is the workspace's", async () => {
  put("held/s.sh", "echo same\n");
  const { output } = await run(
    "echo evil > held/s.sh; echo evil >> held/s.sh; rm -f held/s.sh; mv held/s.sh x; cp x held/s.sh; " +
      "chmod 777 held/s.sh; sh held/s.sh; echo made > held/made",
    [pin("held/s.sh")],
  );
  expect(output.match(/Read-only|busy|No such/g)).toHaveLength(6);
  expect(output).toMatch(/^same$/m);
  expect(readFileSync(inside("held/made"), "utf8")).toBe("made\n");
  expect(readFileSync(inside("held/s.sh"), "utf8")).toBe("echo same\n");
});

test("one that is not held may be changed by the command itself, not before it", async () => {
  put("own.sh", "echo one\n");
  const { output } = await run("sh own.sh; echo 'echo two' > own.sh; sh own.sh", [
    pin("own.sh", false),
  ]);
  expect(output).toBe("one\ntwo\n");
  const stale = { ...pin("own.sh", false), sha256: "0".repeat(64) };
  expect(await refusalOf([stale])).toMatchObject({ state: "refused", code: "pin_changed" });
});

test("what is not as agreed is refused with its name; nothing runs, and nothing was burned", async () => {
  put("agreed.sh", "echo agreed\n");
  const ticket = bench.ticket("sh agreed.sh", { pins: [pin("agreed.sh")] });
  put("agreed.sh", "echo agreeD\n");
  const answer = await bench.link().run(ticket);
  expect(answer).toMatchObject({
    ...{ state: "refused", code: "pin_changed" },
    message: expect.stringMatching(/^agreed\.sh is not what was agreed to.*other bytes/),
  });
  put("agreed.sh", "echo agreed\n");
  expect(await bench.end(ticket)).toMatchObject({ output: "agreed\n" });
});

test.for<[string, string, () => void]>([
  ["is gone", "gone", () => rmSync(inside("t/s.sh"))],
  ["lost its folder", "gone", () => rmSync(inside("t"), { recursive: true })],
  ["became a link", "ELOOP", () => swapFor(() => symlinkSync(inside("t/old"), inside("t/s.sh")))],
  ["became a folder", "no regular file", () => swapFor(() => mkdirSync(inside("t/s.sh")))],
  ["became a FIFO", "no regular file", () => swapFor(() => makeFifo(inside("t/s.sh")))],
  ["lies behind a link", "ENOTDIR", () => linkFolder()],
  ["is too large", "too large", () => truncateSync(inside("t/s.sh"), PINNED_LIMIT_BYTES + 1)],
])("one that %s is refused", async ([, why, change]) => {
  rmSync(inside("t"), { recursive: true, force: true });
  rmSync(inside("real"), { recursive: true, force: true });
  put("t/s.sh", "echo agreed\n");
  const pins = [pin("t/s.sh")];
  change();
  for (const hold of [true, false]) {
    const answer = await refusalOf([{ ...pins[0]!, hold }]);
    expect(answer).toMatchObject({ code: "pin_changed", message: expect.stringContaining(why) });
    expect(answer).toMatchObject({ message: expect.stringMatching(/^t\/s\.sh /) });
  }
  expect(readdirSync(bench.workspace)).not.toContain("effects");
});

function swapFor(make: () => void): void {
  renameSync(inside("t/s.sh"), inside("t/old"));
  make();
}

function linkFolder(): void {
  renameSync(inside("t"), inside("real"));
  symlinkSync("real", inside("t"));
}

function makeFifo(path: string): void {
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
}

test("a host that cannot watch is named as that, not as a change", async () => {
  put("s.sh", "echo agreed\n");
  const workspace = openSync(bench.workspace, "r");
  onTestFinished(() => closeSync(workspace));
  const refusing = () => {
    throw Object.assign(new Error("ENOSPC: watchers"), { code: "ENOSPC" });
  };
  const watching = vi.spyOn(fs, "watch").mockImplementation(refusing);
  syncBuiltinESMExports();
  try {
    const before = readdirSync("/proc/self/fd").length;
    expect(() => pinFiles({ descriptor: workspace }, [pin("s.sh")])).toThrow(/^ENOSPC/);
    expect(readdirSync("/proc/self/fd")).toHaveLength(before);
  } finally {
    watching.mockRestore();
    syncBuiltinESMExports();
  }
});

test("all the pinned files of a plan share one bound", async () => {
  const half = "x".repeat(PINNED_LIMIT_BYTES / 2);
  for (const name of ["large-1", "large-2", "large-3"]) put(name, half);
  const end = await run("cat large-1 large-2 | wc -c", [pin("large-1"), pin("large-2")]);
  expect(end.output).toBe(`${PINNED_LIMIT_BYTES}\n`);
  const all = [pin("large-1"), pin("large-2"), pin("large-3")];
  expect(await refusalOf(all)).toMatchObject({ code: "pin_changed" });
});

test("what is written to the file while the command runs does not reach it", async () => {
  put("slow.sh", "echo begun; while [ ! -e go-on ]; do sleep 0.01; done; echo agreed\n");
  const ticket = bench.ticket("sh slow.sh; sh slow.sh", { pins: [pin("slow.sh")] });
  const begun = saying(bench.link(), ticket.plan.command_id, "begun");
  await bench.link().run(ticket);
  await begun;
  writeFileSync(inside("slow.sh"), "echo EVIL\n");
  writeFileSync(inside("go-on"), "");
  expect(await bench.link().wait(ticket.plan.command_id)).toMatchObject({
    ...{ output: "begun\nagreed\nbegun\nagreed\n", notices: [] },
  });
});

test("a name that is swapped from outside while the command runs is told", async () => {
  put("far/told.sh", "echo begun; while [ ! -e told ]; do sleep 0.01; done\n");
  const ticket = bench.ticket("sh far/told.sh; sh far/told.sh", { pins: [pin("far/told.sh")] });
  const begun = saying(bench.link(), ticket.plan.command_id, "begun");
  await bench.link().run(ticket);
  await begun;
  // And back again: who looks at the end alone finds everything in its place.
  renameSync(inside("far"), inside("away"));
  put("far/told.sh", "echo other\n");
  rmSync(inside("far"), { recursive: true });
  renameSync(inside("away"), inside("far"));
  writeFileSync(inside("told"), "");
  expect(await bench.link().wait(ticket.plan.command_id)).toMatchObject({
    notices: [expect.stringMatching(/^far\/told\.sh was replaced while the command ran/)],
  });
});

/** A bench whose bubblewrap first does `change` in the workspace, which is `$folder`, once. */
async function benchWith(change: string) {
  const fake = fakeBubblewrap(`
for folder in /workspace "\${0%/*}/workspace"; do
  [ -e "$folder/armed" ] && rm "$folder/armed" && cd "$folder" && { ${change}; }
done
exec /usr/bin/bwrap "$@"`);
  onTestFinished(() => fake[Symbol.dispose]());
  const changing = await openBench({ bubblewrap_path: fake.program });
  onTestFinished(() => changing.close());
  symlinkSync(changing.workspace, join(dirname(fake.program), "workspace"));
  return changing;
}

const RAN = "echo ran > effects\n";

test.for<[string, string, string[]]>([
  // bubblewrap mounts over whatever has the name by then, so that the agreed bytes run all the same.
  ["vanishes", "rm d/s.sh", ["d", "effects"]],
  [
    "is swapped with its folder",
    "mv d x; mkdir d; echo evil > d/s.sh",
    ["d", "d/s.sh", "effects", "x", "x/s.sh"],
  ],
  ["vanishes with its folder", "rm -r d", ["effects"]],
  ["is swapped for a link", "mv d/s.sh x; ln -s ../x d/s.sh", ["d", "d/s.sh", "x"]],
])("one that %s after the look: nothing else runs, no litter is left", async ([, change, left]) => {
  const changing = await benchWith(change);
  const { workspace } = changing;
  mkdirSync(join(workspace, "d"));
  writeFileSync(join(workspace, "d", "s.sh"), RAN);
  writeFileSync(join(workspace, "armed"), "");
  const pins = [{ path: "d/s.sh", hold: true, sha256: hash("sha256", RAN, "hex") }];
  const end = await changing.end(changing.ticket("sh d/s.sh", { pins }));
  expect(new Set(readdirSync(workspace, { recursive: true, encoding: "utf8" }))).toEqual(
    new Set(left),
  );
  if (left.includes("effects")) {
    expect(end).toMatchObject({ exit_code: 0, notices: [expect.stringMatching(/was replaced/)] });
    expect(readFileSync(join(workspace, "effects"), "utf8")).toBe("ran\n");
  } else {
    expect(end).toMatchObject({ outcome: "not_started" });
  }
});

const SWAPPER = `
my ($kind, @names) = @ARGV;
my $count = 0;
$SIG{TERM} = sub { exit 0 };
$| = 1; print "up\\n";
while (1) {
  my $text = $count++ % 2 ? "echo AGREED >> out\\n" : "echo EVIL >> out\\n";
  my $to = $kind eq 'rename' ? 's.tmp' : 's.sh';
  open(my $file, '>', $to) or die; print $file $text; close $file;
  rename 's.tmp', 's.sh' if $kind eq 'rename';
  select undef, undef, undef, rand 0.002;
}`;

/** Runs the script again and again beside a writer that swaps it all the time. */
async function race(kind: "in place" | "rename", hold: boolean, rounds: number) {
  put("s.sh", "echo AGREED >> out\n");
  const agreed = { ...pin("s.sh"), hold };
  const writer = spawn("perl", ["-e", SWAPPER, kind], {
    cwd: bench.workspace,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => writer.once("exit", resolve));
  await new Promise((resolve) => writer.stdout!.once("data", resolve));
  const seen = { agreed: 0, refused: 0, not_started: 0, told: 0, evil: 0 };
  for (let round = 0; round < rounds; round += 1) {
    rmSync(inside("out"), { force: true });
    const ticket = bench.ticket("sh s.sh; cat out", { pins: [agreed] });
    const answer = await bench.link().run(ticket);
    if (answer.state === "refused") {
      expect(answer.code).toBe("pin_changed");
      seen.refused += 1;
      continue;
    }
    const end =
      answer.state === "ended" ? answer.end : await bench.link().wait(ticket.plan.command_id);
    if (end.outcome !== "exited") seen.not_started += 1;
    else if (end.output === "AGREED\n") seen.agreed += 1;
    else seen[isTold(end) ? "told" : "evil"] += 1;
  }
  writer.kill();
  await ended;
  return seen;
}

const isTold = ({ notices }: Exited) => notices.some((notice) => /was replaced/.test(notice));

test("a writer that swaps the bytes all the time: what runs are the agreed ones, or nothing", async () => {
  const seen = await race("in place", true, 60);
  expect(seen).toMatchObject({ evil: 0, told: 0, not_started: 0 });
  expect([seen.agreed > 0, seen.refused > 0]).toEqual([true, true]);
});

test("planted: without the hold that race is lost", async () => {
  expect((await race("in place", false, 60)).evil).toBeGreaterThan(0);
});

test("a writer that swaps the name all the time: never other bytes without being told", async () => {
  const seen = await race("rename", true, 60);
  expect(seen.evil).toBe(0);
  expect(seen.refused + seen.not_started + seen.told + seen.agreed).toBe(60);
});

test("a workspace that is registered anew meanwhile changes nothing", async () => {
  put("again.sh", "echo up; while [ ! -e done ]; do sleep 0.01; done\n");
  const ticket = bench.ticket("sh again.sh", { pins: [pin("again.sh")] });
  const up = saying(bench.link(), ticket.plan.command_id, "up");
  await bench.link().run(ticket);
  await up;
  await bench.link().registerWorkspace(registration("w", bench.workspace));
  writeFileSync(inside("done"), "");
  expect(await bench.link().wait(ticket.plan.command_id)).toMatchObject({ notices: [] });
});
