/** One executor, real link, real sandbox, as whoever runs the tests. */
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dial } from "../src/dial.ts";
import { openKeys } from "../src/keys.ts";
import { signTicket } from "../src/ticket.ts";
import { openBench, processesWith, registration, saying, statusOf, type Bench } from "./harness.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

test("the self-test finds a sandbox and says how far it separates people", async () => {
  const report = await bench.link().selfTest();
  expect(report.checks.filter(({ state }) => state !== "held")).toEqual([]);
  expect(report.checks.length).toBeGreaterThanOrEqual(8);
  const as_root = userInfo().uid === 0;
  expect(report).toMatchObject({ available: true, level: as_root ? "per_person" : "shared_user" });
});

test("a command runs in its workspace and its end says how", async () => {
  const ticket = bench.ticket("pwd; echo made > file; echo wrong >&2; exit 3");
  const live = saying(bench.link(), ticket.plan.command_id, "wrong");
  expect(await bench.link().run(ticket)).toEqual({ state: "started" });
  const end = await bench.link().wait(ticket.plan.command_id);
  expect(end).toMatchObject({
    outcome: "exited",
    exit_code: 3,
    timed_out: false,
    cancelled: false,
    output: `${bench.workspace}\nwrong\n`,
    output_truncated: false,
    sandbox: "bubblewrap",
  });
  expect(await live).toBe(`${bench.workspace}\nwrong\n`);
  const made = statSync(join(bench.workspace, "file"));
  const owner = statSync(bench.workspace);
  expect([made.uid, made.gid]).toEqual([owner.uid, owner.gid]);
});

test("argv, stdin, and the exit codes of a shell", async () => {
  expect(await bench.exited(["cat"], { stdin: "grüße" })).toMatchObject({ output: "grüße" });
  expect(await bench.exited(["printf", "%s", "$(id) ' \\"])).toMatchObject({
    output: "$(id) ' \\",
  });
  expect(await bench.exited(["no-such-program"])).toMatchObject({ exit_code: 127 });
  expect(await bench.exited("kill -SEGV $$")).toMatchObject({ exit_code: 139, signal: null });
  expect(await bench.exited("trap 'echo caught; exit 5' INT; kill -INT $$")).toMatchObject({
    exit_code: 5,
    output: "caught\n",
  });
  expect(await bench.exited(["exit", "0"])).toMatchObject({ exit_code: 127 });
});

test("no host uid 0, no capabilities, no other descriptors, no environment, no network", async () => {
  const id = `probe-${randomBytes(4).toString("hex")}`;
  const ticket = bench.ticket(`echo up; sleep 20; : ${id}`);
  const up = saying(bench.link(), ticket.plan.command_id, "up");
  await bench.link().run(ticket);
  await up;
  const outside = processesWith(id).map(statusOf);
  expect(outside.length).toBeGreaterThanOrEqual(3);
  for (const status of outside) {
    expect(status).not.toMatch(/^(Uid|Gid):.*\b0\b/m);
    if (userInfo().uid === 0) expect(status).toMatch(/^Groups:[ \t]*$/m);
  }
  await bench.link().cancel(ticket.plan.command_id);

  const inside = await bench.exited(
    "grep Cap /proc/self/status; ls /proc/self/fd | tr '\\n' ' '; echo; tail -n +3 /proc/net/dev | cut -d: -f1; env",
  );
  expect(inside.output.match(/^Cap(Inh|Prm|Eff|Bnd|Amb):\s0+$/gm)).toHaveLength(5);
  expect(inside.output).toMatch(/^0 1 2 3 $/m);
  expect(inside.output.match(/^ +\w+$/gm)).toEqual(["    lo"]);
  expect(inside.output).not.toMatch(/MAINSTAY|VITEST|NODE_/);
});

test("the output can be opened again by its name, and files are made for others to read", async () => {
  const { output } = await bench.exited(
    "echo one > /dev/stdout; echo two | tee /dev/stderr >/dev/null; echo three >> /proc/self/fd/1; mkdir d; touch f; umask; rm -r d f",
  );
  expect(output).toBe("one\ntwo\nthree\n0022\n");
  const { exit_code } = await bench.exited("mkdir open && touch open/file");
  expect(exit_code).toBe(0);
  const modes = ["open", "open/file"].map((name) => statSync(join(bench.workspace, name)).mode);
  expect(modes.map((mode) => mode & 0o777)).toEqual([0o755, 0o644]);
  rmSync(join(bench.workspace, "open"), { recursive: true });
});

