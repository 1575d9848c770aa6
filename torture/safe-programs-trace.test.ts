/** The judge of safe programs looks at every call: what it cannot read is a fault, and not passed over. */
import { expect, test } from "vitest";
import { readTrace } from "./safe-programs/trace.ts";

const told = (...lines: string[]) => lines.map((line) => `${line}\n`).join("");

test("a call is read whole, in halves, and where it never came back", () => {
  const trace = told(
    '7 openat(AT_FDCWD</w>, "a, \\"b\\"", O_RDONLY) = 3</w/a>',
    '7 unlink("a" <unfinished ...>',
    '8 rmdir("b" <unfinished ...>',
    "7 <... unlink resumed>) = 0",
    "7 +++ exited with 0 +++",
    "8 +++ killed by SIGKILL +++",
  );
  expect(readTrace(trace)).toEqual([
    {
      ...{ pid: 7, name: "openat", result: "3</w/a>" },
      args: ["AT_FDCWD</w>", String.raw`"a, \"b\""`, "O_RDONLY"],
    },
    { pid: 7, name: "unlink", args: ['"a"'], result: "0" },
    { pid: 8, name: "rmdir", args: ['"b"'], result: "?" },
  ]);
});

test("a line that strace was killed at is no fault", () =>
  expect(readTrace(`${told('7 unlink("a") = 0')}7 unli`)).toHaveLength(1));

test.each([
  ['7 unlink("a") ! 0'],
  ["7 unlink"],
  [""],
  ['unlink("a") = 0'],
  ["7 <... unlink resumed>) = 0"],
  ["strace: Process 8 attached"],
])("what cannot be read is a fault: %s", (line) =>
  expect(() => readTrace(told('7 unlink("a") = 0', line))).toThrow("not understood"),
);

test("neither half of a call is lost", () =>
  expect(() =>
    readTrace(told('7 unlink("a" <unfinished ...>', '7 rmdir("b" <unfinished ...>')),
  ).toThrow("not understood"));
