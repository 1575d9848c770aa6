import type { Store } from "../store/store.ts";
import type { Pruner } from "./pruner.ts";

const MB = 1_048_576;

/** In words: torn edits, what is kept of files as they were, and since when. */
export async function standCheck(
  store: Store,
  pruner: Pick<Pruner, "kept">,
): Promise<{ readonly ok: boolean; readonly detail: string }> {
  const torn = await store.query(
    store.sql.selectFrom("edit").select("id").where("state", "=", "torn").orderBy("ordinal"),
  );
  const kept = inWords(pruner.kept());
  if (torn.length === 0) return { ok: true, detail: kept };
  const detail = `${torn.length} torn, tried again every minute: see ${torn[0]!.id}; ${kept}`;
  return { ok: false, detail };
}

function inWords(found: ReturnType<Pruner["kept"]>): string {
  if (found === null) return "what is kept for undos is not counted yet";
  const { used_bytes, limit_bytes, kept_since } = found;
  const since = kept_since === null ? "" : `, since ${kept_since}`;
  return `${megabytes(used_bytes)} of ${megabytes(limit_bytes)} kept for undos${since}`;
}

const megabytes = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;
