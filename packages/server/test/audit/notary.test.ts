import { createServer } from "node:http";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuditHead } from "@mainstay/sdk/audit-trail";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type AuditSettings,
  createNotary,
  type Notary,
  verifyAudit,
} from "../../src/audit/audit.ts";
import { auditWrite } from "../../src/store/audit-log.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { handClock } from "../door/hand-clock.ts";

let home: string;
let store: Store;
const ends: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "mainstay-notary-"));
  store = await openSqliteStore({ home, clock: systemClock });
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await store.close();
  rmSync(home, { recursive: true, force: true });
});

const none: AuditSettings = { head_file: null, webhook: null };

async function notary(clock: Clock = systemClock, settings: Partial<AuditSettings> = {}) {
  const made: Notary = createNotary({
    ...{ store, home, clock, log: createLog("silent") },
    settings: { ...none, ...settings },
    executorChain: async () => null,
  });
  await made.start();
  ends.push(() => made.stop());
  return made;
}

async function records(count: number): Promise<void> {
  const started = { kind: "server_started", incarnation: 1 } as const;
  const writes = Array.from({ length: count }, () => auditWrite(store, 1, started));
  await store.commit({ writes });
}

const checkpoints = () => store.query(store.sql.selectFrom("audit_checkpoint").selectAll());
const verify = () => verifyAudit({ home, head: null, executor: async () => null });

const LOOK_MS = 5_000;

/** A clock by hand that waits for the look which it sets off. */
function lookClock() {
  const { clock, pass } = handClock();
  let look = Promise.withResolvers<void>();
  return {
    clock: {
      ...clock,
      after(delay_ms: number, run: () => void) {
        if (delay_ms === LOOK_MS) look.resolve();
        return clock.after(delay_ms, run);
      },
    },
    looked: () => look.promise,
    async looks(times: number) {
      for (let i = 0; i < times; i++) {
        look = Promise.withResolvers();
        await pass(LOOK_MS);
        await look.promise;
      }
    },
  };
}

test("it signs at a start, after 60 seconds with news, after 1000 records, and at its stop", async () => {
  const { clock, looked, looks } = lookClock();
  const made = await notary(clock);
  await looked();
  const signed = async () => (await checkpoints()).map(({ seq }) => seq);
  expect(await signed()).toEqual([1]);
  await records(10);
  await looks(11);
  expect(await signed()).toEqual([1]);
  await looks(1);
  expect(await signed()).toEqual([1, 11]);
  await looks(13);
  expect(await signed()).toEqual([1, 11]);
  await records(1_000);
  await looks(1);
  expect(await signed()).toEqual([1, 11, 1_011]);
  await records(1);
  await made.stop();
  await made.stop();
  expect(await signed()).toEqual([1, 11, 1_011, 1_012]);
  expect(await verify()).toMatchObject({ ok: true, records: 1_012, signed: 1_012 });
});

test("what was signed and is gone at the next start is told, and nothing is signed over it", async () => {
  const first = await notary();
  await first.head();
  await store.close();
  cpSync(join(home, "mainstay.db"), join(home, "older.db"));
  store = await openSqliteStore({ home, clock: systemClock });
  const second = await notary();
  await records(3);
  await second.head();
  await Promise.all([first.stop(), second.stop()]);
  await store.close();
  cpSync(join(home, "older.db"), join(home, "mainstay.db"));
  store = await openSqliteStore({ home, clock: systemClock });
  const third = await notary();
  expect(third.check()).toMatchObject({
    ok: false,
    detail: expect.stringContaining("ends before audit.head"),
  });
  await expect(third.head()).rejects.toMatchObject({ code: "audit_damaged" });
  expect((await verify()).faults.map(({ fault }) => fault).join()).toContain("audit.head has");
});

test("records cut off before they were signed are noticed by who looks every five seconds", async () => {
  const { clock, looked, looks } = lookClock();
  const made = await notary(clock);
  await looked();
  await records(5);
  await looks(1);
  await store.commit({
    writes: [store.sql.deleteFrom("audit").where("seq", ">", 4).compile()],
  });
  await looks(1);
  expect(made.check()).toMatchObject({ ok: false });
});

test("the key is its owner's alone; with another one what it signed is not believed", async () => {
  await (await notary()).head();
  const file = join(home, "audit.key");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(join(home, "other.key"), readFileSync(file));
  rmSync(file);
  const { faults } = await verify();
  expect(faults.map(({ fault }) => fault).join()).toContain("not signed by a key that is known");
});

test("a head goes to the file and the webhook, and a webhook that fails is told and tried again", async () => {
  const got: AuditHead[] = [];
  let status = 500;
  let answered = Promise.withResolvers<void>();
  const hook = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      got.push(AuditHead.parse(JSON.parse(body)));
      response.writeHead(status).end();
      response.on("close", () => answered.resolve());
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
  ends.push(() => new Promise((resolve) => hook.close(resolve)));
  const { port } = hook.address() as AddressInfo;
  const head_file = join(home, "elsewhere.head");
  const made = await notary(systemClock, {
    head_file,
    webhook: `http://127.0.0.1:${port}/in?t=secret`,
  });
  await answered.promise;
  status = 204;
  answered = Promise.withResolvers();
  const head = await made.head();
  await answered.promise;
  await made.stop();
  expect(got.at(-1)).toEqual(head);
  expect(AuditHead.parse(JSON.parse(readFileSync(head_file, "utf8")))).toEqual(head);
  expect(made.check()).toMatchObject({ ok: true });
  expect(made.check().detail).not.toContain("secret");
});
