import { readFileSync } from "node:fs";
import { AuditHead } from "@mainstay/sdk/audit-trail";

export type HeadFile =
  | { readonly state: "absent" }
  /** It holds something else, or only a part. */
  | { readonly state: "damaged" }
  | { readonly state: "read"; readonly head: AuditHead };

/** @throws the system's error, where there is a file that cannot be read */
export function readHeadFile(path: string): HeadFile {
  const text = textOf(path);
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
    if ((fault as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw fault;
  }
}
