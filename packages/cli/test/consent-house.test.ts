/** Consent as two people at terminals have it, against a whole server: gate, rules, executor, sandbox. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { registerFolder } from "../../server/test/house/folder.ts";
import { type House, openHouse } from "../../server/test/house/house.ts";
import { type CliRun, runCli } from "./run-cli.ts";

let house: House;
let folder = "";
const runs: CliRun[] = [];

beforeEach(async () => {
  house = await openHouse({ script: null });
  folder = await mkdtemp(join(tmpdir(), "mainstay-consent-"));
  await writeFile(join(folder, "count.sh"), "echo run >> ran.txt\n");
  await registerFolder(house.client, folder, false);
});
afterEach(async () => {
  runs.splice(0).forEach((run) => run.kill());
  await house.close();
  await rm(folder, { recursive: true, force: true });
});

function cli(args: string[], terminal = false): CliRun {
  const env = { MAINSTAY_URL: house.url, MAINSTAY_KEY: house.key, NO_COLOR: "1" };
  const run = runCli(args, { env, cwd: folder, terminal });
  if (!terminal) run.closesInput();
  runs.push(run);
  return run;
}

async function said(...args: string[]): Promise<string> {
  const run = cli(args);
  await run.exits();
  return run.stdout();
}
const times = async () => (await readFile(join(folder, "ran.txt"), "utf8")).split("\n").length - 1;

test("what is remembered runs unasked while the script stays as it is, and asks again after", async () => {
  const chat = cli(["chat"], true);
  await chat.sees("› ");
  chat.types("!sh count.sh\r");
  await chat.sees("│ echo run >> ran.txt");
  await chat.sees("rule    remember allows from now on: sh count.sh");
  await chat.sees("[l]ater > ");
  chat.types("r\r");
  await chat.sees("From now on it does not ask for sh count.sh");
  await chat.sees("exit code 0");
  await chat.sees("› ");
  chat.types("!sh count.sh\r");
  await chat.sees("exit code 0");
  expect(await times()).toBe(2);

  await writeFile(join(folder, "count.sh"), "echo other >> ran.txt\n");
  await chat.sees("› ");
  chat.types("!sh count.sh\r");
  await chat.sees("│ echo other >> ran.txt");
  await chat.sees("[l]ater > ");
  chat.types("d\r");
  await chat.sees("denied: it did not run");
  expect(await times()).toBe(2);

  const [, second] = JSON.parse(await said("turns", "--json")).items as { id: string }[];
  const story = await said("why", second!.id);
  expect(story).toMatch(/agreed by rule: sh count\.sh .*made by owner\) \(rule, rule_\w+\)/);
  expect(story).toMatch(/planned ([0-9a-f]{64})\n[^]*executed \1, as planned/);
  const [, rule_id] = /^(rule_\w+) {2}sh count\.sh/m.exec(await said("rules")) ?? [];
  expect(await said("rules", "remove", rule_id!)).toContain("It asks again for sh count.sh");
});

test("a chat hears of what waits elsewhere and of who decided it, while its person types", async () => {
  const chat = cli(["chat"], true);
  await chat.sees("› ");
  chat.types("half a thou");
  await chat.sees("half a thou");
  expect(await cli(["ask", "--no-wait", "!sh count.sh"]).exits()).toBe(0);
  await chat.sees("1 approval waits: sh count.sh — mainstay approve apr_");
  await chat.sees("half a thou");
  const { items } = await house.client.approvals.list();
  expect(await said("deny", items[0]!.id)).toBe("Denied: sh count.sh\n");
  await chat.sees("owner denied it elsewhere: sh count.sh");
  await chat.sees("half a thou");
  const piped = cli(["ask", "!sh count.sh"]);
  expect(await piped.exits()).toBe(3);
  expect(piped.stdout()).toContain("Not answered: it was asked where nobody could answer");
  await chat.sees("Not answered elsewhere, where nobody could be asked: sh count.sh");
  chat.types("\u0003\u0004");
  expect(await chat.exits()).toBe(0);
});

test("chat: /approve of what was decided elsewhere says so, shows what became of it, and goes on", async () => {
  const chat = cli(["chat"], true);
  await chat.sees("› ");
  chat.types("!sh count.sh\r");
  await chat.sees("[l]ater > ");
  chat.types("l\r");
  await chat.sees("or here: /approve, /deny, /approvals");
  await chat.sees("› ");
  const { items } = await house.client.approvals.list();
  expect(await said("approve", items[0]!.id)).toBe("Approved: sh count.sh\n");
  await chat.sees("owner approved it elsewhere: sh count.sh");
  await house.until(items[0]!.turn_id, ({ type }) => type === "settled");
  chat.types("/approve\r");
  await chat.sees("It was decided already.");
  await chat.sees("exit code 0");
  await chat.sees("› ");
  chat.types("/approve\r");
  await chat.sees("You left nothing for later");
  await chat.sees("› ");
  chat.types("\u0004");
  expect(await chat.exits()).toBe(0);
});

test("chat: a message behind what was left for later is asked about first, and is sent once that is decided", async () => {
  const chat = cli(["chat"], true);
  await chat.sees("› ");
  chat.types("!sh count.sh\r");
  await chat.sees("[l]ater > ");
  chat.types("l\r");
  await chat.sees("› ");
  chat.types("!ls\r");
  await chat.sees("What waits for your consent comes first in this session");
  await chat.sees("[l]ater > ");
  chat.types("l\r");
  await chat.sees(
    "Not sent: it would wait for that decision. /approve or /deny it, or begin a /new",
  );
  await chat.sees("› ");
  chat.types("/approve 99\r");
  await chat.sees(`You have no approval "99"`);
  await chat.sees("› ");
  chat.types("/help me\r");
  await chat.sees("/help takes no words");
  await chat.sees("› ");
  chat.types("/approvals\r");
  await chat.sees(/1 of 1 {2}apr_\w+ {2}sh count\.sh/);
  await chat.sees("[l]ater > ");
  chat.types("l\r");
  await chat.sees("› ");
  expect((await house.client.turns.list()).items).toHaveLength(1);
  chat.types("!ls\r");
  await chat.sees("[l]ater > ");
  chat.types("a\r");
  await chat.sees("exit code 0");
  await chat.sees("count.sh");
  await chat.sees("› ");
  const [last] = (await house.client.turns.list()).items;
  expect(last).toMatchObject({ message: "!ls", state: "done" });
  expect(await times()).toBe(1);

  chat.types("!sh count.sh\r");
  await chat.sees("[l]ater > ");
  chat.types("l\r");
  await chat.sees("› ");
  const { items } = await house.client.approvals.list();
  chat.types(`/deny ${items.find(({ state }) => state === "pending")!.id}\r`);
  await chat.sees("denied: it did not run");
  await chat.sees("› ");
});

test("a ceiling refuses without asking, and says which", async () => {
  expect(await said("policy", "set", "tier", "pro", "read-only")).toContain("tier");
  const refused = cli(["ask", "!sh count.sh"]);
  expect(await refused.exits()).toBe(1);
  expect(refused.stdout()).toMatch(
    /Refused: the policy for the tier pro .*The command did not run\./,
  );
  expect((await house.client.approvals.list()).items).toEqual([]);
  expect(await said("policy", "clear", "tier", "pro")).toContain("no ceiling of its own");
});

test("what is blocked runs once by the word of an admin, and the next time is blocked again", async () => {
  const blocked = "!rm -rf / count.sh";
  const tried = cli(["ask", blocked]);
  expect(await tried.exits()).toBe(5);
  expect(tried.stderr()).toMatch(/^› \$ rm -rf \/ count\.sh.*\n {2}blocked: it did not run$/m);
  const [, ...call] = /mainstay override (\S+) (\d+) (\S+) --reason/.exec(tried.stdout()) ?? [];
  const granting = cli(["override", ...call, "--reason", "to see"], true);
  await granting.sees("│ rm -rf / count.sh");
  await granting.sees("Type override to let it through > ");
  granting.types("override\r");
  expect(await granting.exits()).toBe(0);
  await cli(["ask", blocked]).exits();
  expect(await said("override", "list")).toMatch(/used by turn_\w+ {2}rm -rf \/ count\.sh/);
  expect(await said("ask", blocked)).toContain("Blocked: ");
  expect(tried.stdout()).toContain("then ask for it again: it runs once, without a question");
});
