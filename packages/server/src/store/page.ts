import { type RawBuilder, type SelectQueryBuilder, sql, type SqlBool } from "kysely";
import { z } from "zod";
import { Refusal } from "../kernel/errors.ts";
import type { Store } from "./store.ts";

const PAGE = 200;
export const LARGEST_PAGE = 500;

/** Which part of a list; without `after` its beginning. */
export interface PageWish {
  /** The `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

export interface Page<Item> {
  readonly items: Item[];
  /** Null where the list ends. */
  readonly next: string | null;
}

type Key = string | number;

/** What rows are ordered by: unique in all, so that a list goes on exactly where its page ended. */
export interface Order<Row> {
  readonly direction: "asc" | "desc";
  readonly columns: readonly RawBuilder<unknown>[];
  /** What `columns` are in a row. */
  readonly keysOf: (row: Row) => Key[];
}

/** @throws Refusal `invalid_request` for an `after` that no page of the list ended with. */
export async function pageOf<DB, TB extends keyof DB, Row>(
  store: Store,
  query: SelectQueryBuilder<DB, TB, Row>,
  { direction, columns, keysOf }: Order<Row>,
  { after, limit = PAGE }: PageWish,
): Promise<Page<Row>> {
  const is_behind = sql.raw(direction === "asc" ? ">" : "<");
  const rest =
    after === undefined
      ? query
      : query.where(
          sql<SqlBool>`(${sql.join(columns)}) ${is_behind} (${sql.join(keysIn(after, columns.length))})`,
        );
  const ordered = columns.reduce((so_far, column) => so_far.orderBy(column, direction), rest);
  const rows = await store.query(ordered.limit(limit + 1));
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const has_more = rows.length > limit && last !== undefined;
  return { items, next: has_more ? cursorOf(keysOf(last)) : null };
}

const Keys = z.array(z.union([z.string(), z.number()]));

const cursorOf = (keys: readonly Key[]): string =>
  Buffer.from(JSON.stringify(keys)).toString("base64url");

function keysIn(cursor: string, count: number): Key[] {
  try {
    const text = Buffer.from(cursor, "base64url").toString();
    return Keys.length(count).parse(JSON.parse(text));
  } catch {
    throw new Refusal("invalid_request", "`after` is the `next` of a page of this very list.");
  }
}
