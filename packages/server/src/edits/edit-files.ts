import type { Files } from "../files/files.ts";

/** Of the files of a workspace, what edits are done with. */
export type EditFiles = Pick<
  Files,
  "plan" | "planRestore" | "preview" | "apply" | "settle" | "diffOf" | "backups"
>;

export type Backups = EditFiles["backups"];
