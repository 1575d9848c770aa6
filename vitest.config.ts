import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "guards/*.test.ts", "torture/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    // For what hangs: what is only slow, on a machine that others use too, ends before.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    setupFiles: ["torture/seed-properties.ts", "torture/usual-umask.ts"],
    execArgv: ["--disable-warning=ExperimentalWarning"],
    provide: {
      torture: { scale: "short", seed: Number(process.env["TORTURE_SEED"] ?? 20_261_122) },
    },
  },
});
