import { lstatSync, readlinkSync } from "node:fs";
import { systemFolderOf } from "@mainstay/executor/system-folders";

/** Of a person's home inside of the sandbox. */
export const HOME = "/home/agent";
const LINKS_FOLLOWED = 16;
const PATH_LENGTH = 4096;

/** Where a path leads, followed through the symbolic links that are there now. */
export type Reach =
  | { readonly kind: "inside"; readonly path: string }
  | { readonly kind: "outside"; readonly path: string }
  | { readonly kind: "link_out"; readonly path: string };

/**
 * Follows `path` from `folder` component by component, as the kernel would. What is not there yet
 * is taken as written; a pattern is taken for a name.
 *
 * @param root the workspace, absolute, without `.` and `..`
 */
export function reachOf(path: string, folder: string, root: string): Reach {
  const start = path.startsWith("/") ? path : `${folder}/${path}`;
  if (start.length > PATH_LENGTH) return { kind: "outside", path: "a very long path" };
  if (!isBelow(start, root)) return { kind: "outside", path: normal(start) };
  if (path.startsWith("/") && systemFolderOf(root) !== null)
    return { kind: "outside", path: normal(start) };
  return follow(start.slice(root === "/" ? 1 : root.length), root);
}

function follow(below: string, root: string): Reach {
  const todo = below.split("/").reverse();
  const done: string[] = [];
  let links = 0;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (done.pop() === undefined)
        return { kind: "outside", path: normal(`${root}/../${todo.toReversed().join("/")}`) };
      continue;
    }
    const here = [root, ...done, name].join("/");
    const target = linkTarget(here);
    if (target === null) {
      done.push(name);
      continue;
    }
    if (++links > LINKS_FOLLOWED) return { kind: "link_out", path: here };
    if (!target.startsWith("/")) todo.push(...target.split("/").reverse());
    else if (!isBelow(target, root)) return { kind: "link_out", path: here };
    else {
      done.length = 0;
      todo.push(...target.slice(root.length).split("/").reverse());
    }
  }
  return { kind: "inside", path: [root, ...done].join("/") };
}

function linkTarget(path: string): string | null {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.isSymbolicLink() === true ? readlinkSync(path) : null;
  } catch {
    // Not to be looked at: a name with a NUL, a file taken for a folder. It is taken as written.
    return null;
  }
}

const isBelow = (path: string, root: string): boolean =>
  path === root || path.startsWith(root === "/" ? "/" : `${root}/`);

/** Without `.`, `..` and doubled slashes, by its letters alone. */
export function normal(path: string): string {
  const kept: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") kept.pop();
    else if (name !== "" && name !== ".") kept.push(name);
  }
  return `/${kept.join("/")}`;
}

/** Relative to the workspace, empty for its root; null when the path lies elsewhere. */
export function belowRoot(path: string, root: string): string | null {
  if (path === root) return "";
  return isBelow(path, root) ? path.slice(root === "/" ? 1 : root.length + 1) : null;
}
