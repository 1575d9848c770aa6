/** Canaries on real addresses, in a network of their own: the proxy's process gets to none of them. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const scenario = fileURLToPath(new URL("canaries.ts", import.meta.url));
const hasTools = ["unshare", "ip"].every(
  (tool) => spawnSync(tool, ["-V"], { stdio: "ignore" }).error === undefined,
);
const is_root = process.getuid?.() === 0;

interface Tried {
  status: number;
  hits: number;
}

test.skipIf(!is_root || !hasTools)(
  "no address of this machine or its network is reached (not run without root, unshare and ip)",
  () => {
    const command = ["--net", "--mount", process.execPath, scenario];
    const { stdout, stderr } = spawnSync("unshare", command, { encoding: "utf8" });
    expect(stdout, stderr).toMatch(/^\{/);
    const { found, used } = JSON.parse(stdout) as {
      found: Record<string, Record<"direct" | "get" | "connect", Tried>>;
      used: { uses: { host: string; refused: string | null }[]; doubt: null };
    };
    expect(Object.keys(found)).toHaveLength(10);
    for (const [name, { direct, get, connect }] of Object.entries(found)) {
      expect([name, direct]).toEqual([name, { status: 200, hits: 1 }]); // there it would have sung
      const is_inside = name.startsWith("private");
      const expected = is_inside ? { status: 200, hits: 1 } : { status: 403, hits: 0 };
      expect([name, get, connect]).toEqual([name, expected, expected]);
    }
    expect(used.doubt).toBe(null);
    expect(used.uses.filter(({ refused }) => refused === null)).toHaveLength(2);
  },
);
