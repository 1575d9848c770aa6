import { normal, reachOf } from "./operands.ts";

/** Where the shell may be. */
export interface Folders {
  /** Absolute, of which the current one is one; guesses where `unknown`. */
  readonly paths: readonly string[];
  /** Only running the script tells, and whatever it is united with does not tell more. */
  readonly unknown: boolean;
}

const PATHS = 8;
export const NOWHERE_KNOWN: Folders = { paths: [], unknown: true };

export const known = (path: string): Folders => ({ paths: [path], unknown: false });
export const guessed = ({ paths }: Folders): Folders => ({ paths, unknown: true });

/** All places where the shell may be; bounded: too many, or none at all, are unknown. */
export function union(...all: readonly Folders[]): Folders {
  const paths = [...new Set(all.flatMap((one) => one.paths))];
  const is_bounded = paths.length > 0 && paths.length <= PATHS;
  const unknown = !is_bounded || all.some((one) => one.unknown);
  return { paths: paths.slice(0, PATHS), unknown };
}

/** The one folder where the shell is for certain; null where there is none such. */
export const certainFolder = ({ paths, unknown }: Folders): string | null =>
  unknown || paths.length !== 1 ? null : (paths[0] ?? null);

/**
 * Where `cd` leads, also when that is outside. Through a link it is unknown: the shell goes on by the
 * names that led there, programs by the folder itself.
 */
export function foldersAfter(target: string, from: Folders, root: string): Folders {
  const all = from.paths.map((folder) => {
    const reach = reachOf(target, folder, root);
    const plain = normal(target.startsWith("/") ? target : `${folder}/${target}`);
    const is_linked = reach.kind === "inside" && reach.path !== plain;
    return is_linked ? guessed(known(reach.path)) : known(plain);
  });
  return union(from.unknown ? NOWHERE_KNOWN : { paths: [], unknown: false }, ...all);
}
