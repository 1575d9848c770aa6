import type { ModelMessage } from "../kernel/model.ts";
import type { Journal } from "../store/journal.ts";
import type { Store } from "../store/store.ts";
import { transcript } from "./transcript.ts";

/** Earlier turns that can matter; older ones would not fit the token budget anyway. */
const EARLIER_TURNS = 30;

export interface Memory {
  /** What was said in the session before this turn, oldest first. */
  before(session_id: string, turn_id: string): Promise<ModelMessage[]>;
}

export function createMemory(store: Store, journal: Journal): Memory {
  return {
    async before(session_id, turn_id) {
      const rows = await store.query(
        store.sql
          .selectFrom("turn")
          .select("id")
          .where("session_id", "=", session_id)
          .where("settled_at", "is not", null)
          .where("ordinal", "<", (of) =>
            of.selectFrom("turn").select("ordinal").where("id", "=", turn_id),
          )
          .orderBy("ordinal", "desc")
          .limit(EARLIER_TURNS),
      );
      const ids = rows.map((row) => row.id).reverse();
      const journals = await journal.readMany(ids);
      return ids.flatMap((id) => transcript(journals.get(id) ?? []));
    },
  };
}
