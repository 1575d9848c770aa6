/**
 * Compiles rules into the classic BPF program that bubblewrap gives the kernel (seccomp(2),
 * linux/filter.h): calls of another architecture are killed, calls of the x32 numbering are answered
 * as missing, then the rules in their order.
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
} as const;

export const AUDIT_ARCH: Record<Architecture, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };

/** Offsets in `struct seccomp_data`; both architectures are little-endian. */
const NUMBER_AT = 0;
const ARCH_AT = 4;
const lowWordAt = (argument: number) => 16 + 8 * argument;

const X32_FIRST = 0x40000000;
const INSTRUCTION_BYTES = 8;

export function compileFilter(rules: readonly Rule[], architecture: Architecture): Instruction[] {
  return [
    load(ARCH_AT),
    { code: OPCODE.jump_if_equal, jt: 1, jf: 0, k: AUDIT_ARCH[architecture] },
    answer(VERDICT.kill),
    load(NUMBER_AT),
    ...(architecture === "x64" ? withoutX32() : []),
    ...rules.flatMap((rule) => compileRule(rule, rule.numbers[architecture])),
    answer(VERDICT.allow),
  ];
}

function withoutX32(): Instruction[] {
  return [{ code: OPCODE.jump_if_at_least, jt: 0, jf: 1, k: X32_FIRST }, answer(VERDICT.ENOSYS)];
}

/** Enters and leaves with the call's number in the accumulator. */
function compileRule(rule: Rule, number: number | null): Instruction[] {
  if (number === null) return [];
  const { when } = rule;
  const tests = when.flatMap((condition, at) => {
    const skip = 2 * (when.length - at - 1) + 1;
    return [load(lowWordAt(condition.argument)), compileTest(condition, skip)];
  });
  const restore = when.length === 0 ? [] : [load(NUMBER_AT)];
  const body = [...tests, answer(VERDICT[rule.answer]), ...restore];
  return [{ code: OPCODE.jump_if_equal, jt: 0, jf: body.length, k: number }, ...body];
}

/** Goes on where the condition holds, else skips what is left of its rule. */
function compileTest(condition: Condition, skip: number): Instruction {
  if ("equals" in condition) {
    return { code: OPCODE.jump_if_equal, jt: 0, jf: skip, k: condition.equals };
  }
  return { code: OPCODE.jump_if_any_bit, jt: 0, jf: skip, k: condition.has_any };
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
