import { ChainRecord } from "@mainstay/executor/chain-record";
import { readChain } from "@mainstay/executor/read-chain";
import { z } from "zod";
import { type AuditVerdict, readHeadFile, verifyAudit } from "../audit/audit.ts";

export type { AuditVerdict } from "../audit/audit.ts";

export interface AuditVerification {
  readonly home: string;
  /** A head that was kept elsewhere, as `mainstay audit head` prints it; null without one. */
  readonly head_file: string | null;
  /** A page of the executor's chain after a number, from a running server; null where none has it. */
  readonly executor: (after: number) => Promise<unknown[] | null>;
}

/** So many at once that opening the ledger for each slice costs nothing to speak of. */
const LEDGER_SLICE = 10_000;

/**
 * `mainstay audit verify`: reads the trail of a data folder, with a server at work on it or without.
 *
 * @throws Error where `head_file` holds no head
 */
export async function auditVerify(wish: AuditVerification): Promise<AuditVerdict> {
  const { home, head_file } = wish;
  return await verifyAudit({
    home,
    head: head_file === null ? null : headIn(head_file),
    async executor(after) {
      const told = await wish.executor(after);
      return told === null
        ? readChain(home, after, LEDGER_SLICE)
        : z.array(ChainRecord).parse(told);
    },
  });
}

function headIn(path: string) {
  const file = readHeadFile(path);
  if (file.state === "read") return file.head;
  const why = file.state === "absent" ? "there is no such file" : "it holds no head";
  throw new Error(`${path}: ${why}; fix: a file that \`mainstay audit head\` wrote`);
}
