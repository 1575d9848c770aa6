import { resolve } from "node:path";
import { bounds } from "./bounds.ts";
import { FileRefused } from "./refused.ts";

/**
 * The names of a path, one by one, without "." and empty ones; ".." stays for the walk to judge.
 * @throws FileRefused when the path is empty, too long, holds a NUL, or is absolute and elsewhere.
 */
export function namesOf(root: string, path: string): string[] {
  if (path === "") throw new FileRefused("malformed", 'the path is empty; the workspace is "."');
  if (path.includes("\0")) throw new FileRefused("malformed", "the path contains a NUL character");
  if (Buffer.byteLength(path) > bounds.path_bytes) {
    throw new FileRefused("malformed", `the path is longer than ${bounds.path_bytes} bytes`);
  }
  if (path === "~" || path.startsWith("~/")) throw elsewhere(path);
  const below = path.startsWith("/") ? belowRoot(root, path) : path;
  if (below === null) throw elsewhere(path);
  return split(below);
}

/** The names of a link's target: relative ones count from the link's folder. */
export function namesOfLink(root: string, path: string, target: string): string[] {
  const below = target.startsWith("/") ? belowRoot(root, target) : target;
  if (below !== null) return split(below);
  throw new FileRefused(
    "outside",
    `${JSON.stringify(path)} goes through a link to ${JSON.stringify(target)}, outside the workspace`,
  );
}

function belowRoot(root: string, path: string): string | null {
  const workspace = resolve(root);
  if (path === workspace) return "";
  return path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : null;
}

const split = (path: string): string[] =>
  path.split("/").filter((name) => name !== "" && name !== ".");

const elsewhere = (path: string) =>
  new FileRefused(
    "outside",
    `${JSON.stringify(path)} is outside the workspace; use a path relative to it, such as "src/a.ts"`,
  );
