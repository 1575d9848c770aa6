import type { Store } from "../store/store.ts";
import type { Backups } from "./edit-files.ts";

const MB = 1_048_576;

/** In words: torn edits, what is kept of files as they were, and since when. */
export async function standCheck(
  store: Store,
  backups: Pick<Backups, "usage">,
): Promise<{ readonly ok: boolean; readonly detail: string }> {
  const torn = await store.query(
    store.sql.selectFrom("edit").select("id").where("state", "=", "torn").orderBy("ordinal"),
  );
  const { used_bytes, limit_bytes, kept_since } = await backups.usage();
  const kept =
    `${megabytes(used_bytes)} of ${megabytes(limit_bytes)} kept for undos` +
    (kept_since === null ? "" : `, since ${kept_since}`);
  if (torn.length === 0) return { ok: true, detail: kept };
  const detail = `${torn.length} torn, tried again every minute: see ${torn[0]!.id}; ${kept}`;
  return { ok: false, detail };
}

const megabytes = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;
