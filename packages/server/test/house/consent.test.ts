import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@mainstay/sdk/client";
import type { Approval } from "@mainstay/sdk/resources";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { openData } from "./data-file.ts";
import { registerFolder } from "./folder.ts";
import { type House, openHouse } from "./house.ts";
import { addMember } from "./member.ts";
import { obeys } from "./obeys.ts";

let house: House;
afterEach(() => house.close());
const open = async () => (house = await openHouse({ script: obeys }));

const folderOf = async (client: Client) => (await client.workspaces.list()).items[0]!.path;
const settled = async (turn_id: string): Promise<Turn> => {
  await house.until(turn_id, ({ type }) => type === "settled");
  return await house.client.turns.get(turn_id);
};
const pending = async (client = house.client): Promise<Approval[]> =>
  (await client.approvals.list()).items;
const approve = async (how: { remember?: boolean } = {}) => {
  const [approval] = await pending();
  return await house.client.approvals.decide(approval!.id, "approve", how);
};
const toldToModel = () => house.model.requests.at(-1)!.messages.at(-1)!.content;
/** The workspace is there from the first turn on. */
const begun = async () => {
  await house.ask("hello");
  return await folderOf(house.client);
};
/** Asks for a command and approves it. */
const runApproved = async (command: string, how: { remember?: boolean } = {}) => {
  const asked = await house.ask(`run ${command}`);
  expect(asked.state).toBe("awaiting_approval");
  await approve(how);
  return await settled(asked.id);
};

test("an approval shows what runs, of which bytes, where, with which reach, and hides nothing", async () => {
  await open();
  const folder = await begun();
  await writeFile(join(folder, "check.sh"), "echo \u202echecked\n");
  await house.ask("run sh check.sh # \u200bquiet");
  const [approval] = await pending();
  expect(approval).toMatchObject({
    command: "sh check.sh # \u200bquiet",
    command_shown: String.raw`sh check.sh # \u{200b}quiet`,
    person: { name: "owner" },
    network: false,
    pause: null,
    workspace_path: folder,
    ...{ decided_at: null, decided_by: null },
  });
  await house.client.approvals.decide(approval!.id, "deny");
  await house.ask("run sh check.sh");
  const [plain] = await pending();
  expect(plain!.runs).toEqual([
    {
      path: "check.sh",
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      bytes: Buffer.byteLength("echo \u202echecked\n"),
      head: String.raw`echo \u{202e}checked` + "\n",
    },
  ]);
  expect(plain!.says.join("\n")).toContain("code of this workspace");
  expect(plain!.findings[0]).toMatchObject({ verdict: "ask", reason: plain!.reason });
  expect(plain!.rule).toBe("sh check.sh (while check.sh stays as it is)");
});

test("later leaves it waiting; who decided and when is told", async () => {
  await open();
  const asked = await house.ask("run touch made");
  const [approval] = await pending();
  const later = await house.client.approvals.decide(approval!.id, "later");
  expect(later).toMatchObject({ state: "pending", decided_by: null });
  expect(await approve()).toMatchObject({ state: "approved", decided_by: "owner" });
  expect(await settled(asked.id)).toMatchObject({ commands: [{ agreed_by: "owner" }] });
});

test("remembered, the same words run unasked in that workspace, until the rule is revoked", async () => {
  await open();
  await runApproved("touch made", { remember: true });
  const [rule] = (await house.client.rules.list()).items;
  expect(rule).toMatchObject({
    words: ["touch", "made"],
    text: "touch made",
    from: "approval",
    made_by: "owner",
    ...{ used: 0, last_used_at: null, revoked_at: null },
  });
  const again = await house.ask("run touch   'made'");
  expect(again).toMatchObject({
    state: "done",
    commands: [{ agreed_by: "rule: touch made (made by owner)", exit_code: 0 }],
  });
  const started = (await house.journal(again.id)).find(({ type }) => type === "tool_started");
  expect(started).toMatchObject({ effect: { consent: "rule", agreement_id: rule!.id } });
  expect((await house.client.rules.list()).items).toMatchObject([{ used: 1 }]);
  expect((await house.ask("run touch made too")).state, "other words").toBe("awaiting_approval");
  await approve();
  expect(await house.client.rules.revoke(rule!.id)).toMatchObject({
    revoked_at: expect.any(String),
  });
  expect((await house.client.rules.list()).items).toEqual([]);
  expect((await house.ask("run touch made")).state).toBe("awaiting_approval");
});

