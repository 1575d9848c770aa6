import { defineConfig } from "vitest/config";
import everyday from "../vitest.config.ts";

const LIMIT_MS = 2 * 3_600_000;

/** The long runs, one file after another: a fault is judged on a machine that does nothing else. */
export default defineConfig({
  test: {
    ...everyday.test,
    include: ["torture/*.test.ts"],
    maxWorkers: 1,
    testTimeout: LIMIT_MS,
    // Each test by itself, when it has ended.
    reporters: ["verbose"],
    provide: { torture: { ...everyday.test!.provide!.torture!, scale: "long" } },
  },
});
