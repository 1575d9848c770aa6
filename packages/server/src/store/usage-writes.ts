import type { Bill } from "../kernel/model.ts";
import type { Statement, Store } from "./store.ts";

/** An attempt that took something, and of whom. */
export interface Billed {
  readonly provider: string;
  readonly model: string;
  readonly bill: Bill;
}

/** What goes with the event that ends an attempt: the same batch, so that nothing is billed twice or not at all. */
export function billWrites(
  _store: Store,
  _billed: Billed & { readonly person_id: string; readonly at: number },
): Statement[] {
  return [];
}
