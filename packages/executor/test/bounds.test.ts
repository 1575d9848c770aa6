/** Real processes against small bounds; numbers are the invariants of `bounds/bounds.ts`. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { createBounds, type BoundsParts, type Writable } from "../src/bounds/bounds.ts";
import { descendantsOf, pageBytes, readFamilies } from "../src/bounds/host-processes.ts";
import { readProcesses } from "../src/process-table.ts";
import type { Halt } from "../src/supervise.ts";

const MIB = 2 ** 20;
/** Half of it is what one command may take. */
const TOTAL_BYTES = 192 * MIB;
const NOWHERE: Writable = { on_disk: [], in_memory: [] };

function openBounds(change: Partial<BoundsParts> = {}) {
  const looks = { count: 0, awaited: new Map<number, () => void>() };
  const clock = {
    ...systemClock,
    after: (_delay_ms: number, run: () => void) =>
      systemClock.after(10, () => {
        looks.awaited.get((looks.count += 1))?.();
        run();
      }),
  };
  const bounds = createBounds({
    memory: { total_bytes: TOTAL_BYTES, available_bytes: () => Infinity },
    ...{ cgroups: null, clock, log: (text) => expect.fail(text) },
    ...change,
  });
  /** Resolves when so many more looks have begun. */
  const seen = (more: number) =>
    new Promise<void>((resolve) => looks.awaited.set(looks.count + more, resolve));
  return { bounds, looks, seen };
}

