import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "guards/*.test.ts", "torture/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    setupFiles: ["torture/seed-properties.ts"],
    execArgv: ["--disable-warning=ExperimentalWarning"],
    provide: {
      torture: { scale: "short", seed: Number(process.env["TORTURE_SEED"] ?? 20_261_122) },
    },
  },
});
