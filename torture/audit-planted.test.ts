/**
 * Planted: a verifier that does not look at one of the things that it has to look at lets through what
 * nothing else finds.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { mutations } from "./audit/mutations.ts";
import { copyTrail, executorOf, makeTrail, type Trail } from "./audit/trail.ts";
import { seeded } from "./seeded.ts";

const COMMANDS = 60;

interface Hole {
  readonly name: string;
  readonly plant: () => unknown;
  readonly mutation: string;
  readonly is_head_kept: boolean;
}

const holes: readonly Hole[] = [
  {
    name: "the links are not checked",
    mutation: "a character of a record",
    is_head_kept: true,
    plant: () =>
      vi.doMock(import("../packages/server/src/audit/chain-walk.ts"), async (original) => ({
        ...(await original()),
        linkFault: () => null,
      })),
  },
  {
    name: "the checkpoints are not checked",
    mutation: "a checkpoint changed",
    is_head_kept: true,
    plant: () =>
      vi.doMock(import("../packages/server/src/audit/witnesses.ts"), async (original) => ({
        ...(await original()),
        *checkpointWitnesses() {},
      })),
  },
  {
    name: "the exported head is not checked",
    mutation: "rewritten by who has audit.key",
    is_head_kept: true,
    plant: () =>
      vi.doMock(import("../packages/server/src/audit/witnesses.ts"), async (original) => {
        const { merged, ...others } = await original();
        const isNoted = ({ name }: { name: string }) => name === "audit.head";
        return { ...others, merged: (first, heads) => merged(first, heads.filter(isNoted)) };
      }),
  },
  {
    name: "the executor's chain is not compared",
    mutation: "the end cut off with its checkpoints, audit.head put back",
    is_head_kept: false,
    plant: () =>
      vi.doMock(import("../packages/server/src/audit/comparison.ts"), () => ({
        createComparison: () => ({
          record() {},
          head() {},
          end: async () => ({
            ...{ faults: [], commands: 0, without_result: 0, unheard: 0, began: null },
          }),
        }),
      })),
  },
];

let scratch: string;
let trail: Trail;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "mainstay-audit-planted-"));
  trail = await makeTrail(join(scratch, "home"), COMMANDS);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => vi.doUnmock("../packages/server/src/audit/chain-walk.ts"));
afterEach(() => vi.doUnmock("../packages/server/src/audit/witnesses.ts"));
afterEach(() => vi.doUnmock("../packages/server/src/audit/comparison.ts"));

/** Whether a verifier that is loaded anew, with what is planted now, calls the home whole. */
async function isCalledWhole(home: string, { is_head_kept }: Hole): Promise<boolean> {
  vi.resetModules();
  const { verifyAudit } = await import("../packages/server/src/audit/audit.ts");
  const head = is_head_kept ? trail.head : null;
  return (await verifyAudit({ home, head, executor: executorOf(home) })).ok;
}

test.each(holes)("planted: where $name, what only that finds passes", async (hole) => {
  const home = join(scratch, "spoiled");
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
  copyTrail(trail.home, home);
  mutations.find(({ name }) => name === hole.mutation)!.apply(home, seeded(1), trail);
  expect(await isCalledWhole(home, hole)).toBe(false);
  hole.plant();
  expect(await isCalledWhole(home, hole)).toBe(true);
});
