import { statfsSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { StoreFault } from "../kernel/errors.ts";
import { versionOf } from "./migrate.ts";
import { migrations } from "./migrations/migrations.ts";

const MB = 1_048_576;

/** Where the data is about to be written anew, says so through `notice`. @throws StoreFault without room */
export function prepareRewrite(
  db: DatabaseSync,
  file: string,
  notice: (text: string) => void,
): void {
  const found = versionOf(db);
  const is_rewritten = found > 0 && migrations.slice(found).some(({ rewrites }) => rewrites);
  if (!is_rewritten) return;
  const { size } = statSync(file);
  const { bavail, bsize } = statfsSync(file);
  refuseCramped(file, { size_bytes: size, free_bytes: bavail * bsize });
  notice(
    `bringing ${file} from version ${found} to ${migrations.length}: all of its ` +
      `${Math.ceil(size / MB)} MB are written anew, about half a minute for each GB`,
  );
}

/** Rows that are written anew lie in the log until all are. @throws StoreFault */
export function refuseCramped(
  file: string,
  { size_bytes, free_bytes }: { readonly size_bytes: number; readonly free_bytes: number },
): void {
  if (free_bytes >= size_bytes) return;
  throw new StoreFault(
    `${file} is of an earlier version, and bringing it to this one takes ` +
      `${Math.ceil(size_bytes / MB)} MB of free disk for a while; there are ` +
      `${Math.floor(free_bytes / MB)} MB. Nothing was changed: free some, then start again`,
    { cause_kind: "disk_full" },
  );
}
