/** What became of an edit of the scene, by what is on the disk. */
import { hash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { editIdOf, filesAt, ownerOfFiles, type Scene, type Wanted } from "./scene.ts";

export interface Aftermath {
  /** All of it, nothing of it, or some of it. */
  readonly done: "all" | "nothing" | "half";
  /** Files that are neither as before nor as after: half written, empty, of another mode or owner. */
  readonly broken: readonly string[];
  /** What the edit laid beside the files and did not take away again. */
  readonly leftovers: readonly string[];
  /** Files whose content before the edit is nowhere any more. */
  readonly lost: readonly string[];
}

/** Judges edit `n`. */
export function aftermathOf(scene: Scene, n: number): Aftermath {
  const before = filesAt(n - 1);
  const after = filesAt(n);
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  const stands = paths.map((path) => standingOf(scene, path, before.get(path), after.get(path)));
  const broken = paths.filter((_, i) => stands[i] === "broken");
  const found = new Set(stands);
  const done =
    found.size > 1 || broken.length > 0 ? "half" : found.has("after") ? "all" : "nothing";
  return { done, broken, leftovers: leftoversOf(scene, n, done), lost: lostOf(scene, before) };
}

type Standing = "before" | "after" | "broken";

function standingOf(scene: Scene, path: string, before?: Wanted, after?: Wanted): Standing {
  const file = join(scene.folder, path);
  if (is(file, before)) return "before";
  return is(file, after) ? "after" : "broken";
}

function is(file: string, wanted: Wanted | undefined): boolean {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined || wanted === undefined) return stat === undefined && wanted === undefined;
  const is_owned = stat.uid === ownerOfFiles() && (stat.mode & 0o7777) === wanted.mode;
  return stat.isFile() && is_owned && readFileSync(file).equals(wanted.bytes);
}

function leftoversOf({ folder }: Scene, n: number, done: Aftermath["done"]): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const made = done === "nothing" ? names.filter((name) => name === `made-${n}`) : [];
  return [...names.filter((name) => name.includes(editIdOf(n))), ...made];
}

/** A content is found in any file of the workspace or of the backups. */
function lostOf({ folder, backups }: Scene, before: ReadonlyMap<string, Wanted>): string[] {
  const kept = new Set([...digestsIn(folder), ...digestsIn(backups)]);
  return [...before].flatMap(([path, { bytes }]) =>
    kept.has(hash("sha256", bytes, "hex")) ? [] : [path],
  );
}

function digestsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [hash("sha256", readFileSync(join(entry.parentPath, entry.name)), "hex")] : [],
  );
}

/** What the backups hold damaged: a name there is always whole. */
export function damagedBackups({ backups }: Scene): string[] {
  return readdirSync(backups, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (!entry.isFile() || !/^[0-9a-f]{64}$/.test(entry.name)) return [];
    const content = readFileSync(join(entry.parentPath, entry.name));
    return hash("sha256", content, "hex") === entry.name ? [] : [entry.name];
  });
}
