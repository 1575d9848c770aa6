import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { systemClock } from "@mainstay/sdk/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Server, startServer } from "../../server/src/assemble.ts";
import { calls, clientFor, configFor, says } from "../../server/test/house/house.ts";
import type { AuditVerdict } from "@mainstay/server/commands/audit";
import { csvCell } from "../src/audit/csv.ts";
import { showVerdict } from "../src/audit/verdict.ts";
import { runCli } from "./run-cli.ts";

const FORMULA = '=HYPERLINK("x")';

let home: string;
let model: FakeProvider;
let server: Server;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "mainstay-audit-cli-"));
  const shell = (command: string) => calls("shell", { intent: "look", command });
  const script = [shell('pwd; echo "a, b"'), says("There."), shell(FORMULA)];
  model = await startFakeProvider({ script, clock: systemClock });
  server = await startServer(configFor(home, [model.url]));
  const client = clientFor(server.url, (await readFile(join(home, "owner.key"), "utf8")).trim());
  await client.turns.create({ message: "where?" }, { wait_s: 60 });
  await client.turns.create({ message: "what?" }, { wait_s: 60 });
});
afterAll(async () => {
  await server.stop("end");
  await model.close();
  await rm(home, { recursive: true, force: true });
});

async function audit(...args: string[]) {
  const run = runCli(["audit", ...args], { env: { MAINSTAY_HOME: home }, cwd: home });
  run.closesInput();
  const code = await run.exits();
  return { code, out: run.stdout(), err: run.stderr() };
}

test("a person reads who ran what, how it was agreed to and how it ended", async () => {
  const { code, out } = await audit();
  expect(code).toBe(0);
  const lines = out.trimEnd().split("\n");
  expect(lines).toHaveLength(4);
  expect(lines[0]).toContain(`asks       ${FORMULA}`);
  expect(lines[1]).toMatch(/ended +pwd; echo "a, b" +exit 0 after \d/);
  expect(lines[2]).toMatch(/begins +pwd; echo "a, b" +safe: it only reads/);
  expect(lines[3]).toMatch(/server +started/);
  const one = await audit("--kind", "command_intent", "--limit", "1", "--json");
  expect(JSON.parse(one.out).items).toHaveLength(1);
});

test("a spreadsheet gets cells, and no formula", async () => {
  const { out } = await audit("--csv");
  const lines = out.trimEnd().split("\n");
  expect(lines[0]).toMatch(/^"seq","at","person","kind",.*,"command","record","hash"$/);
  expect(lines[1]).toContain(`"'=HYPERLINK(""x"")"`);
  expect(lines[2]).toContain(`"pwd; echo ""a, b"""`);
  expect(csvCell("x;=cmd|' /C calc'!A0")).toBe(`"x;=cmd|' /C calc'!A0"`);
  expect(csvCell("plain")).toBe('"plain"');
  for (const text of ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
    expect(csvCell(text)).toMatch(/^"'/);
  expect(csvCell(-1)).toBe("-1");
});

test("lines of JSON are all records, each by itself", async () => {
  const { out } = await audit("--jsonl");
  const items = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(items.map(({ seq }) => seq)).toEqual([4, 3, 2, 1]);
});

test("no word of a damaged file is a line, or a move of the cursor, of its own", () => {
  const shown: string[] = [];
  const fault = "it is exited\nok    999 records\u{1b}[2K";
  const verdict: AuditVerdict = {
    ...{ ok: false, records: 1, bytes: 1, signed: 0, exported: null, compared: null },
    ...{ faults: [{ seq: 1, fault }], fault_count: 1, blind_to: [fault] },
  };
  showVerdict(verdict, { print: (line) => void shown.push(line) });
  expect(shown).toHaveLength(3);
  for (const line of shown) expect(line).not.toMatch(/[\n\u{1b}]/u);
  expect(shown[1]).toContain("record 1: it is exited");
});

test("what is no time or number is said with the fix", async () => {
  expect(await audit("--since", "yesterday")).toMatchObject({ code: 2 });
  expect(await audit("--limit", "0")).toMatchObject({ code: 2 });
  const nothing = ["--since", "2000-01-01", "--until", "2000-01-02"];
  expect(await audit(...nothing)).toMatchObject({ out: "", err: "No records.\n" });
  expect(JSON.parse((await audit(...nothing, "--json")).out)).toMatchObject({ items: [] });
});

test("a head that was carried away finds later what was changed, beside a server and without", async () => {
  const kept = join(home, "kept.head");
  await writeFile(kept, (await audit("head")).out);
  const whole = await audit("verify", "--head", kept, "--json");
  expect(JSON.parse(whole.out)).toMatchObject({ ok: true, compared: 1, exported: 4 });
  expect(whole.code).toBe(0);

  await server.stop("end");
  const alone = await audit("verify", "--head", kept);
  expect(alone.out).toMatch(/^ok {4}4 records \(0\.0 MB\), signed up to 4; .*1 commands compared/);
  expect(alone.code).toBe(0);
  const db = new DatabaseSync(join(home, "mainstay.db"));
  db.exec("update audit set at = at + 1 where seq = 3");
  db.close();
  const changed = await audit("verify", "--head", kept);
  expect(changed.code).toBe(1);
  expect(changed.out).toMatch(/^FAIL .*\n +record 3: it is not what was written there/);
  expect((await audit("verify", "--head", join(home, "none"))).err).toContain("no such file");

  await writeFile(join(home, "exec", "exec.db"), Buffer.alloc(8_192, 7));
  const damaged = await audit("verify", "--head", kept);
  expect(damaged.code).toBe(1);
  expect(damaged.out).toMatch(
    /^FAIL  4 records .*\n +record 3: .*\n +exec\/exec\.db cannot be read: /,
  );
});
