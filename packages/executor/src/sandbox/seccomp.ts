/**
 * Compiles rules into the classic BPF program that bubblewrap gives the kernel (seccomp(2),
 * linux/filter.h): calls of another architecture are killed, calls of the x32 numbering are answered
 * as missing, then the call's rules in their order, found by a binary search over the numbers. What
 * is allowed whatever its arguments is decided by the number alone, so the kernel remembers it.
 */
import type { Architecture, Condition, Rule } from "./seccomp-rules.ts";

/** One `struct sock_filter`; `jt` and `jf` count the instructions to skip. */
export interface Instruction {
  code: number;
  jt: number;
  jf: number;
  k: number;
}

/** What the programs below are made of; each works on the 32-bit accumulator. */
export const OPCODE = {
  load: 0x20,
  jump: 0x05,
  jump_if_equal: 0x15,
  jump_if_at_least: 0x35,
  jump_if_any_bit: 0x45,
  answer: 0x06,
} as const;

/** SECCOMP_RET_*; an errno stands in the low half. */
export const VERDICT = {
  allow: 0x7fff0000,
  kill: 0x80000000,
  EPERM: 0x00050000 | 1,
  ENOSYS: 0x00050000 | 38,
  EAFNOSUPPORT: 0x00050000 | 97,
} as const;

export const AUDIT_ARCH: Record<Architecture, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };

/** Offsets in `struct seccomp_data`; both architectures are little-endian. */
const NUMBER_AT = 0;
const ARCH_AT = 4;
const lowWordAt = (argument: number) => 16 + 8 * argument;
const highWordAt = (argument: number) => lowWordAt(argument) + 4;

const X32_FIRST = 0x40000000;
const INSTRUCTION_BYTES = 8;

export function compileFilter(rules: readonly Rule[], architecture: Architecture): Instruction[] {
  return [
    load(ARCH_AT),
    { code: OPCODE.jump_if_equal, jt: 1, jf: 0, k: AUDIT_ARCH[architecture] },
    answer(VERDICT.kill),
    load(NUMBER_AT),
    ...(architecture === "x64" ? withoutX32() : []),
    ...search(callsOf(rules, architecture)),
  ];
}

function withoutX32(): Instruction[] {
  return [{ code: OPCODE.jump_if_at_least, jt: 0, jf: 1, k: X32_FIRST }, answer(VERDICT.ENOSYS)];
}

/** The rules of one call. */
interface Call {
  number: number;
  rules: Rule[];
}

function callsOf(rules: readonly Rule[], architecture: Architecture): Call[] {
  const of_number = Map.groupBy(rules, ({ numbers }) => numbers[architecture]);
  return [...of_number]
    .flatMap(([number, rules]) => (number === null ? [] : [{ number, rules }]))
    .toSorted((one, other) => one.number - other.number);
}

/** Enters with the call's number in the accumulator and always answers. */
function search(calls: Call[]): Instruction[] {
  const [only] = calls;
  if (only === undefined) return [answer(VERDICT.allow)];
  if (calls.length === 1) return compileCall(only);
  const middle = calls.length >> 1;
  const low = search(calls.slice(0, middle));
  const high = search(calls.slice(middle));
  // A conditional jump reaches 255 instructions, the other any.
  const upwards = { code: OPCODE.jump, jt: 0, jf: 0, k: low.length };
  return [
    { code: OPCODE.jump_if_at_least, jt: 0, jf: 1, k: calls[middle]!.number },
    ...[upwards, ...low, ...high],
  ];
}

function compileCall({ number, rules }: Call): Instruction[] {
  const body = rules.flatMap(compileRule);
  return [
    { code: OPCODE.jump_if_equal, jt: 0, jf: body.length, k: number },
    ...[...body, answer(VERDICT.allow)],
  ];
}

function compileRule({ when, answer: said }: Rule): Instruction[] {
  return when.reduceRight(
    (rest, condition) => [...compileTest(condition, rest.length), ...rest],
    [answer(VERDICT[said])],
  );
}

/** Goes on where the condition holds, else skips what is left of its rule. */
function compileTest(condition: Condition, skip: number): Instruction[] {
  if ("high_has_any" in condition) {
    const { argument, high_has_any: k } = condition;
    return [load(highWordAt(argument)), { code: OPCODE.jump_if_any_bit, jt: 0, jf: skip, k }];
  }
  const loaded = load(lowWordAt(condition.argument));
  if ("none_of" in condition) {
    const { none_of } = condition;
    const tests = none_of.map((k, at) => {
      return { code: OPCODE.jump_if_equal, jt: none_of.length - at - 1 + skip, jf: 0, k };
    });
    return [loaded, ...tests];
  }
  const [code, k] =
    "equals" in condition
      ? [OPCODE.jump_if_equal, condition.equals]
      : [OPCODE.jump_if_any_bit, condition.has_any];
  return [loaded, { code, jt: 0, jf: skip, k }];
}

const load = (k: number): Instruction => ({ code: OPCODE.load, jt: 0, jf: 0, k });
const answer = (k: number): Instruction => ({ code: OPCODE.answer, jt: 0, jf: 0, k });

/** As the kernel wants them, and as `bwrap --seccomp FD` reads them. */
export function encodeFilter(program: Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  for (const [at, { code, jt, jf, k }] of program.entries()) {
    const offset = at * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, offset);
    bytes.writeUInt8(jt, offset + 2);
    bytes.writeUInt8(jf, offset + 3);
    bytes.writeUInt32LE(k, offset + 4);
  }
  return bytes;
}
