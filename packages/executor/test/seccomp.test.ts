import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  AUDIT_ARCH,
  compileFilter,
  encodeFilter,
  OPCODE,
  VERDICT,
} from "../src/sandbox/seccomp.ts";
import type { Instruction } from "../src/sandbox/seccomp.ts";
import { RULES, type Architecture, type Condition } from "../src/sandbox/seccomp-rules.ts";

interface Call {
  architecture: number;
  number: number;
  arguments: bigint[];
}

/** The kernel's side: interprets a program over one call; missing arguments are 0. */
function judge(program: Instruction[], call: Call, steps: Instruction[] = []): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.number, 0);
  data.writeUInt32LE(call.architecture, 4);
  for (const [at, value] of call.arguments.entries()) data.writeBigUInt64LE(value, 16 + 8 * at);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 1) {
    const { code, jt, jf, k } = program[at]!;
    steps.push(program[at]!);
    if (code === OPCODE.answer) return k;
    if (code === OPCODE.load) accumulator = data.readUInt32LE(k);
    else if (code === OPCODE.jump) at += k;
    else if (code === OPCODE.jump_if_equal) at += accumulator === k ? jt : jf;
    else if (code === OPCODE.jump_if_at_least) at += accumulator >= k ? jt : jf;
    else if (code === OPCODE.jump_if_any_bit) at += (accumulator & k) !== 0 ? jt : jf;
    else throw new Error(`opcode ${code}`);
  }
  throw new Error("the program has no end");
}

/** The rules' own words, read without any program. */
function expected(architecture: Architecture, { number, arguments: given }: Call): number {
  if (architecture === "x64" && number >= 0x40000000) return VERDICT.ENOSYS;
  const low = (argument: number) => Number(BigInt.asUintN(32, given[argument]!));
  const holds = (condition: Condition) => {
    if ("high_has_any" in condition) {
      return ((given[condition.argument]! >> 32n) & BigInt(condition.high_has_any)) !== 0n;
    }
    const value = low(condition.argument);
    if ("equals" in condition) return value === condition.equals;
    if ("none_of" in condition) return !condition.none_of.includes(value);
    return (value & condition.has_any) !== 0;
  };
  const first = RULES.find(
    ({ numbers, when }) => numbers[architecture] === number && when.every(holds),
  );
  return first === undefined ? VERDICT.allow : VERDICT[first.answer];
}

const ARCHITECTURES = ["x64", "arm64"] as const;

test.each(ARCHITECTURES)(
  "%s: the program says what the rules say, for any call",
  (architecture) => {
    const program = compileFilter(RULES, architecture);
    const numbers = RULES.map((rule) => rule.numbers[architecture]).filter((one) => one !== null);
    expect(numbers.length).toBeGreaterThanOrEqual(70);
    const value = fc.oneof(
      fc.constantFrom(0o755n, 0o4755n, 0o2755n, 0o100n, 0o101n, 0o20200000n, 0x5412n, 0x541cn),
      fc.constantFrom(0n, 1n, 2n, 10n, 16n, 17n, 40n, 0x80n, 0x20000n, 0x40000n, 0xffffffffn),
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    );
    const seen = new Set<number>();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constantFrom(...numbers),
          fc.nat(500),
          fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        ),
        fc.array(value, { minLength: 6, maxLength: 6 }),
        (number, args) => {
          const call = { architecture: AUDIT_ARCH[architecture], number, arguments: args };
          const said = judge(program, call);
          seen.add(said);
          expect(said).toBe(expected(architecture, call));
        },
      ),
      { numRuns: 5_000 },
    );
    const { allow, EPERM, ENOSYS, EAFNOSUPPORT } = VERDICT;
    expect(seen).toEqual(new Set([allow, EPERM, ENOSYS, EAFNOSUPPORT]));
  },
);

test("set-id bits are seen in the low word whatever stands above, and only where a file is made", () => {
  const program = compileFilter(RULES, "x64");
  const said = (number: number, ...args: bigint[]) =>
    judge(program, { architecture: AUDIT_ARCH.x64, number, arguments: args });
  expect(said(90, 0n, 0o4755n)).toBe(VERDICT.EPERM);
  expect(said(90, 0n, 0o2755n | (1n << 40n))).toBe(VERDICT.EPERM);
  expect(said(90, 0n, 0o1777n)).toBe(VERDICT.allow);
  expect(said(90, 0n, 0o4755n << 32n)).toBe(VERDICT.allow);
  expect(said(257, 0n, 0n, 0o101n, 0o6755n)).toBe(VERDICT.EPERM);
  expect(said(257, 0n, 0n, 0o2n, 0o6755n)).toBe(VERDICT.allow);
  expect(said(437, 0n, 0n, 0n, 24n)).toBe(VERDICT.ENOSYS);
  expect(said(16, 0n, (1n << 32n) | 0x5412n)).toBe(VERDICT.EPERM);
  expect(said(0x40000000 + 90, 0n, 0o755n)).toBe(VERDICT.ENOSYS);
});

