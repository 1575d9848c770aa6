import { type KeptEdit, keptIn } from "./edit-record.ts";
import type { Note } from "./session-notes.ts";
import type { Store } from "./store.ts";

/** Files named in one note. */
const NAMED = 20;

/** What persons did to the files of a session, between its turns; the newest first. */
export async function editNotes(store: Store, session_id: string, limit: number): Promise<Note[]> {
  const rows = await store.query(
    store.sql
      .selectFrom("edit")
      .select(["id", "origin", "intent", "record", "ended_at"])
      .where("session_id", "=", session_id)
      .where("origin", "in", ["undo", "offer"])
      .where("state", "=", "applied")
      .orderBy("ordinal", "desc")
      .limit(limit),
  );
  return rows.map(({ id, intent, record, ended_at }) => ({
    ...{ at: ended_at ?? 0, command_id: null, edit_id: id },
    text: [
      `A person changed files: ${intent}.`,
      filesOf(keptIn(record).steps),
      "What you know of these files is out of date; read them before you change them again.",
    ].join("\n"),
  }));
}

function filesOf(steps: KeptEdit["steps"]): string {
  if (steps.length === 0) return "They had put them back as they were already.";
  const named = steps.slice(0, NAMED).map(inWords);
  const more = steps.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}

/** A path may hold anything, line breaks too. */
const inWords = ({ path, before, after }: KeptEdit["steps"][number]): string =>
  `${JSON.stringify(path)} was ${after === null ? "removed" : before === null ? "made" : "changed"}`;