/** Makes files and folders in every way; argv: bits of the mode besides 0755. Prints what worked. */
const MAKE_ALL = `
use Fcntl;
my $mode = 0755 | shift;
my %ways = (
  chmod => sub { open(my $made, '>', 'a'); chmod $mode, 'a' },
  fchmod => sub { open(my $made, '>', 'b'); chmod $mode, $made },
  open => sub { sysopen my $made, 'c', O_CREAT | O_WRONLY, $mode },
  mkdir => sub { mkdir 'd', $mode },
);
print join ' ', grep { $ways{$_}->() } sort keys %ways;
`;

test("no command leaves a program that runs as the workspace's owner", async () => {
  const made = join(bench.workspace, "made");
  const makeAll = (bits: number) =>
    bench.exited(["perl", "-e", `chdir 'made';${MAKE_ALL}`, `${bits}`]);
  expect(
    (await bench.exited("mkdir made && cp /usr/bin/id made/id && chmod 4755 made/id")).exit_code,
  ).toBe(1);
  expect((await bench.exited("chmod g+s made/id")).exit_code).toBe(1);
  for (const bits of [0o4000, 0o2000]) expect((await makeAll(bits)).output).toBe("");
  expect((await makeAll(0)).output).toBe("chmod fchmod mkdir open");
  expect(readdirSync(made).toSorted()).toEqual(["a", "b", "c", "d", "id"]);
  for (const name of readdirSync(made)) expect(statSync(join(made, name)).mode & 0o6000).toBe(0);
  rmSync(made, { recursive: true });
});

test("tools that set modes work as ever", async () => {
  const { exit_code, output } = await bench.exited(
    "mkdir tools && cd tools && cp -p /usr/bin/id id && chmod 700 id && chmod +t . && cp -a . ../tools2 && " +
      "tar -cf ../t.tar . && mkdir out && tar -xpf ../t.tar -C out && ./out/id -u && git init -q && git add id && git commit -qm a && git gc -q && " +
      "mkfifo pipe && cd .. && rm -rf tools tools2 t.tar",
  );
  expect([exit_code, output]).toEqual([0, "1000\n"]);
});

