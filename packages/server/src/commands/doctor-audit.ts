import { existsSync } from "node:fs";
import { join } from "node:path";
import { faultInWords } from "../audit/audit.ts";
import type { Config } from "../config.ts";
import { messageOf } from "../kernel/errors.ts";
import { migrations } from "../store/migrations/migrations.ts";
import { versionOf } from "../store/migrate.ts";
import { openReader } from "../store/sqlite-connection.ts";
import { auditVerify } from "./audit.ts";
import type { DoctorCheck } from "./doctor.ts";

const MB = 1_048_576;

/** Whether the audit trail stands, how large it has grown, and whether its heads leave the machine. */
export async function auditCheck({ home, audit }: Config): Promise<DoctorCheck[]> {
  const file = join(home, "mainstay.db");
  if (!existsSync(file)) return [];
  const check = { area: "data folder", name: "audit" } as const;
  const fix = "mainstay audit verify says more; keep this copy, and restore a backup";
  try {
    if (!isCurrent(file)) return [];
    const found = await auditVerify({ home, head_file: null, executor: async () => null });
    const { ok, records, bytes, signed, faults } = found;
    const extent = `${records} records (${(bytes / MB).toFixed(1)} MB), signed up to ${signed}`;
    if (!ok) return [{ ...check, ok, detail: `${faultInWords(faults[0]!)}; ${extent}`, fix }];
    return [{ ...check, ok, detail: extent, fix: exportFix(audit) }];
  } catch (fault) {
    return [{ ...check, ok: false, detail: messageOf(fault), fix }];
  }
}

/** Data of another version is for a server to bring to this one. */
function isCurrent(file: string): boolean {
  const db = openReader(file);
  try {
    return versionOf(db) === migrations.length;
  } finally {
    db.close();
  }
}

const exportFix = ({ head_file, webhook }: Config["audit"]): string | null =>
  head_file === null && webhook === null
    ? "set audit.head_file or audit.webhook: only a head off this machine shows what its keeper changed"
    : null;
