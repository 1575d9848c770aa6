/** Planted: a verifier that does not look at the links lets changes through, and the count shows it. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { verifyAudit } from "../packages/server/src/audit/audit.ts";
import { mutations } from "./audit/mutations.ts";
import { makeTrail } from "./audit/trail.ts";
import { seeded } from "./seeded.ts";

vi.mock(import("../packages/server/src/audit/chain-walk.ts"), async (original) => ({
  ...(await original()),
  linkFault: () => null,
}));

test("planted: without the link check a changed record passes", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "mainstay-audit-planted-"));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const { home, head, executor, ...rest } = await makeTrail(join(scratch, "home"), 20);
  const spoiled = join(scratch, "spoiled");
  cpSync(home, spoiled, { recursive: true });
  const [character] = mutations;
  character!.apply(spoiled, seeded(1), { home, head, executor, ...rest });
  expect((await verifyAudit({ home: spoiled, head, executor })).ok).toBe(true);
});