test("a workspace below /tmp works, and /opt is not to be seen", async () => {
  const folder = mkdtempSync("/tmp/mainstay-below-tmp-");
  try {
    await bench.link().registerWorkspace(registration("tmp", folder));
    const { output } = await bench.exited("pwd; echo x > made; cat made; ls -d /opt", {
      workspace_id: "tmp",
    });
    expect(output).toMatch(`${folder}\nx\n`);
    expect(output).toMatch(/\/opt.*No such file/);
    expect(readFileSync(join(folder, "made"), "utf8")).toBe("x\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("neither keys, nor a tracer, nor the host's files are within reach", async () => {
  const run = join(bench.home, "run");
  const { output } = await bench.exited(
    `cat ${run}/link.key ${run}/ticket.key /etc/shadow ${bench.home}/exec/exec.db; ls -A ${bench.home}; ` +
      "echo x > /usr/x; echo x > /etc/x; echo x > /x; echo x > /dev/x; chmod 777 /dev/null; unshare -Ur true",
  );
  const lines = output.trimEnd().split("\n");
  expect(
    lines.filter((line) => !/denied|No such|Read-only|not permitted|No space/.test(line)),
  ).toEqual([]);
  expect(lines.length).toBeGreaterThanOrEqual(10);
});

test("an edited, foreign, expired, blocked or replayed ticket is refused and runs nothing", async () => {
  const mark = (name: string) => `touch ${name}`;
  const code = async (ticket: unknown) => {
    const answer = await bench.link().run(ticket as never);
    return answer.state === "refused" ? answer.code : answer.state;
  };
  const good = bench.ticket(mark("good"));
  const edited = structuredClone(good);
  edited.plan.run = { kind: "script", script: mark("edited") };
  expect(await code(edited)).toBe("bad_mac");
  expect(await code(signTicket(randomBytes(32), bench.ticket(mark("foreign"))))).toBe("bad_mac");
  const { ticket_key } = openKeys(bench.home);
  const stale = { ...bench.ticket(mark("stale")), expires_at: clock.now() - 1 };
  expect(await code(signTicket(ticket_key, stale))).toBe("expired");
  const blocked = bench.ticket(mark("blocked"));
  blocked.consent.verdict = "blocked";
  expect(await code(signTicket(ticket_key, blocked))).toBe("blocked");
  expect(await code({ hello: 1 })).toBe("malformed");
  expect(await code(bench.ticket(mark("nowhere"), { workspace_id: "other" }))).toBe(
    "unknown_workspace",
  );
  expect(await code(bench.ticket(mark("stolen"), { person_uid_number: 2 }))).toBe("wrong_person");

  const end = await bench.end(good);
  expect(await bench.link().run(good)).toEqual({ state: "ended", end });
  const again = bench.ticket(mark("again"), { command_id: good.plan.command_id });
  expect(await code(again)).toBe("replayed");
  const reused = signTicket(ticket_key, { ...bench.ticket(mark("reused")), nonce: good.nonce });
  expect(await code(reused)).toBe("replayed");
  expect(readdirSync(bench.workspace).filter((name) => name !== "file")).toEqual(["good"]);
});

test("daemons that left the session die with their command", async () => {
  const id = `daemon-${randomBytes(4).toString("hex")}`;
  const daemon = `sh -c 'sleep 60; : ${id}'`;
  const end = await bench.exited(
    `setsid nohup ${daemon} >/dev/null 2>&1 & (setsid ${daemon} &) ; sleep 0.1; echo left`,
  );
  expect(end).toMatchObject({ exit_code: 0, output: "left\n" });
  expect(processesWith(id)).toEqual([]);
});

test("a command leaves no zombie for the host to reap", async () => {
  // A person of its own, so that no other suite's processes are counted.
  const person_uid_number = 1_000_000 + (process.pid % 1_000_000);
  const folder = join(dirname(bench.workspace), "zombies");
  mkdirSync(folder);
  await bench.link().registerWorkspace({ ...registration("zombies", folder), person_uid_number });
  const uid = userInfo().uid === 0 ? 0x70000000 + person_uid_number : userInfo().uid;
  const before = zombiesOf(uid);
  for (let count = 0; count < 5; count += 1) {
    await bench.exited("sleep 60 & true", { workspace_id: "zombies", person_uid_number });
  }
  expect(zombiesOf(uid).filter((pid) => !before.includes(pid))).toEqual([]);
});

function zombiesOf(uid: number): string[] {
  return readdirSync("/proc").filter((pid) => {
    const status = /^\d+$/.test(pid) ? statusOf(pid) : "";
    return /^State:\s+Z/m.test(status) && new RegExp(`^Uid:\\s+${uid}\\b`, "m").test(status);
  });
}

test("the end does not wait for a daemon that holds the output open", async () => {
  const end = await bench.exited("setsid sleep 60 & echo left"); // its limit is 20 s
  expect(end).toMatchObject({ exit_code: 0, timed_out: false, output: "left\n" });
});

test("the wall clock and a cancel end the whole tree", async () => {
  const id = `late-${randomBytes(4).toString("hex")}`;
  const late = await bench.exited(`setsid sh -c 'sleep 60; : ${id}'`, {
    limits: { wall_ms: 300, output_bytes: 4096 },
  });
  expect(late).toMatchObject({ timed_out: true, cancelled: false, exit_code: null });
  expect(processesWith(id)).toEqual([]);
  const ticket = bench.ticket(`trap '' TERM INT; echo up; sleep 60; : ${id}`);
  const up = saying(bench.link(), ticket.plan.command_id, "up");
  await bench.link().run(ticket);
  await up;
  await bench.link().cancel(ticket.plan.command_id);
  const end = await bench.link().wait(ticket.plan.command_id);
  expect(end).toMatchObject({ outcome: "exited", cancelled: true, signal: "SIGKILL" });
  expect(processesWith(id)).toEqual([]);
});

test("what is kept of the output is bounded", async () => {
  const limits = { wall_ms: 20_000, output_bytes: 4096 };
  const long = await bench.exited("seq 100000", { limits });
  expect(long.output.length).toBeLessThan(4096 + 100);
  expect(long).toMatchObject({ output_bytes: 588_895, output_truncated: true });
  expect(long.output).toMatch(/^1\n2\n.*bytes left out.*\n100000\n$/s);
});

test("a running command shows its last line and how far it is; its log is read then and later", async () => {
  const ticket = bench.ticket("seq 100000; echo '[ 45%] Building a.o'; sleep 60");
  const { command_id } = ticket.plan;
  const building = saying(bench.link(), command_id, "Building");
  expect(await bench.link().readLog(command_id, 0, 10)).toBeNull();
  await bench.link().run(ticket);
  await building;
  const printed_bytes = 588_895 + "[ 45%] Building a.o\n".length;
  expect(await bench.link().state(command_id)).toMatchObject({
    ...{ state: "running", output_bytes: printed_bytes },
    ...{ last_line: "[ 45%] Building a.o", percent: 45 },
  });
  expect(await bench.link().readLog(command_id, 588_895, 7)).toEqual({
    ...{ from: 588_895, bytes: Buffer.from("[ 45%] "), has_ended: false },
    ...{ log_bytes: printed_bytes, printed_bytes },
  });
  await bench.link().cancel(command_id);
  await bench.link().wait(command_id);
  await bench.link().ack(command_id);
  const last = await bench.link().readLog(command_id, 588_888, 1 << 18);
  expect(last?.bytes.toString()).toBe("100000\n[ 45%] Building a.o\n");
  expect(last).toMatchObject({ has_ended: true, log_bytes: printed_bytes, printed_bytes });
});

test("a command is given more time while it runs, and none after", async () => {
  const ticket = bench.ticket("echo up; sleep 60", {
    limits: { wall_ms: 20_000, output_bytes: 4096 },
  });
  const { command_id } = ticket.plan;
  const up = saying(bench.link(), command_id, "up");
  expect(await bench.link().extend(command_id, 60_000)).toBeNull();
  await bench.link().run(ticket);
  await up;
  expect(await bench.link().extend(command_id, 60_000)).toBe(60_000);
  expect(await bench.link().state(command_id)).toMatchObject({ wall_ms: 60_000 });
  expect(await bench.link().extend(command_id, 1)).toBe(1);
  expect(await bench.link().wait(command_id)).toMatchObject({
    ...{ timed_out: true, cancelled: false, output: "up\n" },
  });
  expect(await bench.link().extend(command_id, 60_000)).toBeNull();
});

test("state and ack: the output is forgotten, the end and the nonce are not", async () => {
  const ticket = bench.ticket("echo secret; until [ -e go-on ]; do sleep 0.01; done; rm go-on");
  const { command_id } = ticket.plan;
  expect(await bench.link().state(command_id)).toEqual({ state: "never" });
  await bench.link().run(ticket);
  expect(await bench.link().state(command_id)).toMatchObject({ state: "running" });
  writeFileSync(join(bench.workspace, "go-on"), "");
  const end = await bench.link().wait(command_id);
  expect(await bench.link().state(command_id)).toEqual({ state: "ended", end });
  await bench.link().ack(command_id);
  expect(await bench.link().state(command_id)).toEqual({
    state: "ended",
    end: { ...end, output: "" },
  });
  await expect(bench.link().wait("never-was")).rejects.toMatchObject({ code: "unknown_command" });
});

test("a workspace is what was registered: not its successor, not a link", async () => {
  const base = dirname(bench.workspace);
  const folder = join(base, "moving");
  const register = (at: string) => bench.link().registerWorkspace(registration("moving", at));
  mkdirSync(folder);
  await register(folder);
  const run = () => bench.link().run(bench.ticket("echo x > made", { workspace_id: "moving" }));
  renameSync(folder, `${folder}-old`);
  mkdirSync(folder);
  expect(await run()).toMatchObject({ state: "refused", code: "workspace_changed" });
  rmdirSync(folder);
  symlinkSync(`${folder}-old`, folder);
  expect(await run()).toMatchObject({ state: "refused", code: "workspace_changed" });
  await expect(register(folder)).rejects.toMatchObject({ code: "no_folder" });
  unlinkSync(folder);
  mkdirSync(folder);
  await register(folder);
  expect((await bench.exited("echo new > made", { workspace_id: "moving" })).exit_code).toBe(0);
  expect(readFileSync(join(folder, "made"), "utf8")).toBe("new\n");
  expect(readdirSync(`${folder}-old`)).toEqual([]);
  for (const refused of [bench.home, join(bench.home, "run"), base, "/", "/etc"]) {
    await expect(register(refused)).rejects.toThrow(/data folder|system/);
  }
});

test("a registration holds for one inode, one owner and one way to it", async () => {
  const base = join(dirname(bench.workspace), "parents");
  const [folder, victim] = ["own/project", "victim/project"].map((name) => join(base, name));
  for (const made of [folder!, victim!]) mkdirSync(made, { recursive: true });
  const mine = registration("parents", folder!);
  const register = (asked: object) => bench.link().registerWorkspace({ ...mine, ...asked });
  const moveParents = (from: string, to: string) => renameSync(join(base, from), join(base, to));
  const changed = (message: RegExp) => ({
    code: "workspace_changed",
    message: expect.stringMatching(message),
  });
  await expect(register({ owner_uid: mine.owner_uid + 1 })).rejects.toMatchObject(
    changed(/another owner/),
  );
  moveParents("own", "aside");
  symlinkSync(join(base, "victim"), join(base, "own"));
  await expect(register({})).rejects.toMatchObject(changed(/is really/));
  unlinkSync(join(base, "own"));
  symlinkSync(join(base, "aside"), join(base, "own"));
  await expect(register({})).rejects.toMatchObject(changed(/is really/));
  unlinkSync(join(base, "own"));
  moveParents("victim", "own");
  await expect(register({})).rejects.toMatchObject(changed(/another folder/));
  moveParents("own", "victim");
  moveParents("aside", "own");
  await register({});
  await expect(register({ ino: registration("", victim!).ino })).rejects.toMatchObject(
    changed(/another folder/),
  );
});

test("a command yields the processor to those who serve", async () => {
  const { output } = await bench.exited("cut -d' ' -f19 /proc/self/stat; nice; (nice -n 0 nice)");
  expect(output).toBe("5\n5\n5\n");
});

test("a private workspace below the closed home works", async () => {
  const folder = join(bench.home, "workspaces", "ada");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await bench.link().registerWorkspace(registration("private", folder));
  const { output } = await bench.exited("pwd; echo mine > f; cat f; ls -A ../..", {
    workspace_id: "private",
  });
  expect(output).toBe(`${folder}\nmine\nworkspaces\n`);
});

test(".git is pinned: it cannot be moved away, its config and hooks cannot be written", async () => {
  const folder = join(dirname(bench.workspace), "repository");
  mkdirSync(folder);
  await bench.link().registerWorkspace(registration("git", folder));
  const git = (script: string) => bench.exited(script, { workspace_id: "git" });
  expect(await git("git init -q . && echo a > a && git add a && git commit -qm a")).toMatchObject({
    exit_code: 0,
  });
  const tried = await git(
    "mv .git x; rm -rf .git/config; echo x >> .git/config; echo x > .git/hooks/pre-commit; git config core.pager evil",
  );
  expect(tried.exit_code).not.toBe(0);
  expect(existsSync(join(folder, ".git/hooks/pre-commit"))).toBe(false);
  expect(readFileSync(join(folder, ".git/config"), "utf8")).not.toMatch(/evil|x$/);
  expect(
    await git("echo b > b && git add b && git commit -qm b && git log --oneline | wc -l"),
  ).toMatchObject({
    exit_code: 0,
    output: "2\n",
  });
});

test("another server without the key, with a stale epoch or with garbage is turned away", async () => {
  const address = join(bench.home, "run", "executor.sock");
  const { link_key } = openKeys(bench.home);
  await expect(
    dial({ address, link_key: randomBytes(32), epoch: 99, clock, log: () => {} }),
  ).rejects.toMatchObject({ code: "bad_mac" });
  await expect(dial({ address, link_key, epoch: 1, clock, log: () => {} })).rejects.toMatchObject({
    code: "stale_epoch",
  });
  for (const garbage of ["not json\n", "{}\n", `${"x".repeat((4 << 20) + 2)}`]) {
    const socket = connect(address);
    socket.on("error", () => {});
    socket.resume();
    socket.write(garbage);
    await new Promise((resolve) => socket.once("close", resolve));
  }
  expect(statSync(address).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(address)).mode & 0o777).toBe(0o700);
  expect((await bench.exited("true")).exit_code).toBe(0);
});
