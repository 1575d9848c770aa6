import type { EditedFile } from "@mainstay/sdk/edits";
import { z } from "zod";
import type { EditRecord, FileStep } from "../files/files.ts";

const FileAs = z.object({
  sha256: z.string(),
  size_bytes: z.int(),
  mode: z.int(),
  uid: z.int(),
  gid: z.int(),
});

const Step = z.object({
  path: z.string(),
  before: FileAs.nullable(),
  after: FileAs.nullable(),
  moved_from: z.string().optional(),
});

const Kept = z.object({
  steps: z.array(Step).readonly(),
  folders: z.array(z.string()).readonly(),
});

/** What a row keeps of an edit, beside its id. */
export const recordText = ({ steps, folders }: EditRecord): string =>
  JSON.stringify({ steps, folders } satisfies z.input<typeof Kept>);

export function recordOf(edit_id: string, text: string): EditRecord {
  const { steps, folders } = Kept.parse(JSON.parse(text));
  return { edit_id, steps: steps.map(exactly), folders };
}

const exactly = ({ moved_from, ...step }: z.infer<typeof Step>): FileStep => ({
  ...step,
  ...(moved_from !== undefined && { moved_from }),
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
