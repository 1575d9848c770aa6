import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { AuditHead } from "@mainstay/sdk/audit-trail";

export type HeadFile =
  | { readonly state: "absent" }
  /** It holds something else, or only a part. */
  | { readonly state: "damaged" }
  | { readonly state: "read"; readonly head: AuditHead };

/** @throws the system's error, where there is a file that cannot be read */
export const readHeadFile = (path: string): HeadFile => headIn(textOf(path));

/** As `readHeadFile`, of a place that may take its time. */
export const openHeadFile = async (path: string): Promise<HeadFile> =>
  headIn(await readFile(path, "utf8").catch(nullWhereAbsent));

function headIn(text: string | null): HeadFile {
  if (text === null) return { state: "absent" };
  try {
    return { state: "read", head: AuditHead.parse(JSON.parse(text)) };
  } catch {
    return { state: "damaged" };
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (fault) {
    return nullWhereAbsent(fault);
  }
}

function nullWhereAbsent(fault: unknown): null {
  if ((fault as NodeJS.ErrnoException).code === "ENOENT") return null;
  throw fault;
}
