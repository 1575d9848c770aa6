import type { PinnedFile } from "@mainstay/executor/ticket";
import type { PinnedScript } from "@mainstay/sdk/resources";
import type { WorkspaceRoot } from "../../kernel/workspace.ts";
import type { RunFile } from "../classify/classify.ts";
import { visible } from "./visible.ts";

/** What a ticket holds; past it a program runs unpinned, and who agrees hears so. */
const PINS = 32;
const HEAD_CHARS = 2_000;

/** Reads a program of a workspace; `files` does it. */
export type ReadProgram = (
  root: WorkspaceRoot,
  path: string,
  head_chars: number,
) => Promise<
  | {
      readonly state: "there";
      readonly sha256: string;
      readonly bytes: number;
      readonly head: string;
    }
  | { readonly state: "unknown"; readonly why: string }
>;

/** The workspace's programs that a command runs, with their bytes of now. */
export interface Pinning {
  readonly pins: readonly PinnedFile[];
  /** Those of `pins` that nothing in the command changes, as a person is shown them. */
  readonly programs: readonly PinnedScript[];
  /** What the command may change before it runs it: the beginning is pinned, not the rest. */
  readonly changing: readonly string[];
  readonly unpinned: readonly { readonly path: string; readonly why: string }[];
}

/** Reads what `runs` names. */
export async function pinningOf(
  root: WorkspaceRoot,
  runs: readonly RunFile[],
  read: ReadProgram,
): Promise<Pinning> {
  const files = await Promise.all(
    runs
      .slice(0, PINS)
      .map(async (file) => ({ file, found: await read(root, file.path, HEAD_CHARS) })),
  );
  const there = files.flatMap(({ file, found }) =>
    found.state === "there" ? [{ file, found }] : [],
  );
  const missing = files.flatMap(({ file: { path }, found }) =>
    found.state === "there" ? [] : [{ path, why: found.why }],
  );
  const past = runs.slice(PINS).map(({ path }) => ({ path, why: `past the first ${PINS}` }));
  return {
    pins: there.map(({ file, found }) => ({
      path: file.path,
      sha256: found.sha256,
      hold: !file.changed,
    })),
    programs: there
      .filter(({ file }) => !file.changed)
      .map(({ file: { path }, found: { sha256, bytes, head } }) => ({
        ...{ path, sha256, bytes },
        head: visible(head),
      })),
    changing: runs.filter(({ changed }) => changed).map(({ path }) => path),
    unpinned: [...missing, ...past],
  };
}

export const nothingPinned: Pinning = { pins: [], programs: [], changing: [], unpinned: [] };

/** Whether every program that runs is held at the bytes that were read. */
export const holdsAll = ({ changing, unpinned }: Pinning): boolean =>
  changing.length === 0 && unpinned.length === 0;

/** The pins as they are kept, and compared: the same text is the same bytes. */
export const pinsText = ({ pins, unpinned }: Pick<Pinning, "pins" | "unpinned">): string =>
  JSON.stringify([...pins, ...unpinned.map(({ path }) => ({ path, sha256: null, hold: false }))]);

/** Which programs are not what they were, by the text of then and of now. */
export function changedPaths(then: string, now: string): string[] {
  const [before, after] = [digestsOf(then), digestsOf(now)];
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path));
}

interface KeptPin {
  readonly path: string;
  readonly sha256: string | null;
}

const digestsOf = (text: string): Map<string, string | null> =>
  new Map((JSON.parse(text) as KeptPin[]).map(({ path, sha256 }) => [path, sha256]));
