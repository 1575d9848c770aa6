import { FileRefused } from "../refused.ts";
import type { Draft } from "./draft.ts";

/** @throws FileRefused where there is nothing to move, or something in the way. */
export function moveFile(draft: Draft, from: string, to: string): void {
  const source = draft.at(from, "take");
  if (source.now === null) throw absent(from);
  const target = draft.at(to, "write");
  if (target.path === source.path) return;
  if (target.now !== null) {
    throw new FileRefused(
      "conflict",
      `${JSON.stringify(to)} exists already; delete it first, or choose another name`,
    );
  }
  draft.move(source.path, target.path);
}

/** @throws FileRefused where there is nothing to delete. */
export function deleteFile(draft: Draft, path: string): void {
  const file = draft.at(path, "take");
  if (file.now === null) throw absent(path);
  draft.remove(file.path);
}

const absent = (path: string) =>
  new FileRefused("absent", `${JSON.stringify(path)} does not exist`);
