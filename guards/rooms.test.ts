import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judge } from "./room-rules.ts";

const root = join(import.meta.dirname, "..");

test("every import in packages/*/src follows the room table", () => {
  const files = globSync("packages/*/src/**/*.{ts,tsx}", { cwd: root });
  const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
  const verdict = judge(sources);
  expect(verdict.violations).toEqual([]);
  expect(verdict.files_seen).toBeGreaterThanOrEqual(120);
  expect(verdict.imports_seen).toBeGreaterThanOrEqual(350);
});

const server = "packages/server/src";

/** Each plants one fault; the rule that it breaks must say so, and no other. */
const planted: [name: string, file: string, source: string, complaint: RegExp][] = [
  [
    "a room that may not be imported",
    `${server}/offline/offline.ts`,
    'import { tools } from "../tools/tools.ts";',
    /offline may not import tools/,
  ],
  [
    "a type import counts",
    `${server}/store/journal.ts`,
    'import type { Turn } from "../turn/turn.ts";',
    /store may not import turn/,
  ],
  [
    "an inline type counts",
    `${server}/files/files.ts`,
    'export let t: import("../turn/turn.ts").Turn;',
    /files may not import turn/,
  ],
  [
    "a re-export counts",
    `${server}/identity/identity.ts`,
    'export * from "../admission/admission.ts";',
    /identity may not import admission/,
  ],
  [
    "a named re-export counts",
    `${server}/identity/identity.ts`,
    'export { accept } from "../admission/admission.ts";',
    /identity may not import admission/,
  ],
  [
    "an import() counts",
    `${server}/memory/memory.ts`,
    'const turn = await import("../turn/turn.ts");',
    /memory may not import turn/,
  ],
  [
    "an import by the package's name counts",
    `${server}/memory/memory.ts`,
    'import "@mainstay/server/turn/turn";',
    /memory may not import turn/,
  ],
  [
    "a room behind its face",
    `${server}/turn/loop.ts`,
    'import { readFile } from "../tools/read-file.ts";',
    /only the face of a room is imported, tools\/tools.ts/,
  ],
  [
    "the door sees faces only",
    `${server}/door/turns.ts`,
    'import { lease } from "../dispatch/leaser.ts";',
    /only the face of a room is imported/,
  ],
  [
    "the kernel imports nothing",
    `${server}/kernel/ids.ts`,
    'import { log } from "../telemetry/log.ts";',
    /kernel may not import telemetry/,
  ],
  [
    "a room that imports the root",
    `${server}/turn/turn.ts`,
    'import type { Config } from "../config.ts";',
    /they do not import the root/,
  ],
  ["an unknown room", `${server}/helpers/text.ts`, "", /its room is not in the room table/],
  ["an unknown room by a famous name", `${server}/constructor/a.ts`, "", /its room is not in/],
  ["a stray file at the root", `${server}/types.ts`, "", /the server's root holds only/],
  ["an unknown package", "packages/utils/src/a.ts", "", /its package is not in the room table/],
  [
    "a package that may not be imported",
    "packages/sdk/src/client.ts",
    'import { launch } from "@mainstay/executor/launch";',
    /sdk may not import executor/,
  ],
  [
    "a path into another package",
    `${server}/store/store.ts`,
    'import { systemClock } from "../../../sdk/src/clock.ts";',
    /imported by its name, not by a path/,
  ],
  [
    "a path out of the sources",
    `${server}/store/store.ts`,
    'import { fake } from "../../test/fake.ts";',
    /it leads out of the packages' sources/,
  ],
  [
    "cli and the server's rooms",
    "packages/cli/src/doctor.ts",
    'const store = await import("@mainstay/server/store/store");',
    /cli may import commands\/ only/,
  ],
  [
    "cli loads lazily",
    "packages/cli/src/serve.ts",
    'import { serve } from "@mainstay/server/commands/serve";',
    /cli loads the server lazily/,
  ],
  [
    "a computed import",
    `${server}/tools/tools.ts`,
    "const tool = await import(`./${name}.ts`);",
    /nobody can check where it leads/,
  ],
];

test.each(planted)("planted: %s", (_, file, source, complaint) => {
  const { violations } = judge(new Map([[file, source]]));
  expect(violations).toEqual([expect.stringMatching(complaint)]);
  expect(violations[0]).toContain(file);
});

test("planted: an import cycle of three files in one room", () => {
  const cycle = new Map([
    [`${server}/turn/turn.ts`, 'import { a } from "./a.ts";'],
    [`${server}/turn/a.ts`, 'import { b } from "./b.ts";'],
    [`${server}/turn/b.ts`, 'import { turn } from "./turn.ts";'],
  ]);
  const [complaint, ...others] = judge(cycle).violations;
  expect(complaint).toMatch(/import cycle: .*turn\.ts → .*a\.ts → .*b\.ts → .*turn\.ts$/);
  expect(others).toEqual([]);
});

test("what the table allows is allowed", () => {
  const allowed = new Map([
    [`${server}/turn/turn.ts`, 'import { tools } from "../tools/tools.ts"; import "./loop.ts";'],
    [`${server}/turn/loop.ts`, 'import type { Turn } from "./turn.ts"; import "node:fs";'],
    [
      `${server}/turn/end.ts`,
      'import { row } from "../store/schema.ts"; import "../kernel/ids.ts";',
    ],
    [`${server}/door/turns.ts`, 'import { dispatch } from "../dispatch/dispatch.ts";'],
    [`${server}/commands/serve.ts`, 'import { assemble } from "../assemble.ts";'],
    [
      `${server}/assemble.ts`,
      'import { lease } from "./dispatch/leaser.ts"; import "./config.ts";',
    ],
    [`${server}/execution/plan.ts`, 'import { launch } from "@mainstay/executor/launch";'],
    ["packages/cli/src/serve.ts", 'const s = await import("@mainstay/server/commands/serve");'],
    ["packages/cli/src/ask.ts", 'import type { A } from "@mainstay/server/commands/ask";'],
  ]);
  expect(judge(allowed)).toEqual({ violations: [], files_seen: 9, imports_seen: 12 });
});

test("a source that cannot be parsed is an error, not an empty file", () => {
  const broken = new Map([[`${server}/turn/turn.ts`, "import {"]]);
  expect(() => judge(broken)).toThrow(/turn\.ts/);
});
