import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@mainstay/sdk/client";
import type { Approval } from "@mainstay/sdk/resources";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, expect, test } from "vitest";
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
