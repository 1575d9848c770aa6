/** The address of a webhook may hold secrets: they are in no log, no readiness and no fault. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { readConfig } from "../../src/config.ts";
import type { Log } from "../../src/telemetry/log.ts";
import { handClock } from "../door/hand-clock.ts";
import { openTrailHome, type TrailHome } from "./trail-home.ts";

let trail: TrailHome;
beforeEach(async () => {
  trail = await openTrailHome();
});
afterEach(() => trail.close());

/** All that is said of a head that should go there, however long it takes to learn. */
async function saidOf(webhook: string): Promise<string> {
  const { clock } = handClock();
  const said: unknown[] = [];
  const say = (fields: object, message: string): void => void said.push({ ...fields, message });
  const log: Log = { info: say, warn: say, error: say };
  const notary = await trail.run({ settings: { webhook }, log, clock });
  await notary.head();
  await notary.stop();
  expect(notary.check()).toMatchObject({ ok: false });
  return JSON.stringify([said, notary.check()]);
}

const SECRETS = /s3cr3t|t0ken|canary/;

test.each([
  ["an address that fetch refuses", "http://user:s3cr3t@127.0.0.1:9/canary?token=t0ken", ""],
  ["a port that fetch refuses", "http://127.0.0.1:1/canary?token=t0ken", ""],
  ["nobody there", "http://127.0.0.1:9/canary?token=t0ken", ""],
  ["no such host", "http://t0ken.invalid/canary?token=s3cr3t", "t0ken.invalid"],
])("nothing of its secrets is told: %s", async (_name, webhook, host) => {
  const said = await saidOf(webhook);
  expect(said).toContain("cannot be reached");
  expect(said.replaceAll(host || "-", "")).not.toMatch(SECRETS);
});

test("a redirection is not followed, and where it leads is not told", async () => {
  const asked: (string | undefined)[] = [];
  const hook = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(307, { location: "/elsewhere?token=s3cr3t" }).end();
  });
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => hook.close(() => resolve())));
  const { port } = hook.address() as AddressInfo;
  const said = await saidOf(`http://127.0.0.1:${port}/canary?token=t0ken`);
  expect(said).toContain("it answered 307");
  expect(said).not.toMatch(SECRETS);
  expect(new Set(asked)).toEqual(new Set(["/canary?token=t0ken"]));
});

test("credentials in the address are refused in words, which do not repeat them", () => {
  const home = mkdtempSync(join(tmpdir(), "mainstay-webhook-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const refusalOf = (env: Record<string, string> = {}): string => {
    try {
      readConfig({ MAINSTAY_HOME: home, ...env });
    } catch (fault) {
      return (fault as Error).message;
    }
    return "none";
  };
  expect(refusalOf({ MAINSTAY_AUDIT_WEBHOOK: "https://there/?token=t0ken" })).toBe("none");
  for (const webhook of ["https://user:s3cr3t@there/?token=t0ken", "https://s3cr3t@there/"]) {
    writeFileSync(join(home, "mainstay.json"), "{}");
    const of_variable = refusalOf({ MAINSTAY_AUDIT_WEBHOOK: webhook });
    writeFileSync(join(home, "mainstay.json"), JSON.stringify({ audit: { webhook } }));
    for (const refusal of [of_variable, refusalOf()]) {
      expect(refusal).toContain("must not hold a user name or a password");
      expect(refusal).not.toMatch(SECRETS);
    }
  }
});