test("what no rule can say is approved or not, but never remembered", async () => {
  await open();
  await house.ask("run echo x > made");
  const [approval] = await pending();
  expect(approval!.rule).toBe(null);
  await expect(approve({ remember: true })).rejects.toMatchObject({
    problem: { code: "rule_impossible", status: 422 },
  });
  expect(await pending()).toHaveLength(1);
  const workspace = approval!.workspace_id;
  for (const command of ["cat a", "echo x > made", "rm -rf /"])
    await expect(house.client.rules.add({ workspace, command })).rejects.toMatchObject({
      problem: { code: "rule_impossible" },
    });
  expect((await house.client.rules.list()).items).toEqual([]);
});

test("three approvals of the same suggest a rule; only the person makes it one", async () => {
  await open();
  for (let times = 1; times <= 3; times++) {
    expect((await house.client.rules.suggestions()).items).toEqual([]);
    await runApproved("touch made");
  }
  const [suggestion] = (await house.client.rules.suggestions()).items;
  expect(suggestion).toMatchObject({
    text: "You approved `touch made` in this workspace 3 times",
    times: 3,
    rule: "touch made",
  });
  await house.ask("run touch made");
  const [approval] = await pending();
  expect(approval!.suggestion, "a suggestion lets nothing run").toBe(suggestion!.text);
  await approve();
  const { workspace_id: workspace, command } = suggestion!;
  const made = await house.client.rules.add({ workspace, command });
  expect(made.items).toMatchObject([{ text: "touch made", from: "suggestion" }]);
  expect(await house.client.rules.add({ workspace, command }), "once is enough").toEqual(made);
  expect((await house.client.rules.suggestions()).items).toEqual([]);
  expect(await house.ask("run touch made")).toMatchObject({ state: "done" });
});

test("a script that changes after it was approved is asked about anew, with the reason", async () => {
  await open();
  const folder = await begun();
  const script = join(folder, "check.sh");
  await writeFile(script, "echo first > ran.txt\n");
  const asked = await house.ask("run sh check.sh");
  const paused = { scope: "commands" } as const;
  await house.client.pauses.set(paused);
  const first = await approve();
  await house.until(asked.id, ({ type }) => type === "parked");
  await writeFile(script, "echo second > ran.txt\n");
  await house.client.pauses.lift(paused);
  await house.until(
    asked.id,
    (event) => event.type === "approval_requested" && event.approval_id !== first.id,
  );
  const [anew] = await pending();
  expect(anew).toMatchObject({
    reason: "asked again: since owner approved it, this changed: check.sh",
    runs: [{ head: "echo second > ran.txt\n" }],
  });
  await approve();
  expect(await settled(asked.id)).toMatchObject({ commands: [{ exit_code: 0 }] });
  expect(await readFile(join(folder, "ran.txt"), "utf8")).toBe("second\n");
});

test("a rule for a script holds while the script has the bytes that were seen", async () => {
  await open();
  const folder = await begun();
  await writeFile(join(folder, "check.sh"), "echo checked\n");
  await runApproved("sh check.sh", { remember: true });
  expect(await house.ask("run sh check.sh")).toMatchObject({ state: "done" });
  await writeFile(join(folder, "check.sh"), "echo something else\n");
  expect(await house.ask("run sh check.sh")).toMatchObject({ state: "awaiting_approval" });
  const why =
    "asked again: your rule sh check.sh (while check.sh stays as it is) no longer fits: check.sh changed";
  const [card] = await pending();
  expect(card).toMatchObject({ reason: why, says: expect.arrayContaining([why]) });
});

const manifest = (script: string) => JSON.stringify({ scripts: { test: script } });

