import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const configs = [
  "package.json",
  "tsconfig.json",
  "knip.json",
  ".oxlintrc.json",
  ".oxfmtrc.json",
  "packages/sdk/package.json",
  "packages/server/package.json",
];

/** A scratch copy of the repository's configuration that holds planted sources only. */
export interface PlantedHouse extends Disposable {
  /** Runs a tool of `node_modules/.bin` as `npm test` does; its output is stdout and stderr. */
  run(tool: string, ...args: string[]): { status: number | null; output: string };
}

/** `sources`: text by path from the root. Dispose of the house to remove it. */
export function plantHouse(sources: Record<string, string>): PlantedHouse {
  const house = mkdtempSync(join(tmpdir(), "mainstay-guard-"));
  for (const config of configs) {
    mkdirSync(dirname(join(house, config)), { recursive: true });
    copyFileSync(join(root, config), join(house, config));
  }
  for (const [path, source] of Object.entries(sources)) {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), source);
  }
  symlinkSync(join(root, "node_modules"), join(house, "node_modules"));
  return {
    run(tool, ...args) {
      const program = join(root, "node_modules/.bin", tool);
      const env = { ...process.env, NO_COLOR: "1" };
      const result = spawnSync(program, args, { cwd: house, env, encoding: "utf8" });
      return { status: result.status, output: result.stdout + result.stderr };
    },
    [Symbol.dispose]: () => rmSync(house, { recursive: true }),
  };
}
