import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Snapshot } from "./snapshot.ts";

/** What a workspace held when a command began: one file a command, named by it and by how it goes. */
const Note = z.object({
  root: z.object({ path: z.string(), ino: z.string(), owner_uid: z.int() }),
  snapshot: Snapshot,
});
export type Note = z.infer<typeof Note>;

/** `on`: the command goes on when its call has ended. */
export type Goes = "with its call" | "on";
const ENDING: Record<Goes, string> = { "with its call": ".json", on: ".on.json" };

/** Of commands that nobody came back for. */
const FORGOTTEN_MS = 7 * 24 * 60 * 60 * 1000;

export interface Notes {
  write(command_id: string, goes: Goes, note: Note): void;
  /** Null where nothing was noted. */
  read(command_id: string): Note | null;
  remove(command_id: string): void;
}

export function openNotes(folder: string, now_ms: number): Notes {
  const path = (command_id: string, goes: Goes) => join(folder, command_id + ENDING[goes]);
  const paths = (command_id: string) => [path(command_id, "with its call"), path(command_id, "on")];
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (statSync(file).mtimeMs < now_ms - FORGOTTEN_MS) rmSync(file, { force: true });
  }

  return {
    write(command_id, goes, note) {
      writeFileSync(path(command_id, goes), JSON.stringify(note), { mode: 0o600 });
    },
    read(command_id) {
      const [text] = paths(command_id).flatMap((file) => textIn(file) ?? []);
      return text === undefined ? null : Note.parse(JSON.parse(text));
    },
    remove(command_id) {
      for (const file of paths(command_id)) rmSync(file, { force: true });
    },
  };
}

/** Commands whose call has ended, or will, before they do. */
export function notedAsGoingOn(folder: string): string[] {
  try {
    return readdirSync(folder).flatMap((name) =>
      name.endsWith(ENDING.on) ? [name.slice(0, -ENDING.on.length)] : [],
    );
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fault;
  }
}

function textIn(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw fault;
  }
}
