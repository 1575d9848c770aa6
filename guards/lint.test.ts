import { expect, test } from "vitest";
import { plantHouse } from "./planted-house.ts";

const room = "packages/server/src/turn";

/** Each source breaks one ban; the linter must name it. */
const banned: [name: string, source: string, complaint: string][] = [
  ["Date.now", "export const a = Date.now();", "Unexpected use of 'Date'"],
  ["new Date", "export const a = new Date();", "Unexpected use of 'Date'"],
  ["setTimeout", "setTimeout(() => {}, 1);", "Unexpected use of 'setTimeout'"],
  ["setInterval", "setInterval(() => {}, 1);", "Unexpected use of 'setInterval'"],
  ["setImmediate", "setImmediate(() => {});", "Unexpected use of 'setImmediate'"],
  ["process", "export const a = process.env.HOME;", "Unexpected use of 'process'"],
  ["performance.now", "export const a = performance.now();", "'performance.now' is restricted"],
  ["Math.random", "export const a = Math.random();", "'Math.random' is restricted"],
  ["crypto.randomUUID", "export const a = crypto.randomUUID();", "'crypto.randomUUID' is restr"],
  ["AbortSignal.timeout", "export const a = AbortSignal.timeout(1);", "'AbortSignal.timeout' is"],
  [
    "randomUUID",
    'import { randomUUID } from "node:crypto";\nexport const a = randomUUID();',
    "'randomUUID' import from 'node:crypto' is restricted",
  ],
  [
    "node:timers",
    'import { setTimeout as wait } from "node:timers/promises";\nawait wait(1);',
    "'node:timers/promises' import is restricted",
  ],
  [
    "node:process",
    'import { env } from "node:process";\nexport const a = env;',
    "'node:process' import is restricted",
  ],
  [
    "node:child_process",
    'import { spawn } from "node:child_process";\nspawn("true");',
    "'node:child_process' import is restricted",
  ],
  [
    "child_process",
    'import { spawn } from "child_process";\nspawn("true");',
    "'child_process' import is restricted",
  ],
  ["any", "export const a = (b: any) => b;", "no-explicit-any"],
  ["loose equality", "export const a = (b: unknown) => b == 1;", "eqeqeq"],
  ["an empty catch", "try {\n  JSON.parse('');\n} catch {}", "no-empty"],
  ["a promise nobody waits for", "Promise.resolve(1).then(String);", "no-floating-promises"],
  [
    "a promise as a condition",
    "export const a = (b: Promise<boolean>) => (b ? 1 : 2);",
    "no-misused-promises",
  ],
  [
    "a switch that forgets a case",
    'export function a(b: "x" | "y") {\n  switch (b) {\n    case "x":\n      return 1;\n  }\n  return 2;\n}',
    "switch-exhaustiveness-check",
  ],
];

/** Where a ban is lifted, and where its neighbours still hold. */
const exempt: Record<string, string> = {
  "packages/sdk/src/clock.ts": "export const now = () => Date.now() + performance.now();",
  "packages/server/src/kernel/ids.ts": "export const id = () => crypto.randomUUID();",
  "packages/server/src/config.ts": "export const home = process.env.HOME;",
  "packages/server/src/main.ts": "process.exitCode = 1;",
  "packages/executor/src/spawn.ts": 'import { spawn } from "node:child_process";\nspawn("true");',
  "packages/server/test/turn.test.ts": "export const a = Date.now() + Number(process.pid);",
};

const not_exempt: [path: string, source: string, complaint: string][] = [
  ["packages/server/src/kernel/env.ts", "export const a = process.env;", "use of 'process'"],
  ["packages/server/src/assemble.ts", "export const a = process.env;", "use of 'process'"],
  ["packages/cli/src/config.ts", "export const a = Date.now();", "use of 'Date'"],
  ["packages/executor/src/clock.ts", "export const a = Date.now();", "use of 'Date'"],
  ["packages/server/test/wait.test.ts", "setTimeout(() => {}, 1);", "use of 'setTimeout'"],
];

test("the linter names every planted ban, and nothing where a ban is lifted", () => {
  const faults = banned.map(
    ([, source, complaint], i) => [`${room}/planted-${i}.ts`, source, complaint] as const,
  );
  const all = [...faults, ...not_exempt];
  const sources = Object.fromEntries(all.map(([path, source]) => [path, `${source}\n`]));
  using house = plantHouse({ ...sources, ...exempt });
  const { status, output } = house.run("oxlint", "--type-aware", "--format=json", "packages");
  expect(status).not.toBe(0);

  const report = JSON.parse(output) as {
    number_of_files: number;
    diagnostics: { code: string; message: string; filename: string }[];
  };
  const said = (path: string) =>
    report.diagnostics
      .filter(({ filename }) => filename === path)
      .map(({ code, message }) => `${code} ${message}`);
  for (const [path, source, complaint] of all)
    expect([path, source, said(path)]).toEqual([
      path,
      source,
      [expect.stringContaining(complaint)],
    ]);
  for (const path of Object.keys(exempt)) expect([path, said(path)]).toEqual([path, []]);
  expect(report.number_of_files).toBe(all.length + Object.keys(exempt).length);
});

/** Each source breaks one compiler option. */
const ill_typed: [option: string, source: string, complaint: string][] = [
  ["strict", "export const a: string = null;", "TS2322"],
  [
    "verbatimModuleSyntax",
    'import { Clock } from "@mainstay/sdk/clock";\nexport type A = Clock;',
    "TS1484",
  ],
  ["erasableSyntaxOnly", "export enum A {\n  b,\n}", "TS1294"],
  ["noUncheckedIndexedAccess", "export const a = (b: string[]): string => b[0];", "TS2322"],
  ["exactOptionalPropertyTypes", "export const a: { b?: string } = { b: undefined };", "TS2375"],
  ["noUnusedLocals", "const a = 1;\nexport {};", "TS6133"],
];

test("the compiler names every planted type error", () => {
  const paths = ill_typed.map(([option]) => `packages/server/test/${option}.ts`);
  const sources = ill_typed.map(([, source], i) => [paths[i], `${source}\n`]);
  using house = plantHouse(Object.fromEntries(sources));
  const { status, output } = house.run("tsc", "-p", "tsconfig.json");
  expect(status).not.toBe(0);
  const found = output.split("\n").filter((line) => line.includes("error TS"));
  expect(found).toHaveLength(ill_typed.length);
  for (const [i, [, , complaint]] of ill_typed.entries())
    expect(found.filter((line) => line.includes(`${paths[i]}(`))).toEqual([
      expect.stringContaining(complaint),
    ]);
});

test("knip names a planted dead export, and no living one", () => {
  using house = plantHouse({
    "packages/server/src/turn/turn.ts": 'import { used } from "./steps.ts";\nused();\n',
    "packages/server/src/turn/steps.ts":
      "export const used = () => 1;\nexport const planted_dead = () => 2;\n",
  });
  const { status, output } = house.run("knip", "--include=exports,files", "--no-config-hints");
  expect(status).not.toBe(0);
  expect(output).toContain("planted_dead");
  expect(output).not.toMatch(/\bused\b/);
});

test("the formatter names a badly formatted file", () => {
  using house = plantHouse({
    "packages/sdk/src/well.ts": "export const a = 1;\n",
    "packages/sdk/src/badly.ts": "export  const a='1'\n",
  });
  const { status, output } = house.run("oxfmt", "--list-different");
  expect(status).not.toBe(0);
  expect(output).toContain("badly.ts");
  expect(output).not.toContain("well.ts");
});
