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
import { expect, onTestFinished, test } from "vitest";
import { keepKey } from "../../../src/providers/keys/keep-key.ts";

const uid = process.getuid?.() ?? -1;

function home(): string {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("keys are kept beside each other, for their owner alone, with nothing left over", async () => {
  const folder = join(home(), "new");
  const path = await keepKey(folder, uid, "groq", "one");
  await keepKey(folder, uid, "team", "two");
  await keepKey(folder, uid, "groq", "three");
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ groq: "three", team: "two" });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(folder)).toEqual(["provider-keys.json"]);
});

test("a file that is not whole is left as it is", async () => {
  const folder = home();
  const path = join(folder, "provider-keys.json");
  writeFileSync(path, '{"groq": "s3cr3t', { mode: 0o600 });
  await expect(keepKey(folder, uid, "team", "two")).rejects.toThrow(/provider-keys\.json is not/);
  expect(readFileSync(path, "utf8")).toBe('{"groq": "s3cr3t');
  writeFileSync(path, "{}");
  chmodSync(path, 0o644);
  await expect(keepKey(folder, uid, "team", "two")).rejects.toThrow(/chmod 600/);
});

test("a folder of another user gets none: its server could not read it", async () => {
  await expect(keepKey(home(), uid + 1, "team", "two")).rejects.toThrow(/another user's/);
});
