import { bounds } from "./bounds.ts";
import { readWhole, sha256Of } from "./bytes.ts";
import { FileRefused } from "./refused.ts";
import { atPlace, type Root, withRegular } from "./walk.ts";

/** A program of the workspace, for who must agree to these very bytes; or why it cannot be read. */
export type Program =
  | {
      readonly state: "there";
      readonly sha256: string;
      readonly bytes: number;
      /** The beginning, as text. */
      readonly head: string;
    }
  | { readonly state: "unknown"; readonly why: string };

/** Links below the workspace are followed, as the sandbox would. */
export function programAt(root: Root, path: string, head_chars: number): Program {
  try {
    const found = atPlace(root, path, "read", ({ folder, missing, name }) =>
      missing.length > 0
        ? null
        : withRegular(folder, name, (fd, { size }) => readProgram(fd, size, path, head_chars)),
    );
    return found ?? { state: "unknown", why: "it is not there" };
  } catch (fault) {
    if (!(fault instanceof FileRefused)) throw fault;
    return { state: "unknown", why: fault.message };
  }
}

/** Hash and head are of the same bytes: they are read once. */
function readProgram(fd: number, size: number, path: string, head_chars: number): Program {
  if (size > bounds.program_bytes)
    return { state: "unknown", why: `it has ${size} bytes, too many to be kept track of` };
  const content = readWhole(fd, size, path);
  const head = content.toString("utf8", 0, head_chars * UTF8_BYTES).slice(0, head_chars);
  return {
    state: "there",
    sha256: sha256Of(content),
    bytes: content.length,
    head: head.toWellFormed(),
  };
}

/** The most that one UTF-16 unit takes. */
const UTF8_BYTES = 3;
