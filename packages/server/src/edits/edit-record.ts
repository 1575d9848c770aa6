import type { EditedFile } from "@mainstay/sdk/edits";
import type { EditRecord, FileStep } from "../files/files.ts";
import { keptIn } from "../store/edit-record.ts";

export const recordOf = (edit_id: string, text: string): EditRecord => ({
  edit_id,
  ...keptIn(text),
});

/** The files of a row. */
export const filesOnRecord = (edit_id: string, text: string): EditedFile[] =>
  editedFiles(recordOf(edit_id, text).steps);

/** As people and journals are told: whom files belong to stays here. */
export const editedFiles = (steps: readonly FileStep[]): EditedFile[] =>
  steps.map(({ path, before, after, moved_from }) => ({
    path,
    before: state(before),
    after: state(after),
    ...(moved_from !== undefined && { moved_from }),
  }));

const state = (file: FileStep["before"]): EditedFile["before"] =>
  file && { sha256: file.sha256, size_bytes: file.size_bytes, mode: file.mode };
