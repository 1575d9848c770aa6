import { messageOf } from "../kernel/errors.ts";

/** Why a file operation was refused. */
export type FileFault =
  | "malformed"
  | "outside"
  /** The workspace is not the folder that was registered. */
  | "workspace_changed"
  | "absent"
  | "not_a_file"
  | "not_a_folder"
  | "protected"
  | "too_deep"
  | "too_large"
  /** Each file may be edited, but not so many at once. */
  | "too_many"
  | "not_text"
  | "out_of_range"
  | "no_match"
  | "ambiguous"
  | "conflict"
  | "denied"
  | "disk_full"
  | "disk_fault"
  /** Neither all of the edit nor none of it stands; the message says it of each file. */
  | "torn"
  /** What the file was before is not kept any more, or not whole. */
  | "backup_gone"
  /** The folder did not answer in time: what was asked of it may still happen. */
  | "unanswered"
  /** The new content is in place, but the disk did not confirm that it survives a power cut. */
  | "not_durable";

/** A file operation that did not happen. The message is for a model or a person to act on. */
export class FileRefused extends Error {
  readonly fault: FileFault;

  constructor(fault: FileFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FileRefused";
    this.fault = fault;
  }
}

const MEANINGS: Readonly<Record<string, readonly [FileFault, string]>> = {
  ENOENT: ["absent", "it does not exist"],
  EACCES: ["denied", "permission denied"],
  EPERM: ["denied", "the system does not permit it"],
  EROFS: ["denied", "the file system is read-only"],
  ENOSPC: ["disk_full", "no space left on its disk"],
  EDQUOT: ["disk_full", "the quota of its disk is used up"],
  ENOTDIR: ["not_a_folder", "a part of the path is not a folder"],
  EISDIR: ["not_a_file", "it is a folder"],
  ENXIO: ["not_a_file", "it is a socket or a device"],
  ELOOP: ["conflict", "it was replaced by a link meanwhile"],
  ENAMETOOLONG: ["malformed", "a name in it is longer than 255 bytes"],
  EMFILE: ["disk_fault", "the server has too many open files; try again"],
};

export const isErrno = (fault: unknown): fault is NodeJS.ErrnoException & { code: string } =>
  fault instanceof Error && typeof (fault as NodeJS.ErrnoException).code === "string";

/** What the system said about `path`, as a refusal; anything that is no system error stays itself. */
export function refusalOf(path: string, fault: unknown): unknown {
  if (fault instanceof FileRefused || !isErrno(fault)) return fault;
  const [kind] = MEANINGS[fault.code] ?? ["disk_fault"];
  return new FileRefused(kind, `${JSON.stringify(path)}: ${saidOf(fault)}`, { cause: fault });
}

/** The same in words alone: its own message names descriptors. */
export const saidOf = (fault: unknown): string =>
  isErrno(fault)
    ? (MEANINGS[fault.code]?.[1] ?? `the system said ${fault.code}`)
    : messageOf(fault);
