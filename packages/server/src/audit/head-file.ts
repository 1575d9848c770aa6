import { readFileSync } from "node:fs";
import { AuditHead } from "@mainstay/sdk/audit-trail";

/** The head in a file; null where there is no file, or no head in it. */
export function readHeadFile(path: string): AuditHead | null {
  const text = textOf(path);
  if (text === null) return null;
  try {
    const parsed = AuditHead.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
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