test("what package.json says is agreed to with the command, and is asked about again where it changed", async () => {
  await open();
  const folder = await begun();
  await writeFile(join(folder, "package.json"), manifest("echo first > ran.txt"));
  const asked = await house.ask("run npm test");
  const [first] = await pending();
  expect(first).toMatchObject({
    runs: [{ path: "package.json" }],
    rule: "npm test (while package.json stays as it is)",
  });
  await writeFile(join(folder, "package.json"), manifest("echo second > ran.txt"));
  await approve();
  await house.until(
    asked.id,
    (event) => event.type === "approval_requested" && event.approval_id !== first!.id,
  );
  const [second] = await pending();
  expect(second!.says.join("\n")).toContain("this changed: package.json");
  await expect(readFile(join(folder, "ran.txt"))).rejects.toThrow("ENOENT");
});

test("a rule for npm test holds while package.json is as it was seen", async () => {
  await open();
  const folder = await begun();
  await writeFile(join(folder, "package.json"), manifest("true"));
  const { workspace_id: workspace } = await house.ask("hello");
  await house.client.rules.add({ workspace, command: "npm test" });
  expect(await house.ask("run npm test")).toMatchObject({ state: "done" });
  await writeFile(join(folder, "package.json"), manifest("echo x > ran.txt"));
  expect(await house.ask("run npm test")).toMatchObject({ state: "awaiting_approval" });
  await expect(readFile(join(folder, "ran.txt"))).rejects.toThrow("ENOENT");
});

test("an admin's ceilings are above rules and trust, name themselves, and are lifted again", async () => {
  await open();
  const { policies } = house.client;
  await runApproved("touch made", { remember: true });
  await policies.set({ scope: "person", subject: "owner", ceiling: "read-only" });
  await policies.set({ scope: "tier", subject: "pro", ceiling: "ask" });
  expect((await policies.list()).items).toMatchObject([
    { scope: "person", subject_name: "owner", ceiling: "read-only", set_by: "owner" },
    { scope: "tier", subject: "pro", ceiling: "ask" },
  ]);
  await house.ask("run touch made");
  expect(toldToModel()).toContain(
    "the policy for the person owner lets only commands run that read",
  );
  expect(await house.ask("run ls")).toMatchObject({ commands: [{ exit_code: 0 }] });
  await policies.set({ scope: "person", subject: "owner", ceiling: "none" });
  expect(await house.ask("run ls")).toMatchObject({ commands: [] });
  await policies.remove({ scope: "person", subject: "owner" });
  expect(await house.ask("run touch made")).toMatchObject({ commands: [{ exit_code: 0 }] });
  const unknown = { problem: { code: "not_found" } };
  await expect(
    policies.set({ scope: "person", subject: "nobody", ceiling: "none" }),
  ).rejects.toMatchObject(unknown);
  await expect(policies.remove({ scope: "person", subject: "owner" })).rejects.toMatchObject(
    unknown,
  );
});

test("a member sees and decides their own alone, and sets no policy; an admin does both", async () => {
  await open();
  const ada = await addMember(house, "ada");
  await house.ask("run touch owners");
  const turn = await ada.client.turns.create({ message: "run touch adas" }, { wait_s: 60 });
  const [own, ...others] = await pending(ada.client);
  expect([own!.turn_id, others.length]).toEqual([turn.id, 0]);
  expect(await pending()).toHaveLength(2);
  await ada.client.approvals.decide(own!.id, "approve", { remember: true });
  const [rule] = (await ada.client.rules.list()).items;
  expect((await house.client.rules.list()).items).toMatchObject([{ person: { name: "ada" } }]);
  await house.client.approvals.decide((await pending())[0]!.id, "approve", { remember: true });
  expect((await ada.client.rules.list()).items).toHaveLength(1);
  const owners = (await house.client.rules.list()).items.find(({ id }) => id !== rule!.id);
  await expect(ada.client.rules.revoke(owners!.id)).rejects.toMatchObject({
    problem: { code: "not_found" },
  });
  const forbidden = { problem: { code: "forbidden" } };
  await expect(ada.client.policies.list()).rejects.toMatchObject(forbidden);
  await expect(
    ada.client.policies.set({ scope: "tier", subject: "free", ceiling: "trust" }),
  ).rejects.toMatchObject(forbidden);
  await expect(ada.client.overrides.list()).rejects.toMatchObject(forbidden);
});

const inStore = (text: string) => {
  const db = openData(house.home);
  db.exec(text);
  db.close();
};