/** A shell whose children are a command's processes; killed with its group at the test's end. */
async function command(
  { bounds }: ReturnType<typeof openBounds>,
  id: string,
  script: string,
  { on_disk = [], in_memory = [] }: Partial<Writable> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-bounds-"));
  const child = spawn("/bin/sh", ["-c", script], {
    ...{ cwd: folder, detached: true, stdio: ["ignore", "pipe", "ignore"] },
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    hold.leave();
    process.kill(-child.pid!, "SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  });
  let said = "";
  const ready = new Promise<void>((resolve) => {
    child.stdout!.on("data", (chunk) => {
      said += chunk;
      if (said.includes("ready")) resolve();
    });
  });
  const halted = Promise.withResolvers<Halt>();
  const folders = { on_disk: [folder, ...on_disk], in_memory };
  const hold = bounds.hold({ command_id: id, folders, halt: halted.resolve });
  await hold.enter(readProcesses().identify(child.pid!)!);
  return { child, folder, ready, hold, halted: halted.promise };
}

/** Holds so many MiB and says so; the shell that waits for it stays above it. */
const holding = (mib: number) =>
  `perl -e '$|=1; my $x = ""; vec($x, ${mib} << 20, 8) = 1; print "ready\n"; sleep 600'`;

const three = `for i in 1 2 3; do ${holding(40)} & done; wait`;

test("a command whose processes take too much together is halted, and is the first to go", async () => {
  const opened = openBounds();
  const hog = await command(opened, "c-1", three);
  const score = readFileSync(`/proc/${hog.child.pid}/oom_score_adj`, "utf8");
  expect(await hog.halted).toMatchObject({ cause: "exceeded", bound: "memory" });
  expect(score).toBe("700\n");
});

test("2: what children share with their parent is not counted for each of them", async () => {
  const opened = openBounds();
  const forking = `perl -e '$|=1; my $x = ""; vec($x, 48 << 20, 8) = 1;
    for (1 .. 6) { fork or sleep 600 } print "ready\n"; sleep 600' & wait`;
  const sharing = await command(opened, "c-1", forking);
  await sharing.ready;
  const all = descendantsOf(sharing.child.pid!, await readFamilies());
  expect(all).toHaveLength(7);
  const resident_bytes = all.reduce((sum, one) => sum + one.resident_pages, 0) * pageBytes();
  expect(resident_bytes).toBeGreaterThan(TOTAL_BYTES / 2);
  const halted = await Promise.race([sharing.halted, opened.seen(4)]);
  expect(halted).toBeUndefined();
});

test("3: a host without memory loses its largest command, and no other before that has left", async () => {
  let available_bytes = Infinity;
  const opened = openBounds({
    memory: { total_bytes: 10 * TOTAL_BYTES, available_bytes: () => available_bytes },
  });
  const large = await command(opened, "c-1", holding(24));
  const small = await command(opened, "c-2", holding(4));
  await Promise.all([large.ready, small.ready]);
  available_bytes = 0;
  const first = await Promise.race([large.halted, small.halted.then(() => "small")]);
  expect(first).toMatchObject({ bound: "memory", why: expect.stringMatching(/^0 MiB of memory/) });
  expect(await Promise.race([small.halted, opened.seen(3)])).toBeUndefined();
  large.hold.leave();
  expect(await small.halted).toMatchObject({ bound: "memory" });
});

test("1: looks end with the last command", async () => {
  const opened = openBounds();
  const one = await command(opened, "c-1", "sleep 600");
  const other = await command(opened, "c-2", "sleep 600");
  await opened.seen(1);
  expect(one.hold.leave()).toBeNull();
  await opened.seen(2);
  other.hold.leave();
  const { count } = opened.looks;
  // One timer may still be on its way through a look.
  await Promise.race([opened.seen(2), systemClock.sleep(100)]);
  expect(opened.looks.count - count).toBeLessThanOrEqual(1);
});

test("one that was stopped at its gate is not looked after", async () => {
  const opened = openBounds();
  const joined = Promise.withResolvers<void>();
  const left: string[] = [];
  const { bounds } = openBounds({
    cgroups: {
      async join(command_id) {
        await joined.promise;
        return { leave: () => (left.push(command_id), null) };
      },
    },
  });
  const { child } = await command(opened, "c-1", "sleep 600");
  const hold = bounds.hold({ command_id: "c-2", folders: NOWHERE, halt: () => {} });
  const entering = hold.enter(readProcesses().identify(child.pid!)!);
  expect(hold.leave()).toBeNull();
  joined.resolve();
  await entering;
  expect(left).toEqual(["c-2"]);
});

test("what the kernel ended is told at the end, by its group", async () => {
  const halt: Halt = { cause: "exceeded", bound: "memory", why: "too much" };
  const opened = openBounds({ cgroups: { join: async () => ({ leave: () => halt }) } });
  const hog = await command(opened, "c-1", three);
  await hog.ready;
  expect(await Promise.race([hog.halted, opened.seen(3)])).toBeUndefined();
  expect(hog.hold.leave()).toBe(halt);
});

/** A file system in memory, of so many bytes and files, as a disk; null where we cannot mount one. */
function smallDisk(options: string): string | null {
  if (userInfo().uid !== 0) return null;
  const disk = mkdtempSync(join(tmpdir(), "mainstay-disk-"));
  onTestFinished(() => rmSync(disk, { recursive: true }));
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk]);
  onTestFinished(() => void execFileSync("umount", ["--lazy", disk]));
  return disk;
}

const NOT_ROOT = "NOT RUN: a small disk needs root to mount it";

test("2: files in memory count, and the host loses who has them", async ({ skip }) => {
  const memory = smallDisk("size=256m");
  if (memory === null) return skip(NOT_ROOT);
  const opened = openBounds();
  const fill = `head -c 120M /dev/zero > ${memory}/file; echo ready; sleep 600 & wait`;
  const hog = await command(opened, "c-1", fill, { in_memory: [memory] });
  expect(await hog.halted).toMatchObject({ cause: "exceeded", bound: "memory" });
  hog.hold.leave();
  let available_bytes = Infinity;
  const short = openBounds({
    memory: { total_bytes: 10 * TOTAL_BYTES, available_bytes: () => available_bytes },
  });
  const innocent = await command(short, "c-2", holding(24));
  const again = await command(short, "c-3", "echo ready; sleep 600 & wait", {
    in_memory: [memory],
  });
  await Promise.all([innocent.ready, again.ready]);
  available_bytes = 0;
  const first = Promise.race([again.halted, innocent.halted.then(() => "the innocent")]);
  expect(await first).toMatchObject({ bound: "memory" });
});

test("a host that is short loses commands in groups, too", async () => {
  const opened = openBounds({
    memory: { total_bytes: 10 * TOTAL_BYTES, available_bytes: () => 0 },
    cgroups: { join: async () => ({ leave: () => null }) },
  });
  const hog = await command(opened, "c-1", holding(24));
  expect(await hog.halted).toMatchObject({ cause: "exceeded", bound: "memory" });
});

test("a process that wants to be spared is the first to go again", async ({ skip }) => {
  const opened = openBounds();
  const spare = "echo 0 > /proc/self/oom_score_adj && echo ready; sleep 600 & wait";
  const { child, ready } = await command(opened, "c-1", spare);
  await ready;
  await opened.seen(3);
  const score = readFileSync(`/proc/${child.pid}/oom_score_adj`, "utf8");
  if (userInfo().uid !== 0 && score === "0\n") return skip("NOT RUN: /proc hides it from us");
  expect(score).toBe("700\n");
});

const SLEEP = "echo ready; sleep 600 & wait";

test.for<[what: string, way: string]>([
  ["writes", "head -c 60M /dev/zero > FILE"],
  ["allocates", "fallocate -l 60M FILE"],
  ["has nobody wait for who writes", "perl -e '$SIG{CHLD} = q(IGNORE); HEAD'"],
  ["makes many files", `perl -e 'for (1 .. 20_000) { open(my $made, ">", "FILE$_") or last }'`],
  ["takes the name away", "exec 3>FILE; rm FILE; head -c 60M /dev/zero >&3"],
])(
  "a disk that fills up loses the command that %s, not its neighbour",
  async ([, way], { skip }) => {
    const disk = smallDisk("size=64m,nr_inodes=20000");
    if (disk === null) return skip(NOT_ROOT);
    const opened = openBounds();
    const folders = ["near", "hog"].map((name) => join(disk, name));
    folders.forEach((folder) => mkdirSync(folder));
    // The kernel counts what it wrote elsewhere, too.
    const write = "dd if=/dev/zero of=large bs=1M count=40 status=none";
    const near = `head -c 1M /dev/zero > ${disk}/near/small; ${write}; ${SLEEP}`;
    const neighbour = await command(opened, "c-1", near, { on_disk: [folders[0]!] });
    await neighbour.ready;
    const quiet = await Promise.race([neighbour.halted, opened.seen(3)]);
    expect(quiet).toBeUndefined();
    const head = `if (!fork) { exec q(head -c 60M /dev/zero > FILE) } sleep 1`;
    const filling = way.replace("HEAD", head).replaceAll("FILE", `${disk}/hog/file`);
    const hog = await command(opened, "c-2", `${filling}; ${SLEEP}`, {
      on_disk: [folders[1]!],
    });
    const others = neighbour.halted.then(() => "its neighbour");
    expect(await Promise.race([hog.halted, others])).toMatchObject({ bound: "disk" });
  },
);
