/** A sandbox that cannot be spawned for want of descriptors is a failed command, and nothing else. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { scratchHome } from "./scratch.ts";

const SOURCES = fileURLToPath(new URL("../src", import.meta.url));
const FREE_LIMIT = 20;
/** Node never closes its ends of the three pipes where libuv lacked the two of its own after them. */
const KEPT_BY_NODE = 2 * 3;

/** Leaves 0, 1, 2 … descriptors free, spawns, and counts how many are gone for good afterwards. */
const STARVED = `
  import { closeSync, openSync } from "node:fs";
  import { once } from "node:events";
  const [folder, sources, free_limit] = process.argv.slice(1);
  const { spawnSandbox } = await import(sources + "/spawned-sandbox.ts");
  const launch = { program: "/bin/true", argv: [], inherited: [], data: [], stdin: null, wall_ms: 1 };
  const held = [];
  function fill() {
    try {
      for (;;) held.push(openSync("/dev/null", "r"));
    } catch {}
    return held.length;
  }
  async function spawn(name) {
    const files = { output_fifo: folder + "/" + name, filter_path: "/dev/null" };
    const spawned = spawnSandbox({ ...launch, ...files });
    if (!("failed" in spawned)) {
      const streams = spawned.child.stdio.filter((each) => each !== null);
      const closed = streams.map((each) => each.closed || once(each, "close"));
      await spawned.exit;
      streams.forEach((each) => each.destroy());
      spawned.output.close();
      await Promise.all([...closed, spawned.output.closed]);
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
    return spawned.failed ?? "spawned";
  }
  await spawn("first");
  const total = fill();
  const found = [];
  for (let free = 0; free < Number(free_limit); free += 1) {
    for (let count = 0; count < free; count += 1) closeSync(held.pop());
    found.push({ outcome: await spawn(free), kept: total - fill() });
  }
  for (const each of held) closeSync(each);
  console.log(JSON.stringify(found));
`;

test("with any number of free descriptors a spawn succeeds or fails, and keeps none", () => {
  const folder = scratchHome();
  const names = ["first", ...Array.from({ length: FREE_LIMIT }, (_, free) => String(free))];
  execFileSync(
    "mkfifo",
    names.map((name) => join(folder, name)),
  );
  const script = 'ulimit -n 128; exec "$0" --input-type=module --eval "$@"';
  const starved = [process.execPath, STARVED, folder, SOURCES, String(FREE_LIMIT)];
  const said = execFileSync("/bin/sh", ["-c", script, ...starved], { encoding: "utf8" });
  const found = JSON.parse(said) as { outcome: string; kept: number }[];
  const without = found.filter(({ outcome }) => outcome.includes("EMFILE"));
  expect(found).toHaveLength(FREE_LIMIT);
  expect(without.length).toBeGreaterThan(5);
  expect(found.at(-1)?.outcome).toBe("spawned");
  expect(without.slice(0, -2).map(({ kept }) => kept)).toEqual(without.slice(0, -2).map(() => 0));
  expect(found.at(-1)?.kept).toBeLessThanOrEqual(KEPT_BY_NODE);
});
