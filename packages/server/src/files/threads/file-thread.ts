import { systemClock } from "@mainstay/sdk/clock";
import { limits } from "../../kernel/limits.ts";
import { searchBounds } from "../bounds.ts";
import { digestOf } from "../digest.ts";
import { listFolder } from "../list-folder.ts";
import { programAt } from "../program.ts";
import { readWindow } from "../read-window.ts";
import { searchReport } from "../search-report.ts";
import { searchText, type TextQuery } from "../search-text.ts";
import type { Root } from "../walk.ts";
import type { Wish } from "./pool.ts";
import { serve } from "./serve.ts";

/** Kept free of matches for the notes on them. */
const NOTE_CHARS = 500;

/** What is done in a thread, and under which name it is asked for. */
const work = {
  read: readWindow,
  list: listFolder,
  digest: digestOf,
  program: programAt,
  /** Who asked sets the flag when it is not wanted any more. */
  search: (root: Root, query: TextQuery, unwanted: Int32Array) => {
    const isUnwanted = () => Atomics.load(unwanted, 0) !== 0;
    const found = searchText(root, query, searchBounds, systemClock, isUnwanted);
    return searchReport(found, limits.tool_result_chars - NOTE_CHARS);
  },
};
export type Work = typeof work;

serve<Wish, unknown>(() => ({ name, given }) => {
  const run = work[name] as (...given: readonly unknown[]) => unknown;
  return [run(...given)];
});
