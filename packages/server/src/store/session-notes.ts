import { CommandOutcome } from "@mainstay/sdk/commands";
import { editNotes } from "./edit-notes.ts";
import type { Store } from "./store.ts";

/** A session's latest; earlier ones are in the lists of commands and of edits. */
const NOTES = 50;
const COMMAND_CHARS = 200;

/** What happened in a session between its turns: a background command ended, a person changed files. */
export interface Note {
  /** Wall time in milliseconds. */
  readonly at: number;
  /** What it is about: one of the two. */
  readonly command_id: string | null;
  readonly edit_id: string | null;
  readonly text: string;
}

/** The oldest first. */
export async function sessionNotes(store: Store, session_id: string): Promise<Note[]> {
  const notes = await Promise.all([
    commandNotes(store, session_id),
    editNotes(store, session_id, NOTES),
  ]);
  return notes
    .flatMap((newest_first) => newest_first.toReversed())
    .toSorted((one, other) => one.at - other.at)
    .slice(-NOTES);
}

/** The newest first. */
async function commandNotes(store: Store, session_id: string): Promise<Note[]> {
  const rows = await store.query(
    store.sql
      .selectFrom("command")
      .select(["id", "text", "ended_at", "outcome", "tail"])
      .where("session_id", "=", session_id)
      .where("tail", "is not", null)
      .orderBy("ended_at", "desc")
      .limit(NOTES),
  );
  return rows.map(noteOf);
}

interface EndedRow {
  readonly id: string;
  readonly text: string;
  readonly ended_at: number | null;
  readonly outcome: string | null;
  readonly tail: string | null;
}

/** Whoever reads it sees where the command's own words begin: each line of them is marked. */
function noteOf({ id, text, ended_at, outcome, tail }: EndedRow): Note {
  const { summary } = CommandOutcome.parse(JSON.parse(outcome ?? ""));
  const command =
    text.length > COMMAND_CHARS ? `${text.slice(0, COMMAND_CHARS).toWellFormed()}…` : text;
  const printed = (tail ?? "").trimEnd();
  const lines = printed === "" ? [] : ["It printed, at the end:", quoted(printed)];
  return {
    at: ended_at ?? 0,
    command_id: id,
    edit_id: null,
    text: [`The background command ${id} has ended: ${summary}.`, quoted(command), ...lines].join(
      "\n",
    ),
  };
}

const quoted = (text: string): string => text.replaceAll(/^/gm, "> ");