const HIGH = 1n << 32n;

test.each<[what: string, number: number, args: bigint[], said: keyof typeof VERDICT]>([
  ["a Unix socket", 41, [1n, 1n], "allow"],
  ["an IPv6 socket", 41, [10n, 1n], "allow"],
  ["a list of interfaces", 41, [16n, 3n, 0n], "allow"],
  ["netlink to nftables", 41, [16n, 3n, 12n], "EAFNOSUPPORT"],
  ["vsock", 41, [40n, 1n], "EAFNOSUPPORT"],
  ["vsock under a high word", 41, [HIGH | 40n, 1n], "EAFNOSUPPORT"],
  ["a packet socket", 41, [17n, 3n], "EAFNOSUPPORT"],
  ["a pair of AF_ALG", 53, [38n, 1n], "EAFNOSUPPORT"],
  ["a pair of Unix sockets", 53, [1n, 1n], "allow"],
  ["fork", 56, [0x01200011n], "allow"],
  ["a thread", 56, [0x3d0f00n], "allow"],
  ["an exit signal with the bit of CLONE_NEWTIME", 56, [0x80n], "allow"],
  ["fork into a user namespace", 56, [0x10000011n], "EPERM"],
  ["clone3, whose flags nobody can read", 435, [0n, 88n], "ENOSYS"],
  ["unshare of open files", 272, [0x400n], "allow"],
  ["unshare of the network", 272, [0x40000000n], "EPERM"],
  ["unshare of time", 272, [0x80n], "EPERM"],
  ["what personality is it", 135, [0xffffffffn], "allow"],
  ["addresses without chance, for sanitizers", 135, [0x40000n], "allow"],
  ["what is readable may be run", 135, [0x400000n], "EPERM"],
  ["a trace of oneself", 101, [0n], "EPERM"],
  ["a file in memory", 319, [0n], "ENOSYS"],
  ["a database's small segment", 29, [0n, 56n, 0o1600n], "allow"],
  ["a segment that is memory nobody maps", 29, [0n, 0x10000n, 0o1600n], "ENOSYS"],
  ["a segment whose size is in the high word", 29, [0n, HIGH | 56n, 0o1600n], "ENOSYS"],
  ["read", 0, [0n], "allow"],
  ["execve", 59, [0n], "allow"],
])("x86-64: %s", (_, number, args, said) => {
  const call = { architecture: AUDIT_ARCH.x64, number, arguments: args };
  expect(judge(compileFilter(RULES, "x64"), call)).toBe(VERDICT[said]);
});

test("a call that is always allowed is decided by its number alone, in few steps", () => {
  const program = compileFilter(RULES, "x64");
  const constrained = new Set(RULES.map(({ numbers }) => numbers.x64));
  for (let number = 0; number < 500; number += 1) {
    if (constrained.has(number)) continue;
    const steps: Instruction[] = [];
    judge(program, { architecture: AUDIT_ARCH.x64, number, arguments: [] }, steps);
    expect(steps.filter(({ code, k }) => code === OPCODE.load && k >= 16)).toEqual([]);
    expect(steps.length).toBeLessThan(30);
  }
});

test("a call of another architecture is killed, whatever it is", () => {
  for (const architecture of ARCHITECTURES) {
    const program = compileFilter(RULES, architecture);
    for (const foreign of [0x40000003, 0x40000028, AUDIT_ARCH[other(architecture)]]) {
      expect(judge(program, { architecture: foreign, number: 0, arguments: [] })).toBe(
        VERDICT.kill,
      );
    }
  }
});

const other = (architecture: Architecture) => (architecture === "x64" ? "arm64" : "x64");

test("an encoded instruction is code, two jumps and a constant", () => {
  const bytes = encodeFilter([{ code: 0x15, jt: 1, jf: 2, k: 0xc000003e }]);
  expect(bytes.toString("hex")).toBe("150001023e0000c0");
});

test.for([
  ["x64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"],
  ["arm64", "/usr/include/asm-generic/unistd.h"],
] as const)("%s: the calls' numbers are the kernel's own", ([architecture, header], { skip }) => {
  if (!existsSync(header)) return skip(`NOT RUN: there is no ${header}`);
  const numbered = /^#define __NR(?:3264)?_(\w+)\s+(\d+)/gm;
  const found = new Map(
    [...readFileSync(header, "utf8").matchAll(numbered)].map(([, name, nr]) => [name, Number(nr)]),
  );
  expect(found.size).toBeGreaterThan(200);
  for (const { call, numbers } of RULES) {
    // The headers of an older kernel lack its youngest calls.
    if (!found.has(call) && numbers[architecture] !== null) continue;
    expect([call, found.get(call) ?? null]).toEqual([call, numbers[architecture]]);
  }
});