test("nobody approves what has expired; it is denied, whatever stands before it in the line", async () => {
  await open();
  const asked = await house.ask("run touch made");
  const [approval] = await pending();
  // Older ones that nobody can close: their turn waits for nothing.
  const { id: done } = await house.ask("hello");
  inStore(`
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 150)
    insert into approval (id, turn_id, person_id, step, call_id, state, intent, command,
      command_sha256, workspace_id, reason, created_at, expires_at)
    select 'apr_stuck_' || i, '${done}', person_id, step, call_id, state, intent, command,
      command_sha256, workspace_id, reason, created_at, 500 from approval, n;
    update approval set expires_at = 1000 where id = '${approval!.id}'`);
  await expect(house.client.approvals.decide(approval!.id, "approve")).rejects.toMatchObject({
    problem: { code: "approval_expired", status: 409 },
  });
  await house.restart();
  expect(await settled(asked.id)).toMatchObject({ commands: [] });
  expect(await house.client.approvals.get(approval!.id)).toMatchObject({ state: "expired" });
});

test("another folder at a workspace's path has none of the consent that was given to the one before", async () => {
  await open();
  const base = await mkdtemp(join(tmpdir(), "mainstay-replaced-"));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  const path = join(base, "project");
  await mkdir(path);
  const { id: workspace } = await registerFolder(house.client, path, false);
  const first = await house.ask("run touch made", { workspace });
  await approve({ remember: true });
  await settled(first.id);
  const { id: person } = await house.client.me();
  const place = { person, workspace, reason: "a drill" };
  await house.client.overrides.grant({ ...place, command: "rm -rf /" });
  const waits = await house.ask("run touch other", { workspace });
  const [waiting] = await pending();
  await rename(path, join(base, "old"));
  await mkdir(path);
  expect((await registerFolder(house.client, path, false)).id).toBe(workspace);
  expect((await house.client.rules.list()).items).toEqual([]);
  expect((await house.client.overrides.list()).items).toMatchObject([{ state: "expired" }]);
  await expect(house.client.approvals.decide(waiting!.id, "approve")).rejects.toMatchObject({
    problem: { code: "approval_expired" },
  });
  for (const kind of ["rule_revoked", "override_withdrawn"])
    expect((await house.client.audit.list({ kind })).items).toHaveLength(1);
  await house.client.turns.cancel(waits.id);
  const again = await house.ask("run touch made", { workspace });
  expect(again.state).toBe("awaiting_approval");
});

test("consent that was given to a folder is not for the one that takes its place before the command begins", async () => {
  await open();
  const base = await mkdtemp(join(tmpdir(), "mainstay-replaced-"));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  const path = join(base, "project");
  await mkdir(path);
  const { id: workspace } = await registerFolder(house.client, path, false);
  const asked = await house.ask("run touch made", { workspace });
  await house.client.pauses.set({ scope: "commands" });
  const first = await approve();
  await house.until(asked.id, ({ type }) => type === "parked");
  await rename(path, join(base, "old"));
  await mkdir(path);
  await registerFolder(house.client, path, false);
  await house.client.pauses.lift({ scope: "commands" });
  await house.until(
    asked.id,
    (event) => event.type === "approval_requested" && event.approval_id !== first.id,
  );
  expect(await pending()).toHaveLength(1);
});

test("lists go on where a page ends", async () => {
  await open();
  const { approvals, rules } = house.client;
  for (const name of ["a", "b", "c"]) await house.ask(`run touch ${name}`);
  const all = await pending();
  const first = await approvals.list({ limit: 2 });
  expect(first.items).toEqual(all.slice(0, 2));
  expect(await approvals.list({ limit: 2, after: first.next! })).toEqual({
    items: all.slice(2),
    next: null,
  });
  const workspace = (await house.client.workspaces.list()).items[0]!.id;
  await rules.add({ workspace, command: "touch a; touch b; touch c" });
  const rest = (await rules.list()).items;
  const page = await rules.list({ limit: 2 });
  const next = await rules.list({ limit: 2, after: page.next! });
  expect([...page.items, ...next.items]).toEqual(rest);
  expect(next.next).toBe(null);
});

test("a person is named in a policy as anywhere, whatever the case", async () => {
  await open();
  const policy = { scope: "person", subject: "OWNER", ceiling: "ask" } as const;
  expect(await house.client.policies.set(policy)).toMatchObject({ subject_name: "owner" });
});
