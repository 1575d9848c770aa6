import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { keepKey } from "../../../src/providers/keys/keep-key.ts";

const uid = process.getuid?.() ?? -1;

function home(): string {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const keep = (folder: string, provider: string, api_key: string, as = uid) =>
  keepKey(folder, as, provider, { api_key, origin: null }, systemClock);

test("who keeps keys at once loses none", async () => {
  const folder = home();
  const names = Array.from({ length: 8 }, (_, i) => `p${i}`);
  const [path] = await Promise.all(names.map((name) => keep(folder, name, "one")));
  expect(Object.keys(JSON.parse(readFileSync(path!, "utf8"))).toSorted()).toEqual(names);
});

test("a lock that somebody left is told, and where it is", async () => {
  const folder = home();
  writeFileSync(join(folder, "provider-keys.json.lock"), "");
  const clock = { sleep: () => Promise.resolve() };
  const kept = keepKey(folder, uid, "team", { api_key: "two", origin: null }, clock);
  await expect(kept).rejects.toThrow(/if none is, remove .*provider-keys\.json\.lock/);
});

test("keys are kept beside each other, for their owner alone, with nothing left over", async () => {
  const folder = join(home(), "new");
  const path = await keep(folder, "groq", "one");
  await keep(folder, "team", "two");
  await keep(folder, "groq", "three");
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
    groq: { api_key: "three", origin: null },
    team: { api_key: "two", origin: null },
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(folder)).toEqual(["provider-keys.json"]);
});

test("a file that is not whole is left as it is", async () => {
  const folder = home();
  const path = join(folder, "provider-keys.json");
  writeFileSync(path, '{"groq": "s3cr3t', { mode: 0o600 });
  await expect(keep(folder, "team", "two")).rejects.toThrow(/provider-keys\.json is not/);
  expect(readFileSync(path, "utf8")).toBe('{"groq": "s3cr3t');
  writeFileSync(path, "{}");
  chmodSync(path, 0o644);
  await expect(keep(folder, "team", "two")).rejects.toThrow(/chmod 600/);
});

test("a folder of another user gets none: its server could not read it", async () => {
  await expect(keep(home(), "team", "two", uid + 1)).rejects.toThrow(/another user's/);
});
