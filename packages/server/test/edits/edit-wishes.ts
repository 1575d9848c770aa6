import { createHash } from "node:crypto";
import { createTwoFilesPatch } from "diff";
import fc from "fast-check";
import type { Change } from "../../src/files/files.ts";
import { type Tree, withFile } from "./edits-model.ts";

export const paths = ["a.txt", "src/b.txt", "src/deep/c.txt"] as const;
/** Of a new file, in a folder that all may read. */
const FRESH_MODE = 0o644;

const words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"] as const;
const path = fc.constantFrom(...paths);
const word = fc.constantFrom(...words);
export const someLines: fc.Arbitrary<string[]> = fc.array(word, { maxLength: 4 });
const small = fc.nat({ max: 3 });

/** One of the files that are there, mostly; and now and then one that may not be. */
const some = fc.nat({ max: paths.length });
const seldom = fc.nat({ max: 9 }).map((n) => n === 0);

const patchedFile = fc.record({ path, lines: fc.option(someLines, { freq: 4 }) });
const few = { minLength: 1, maxLength: 3, selector: (file: { path: string }) => file.path };

/** What may be wanted of files, whatever they are: some of it is refused. */
export const wish = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("write"), path, lines: someLines }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ kind: fc.constant("replace"), some, line: small, by: word, all: fc.boolean() },
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ kind: fc.constant("lines"), some, first: small, more: fc.nat({ max: 1 }) },
      ...{ lines: someLines, is_stale: seldom },
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("move"), some, to: path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete"), some }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("patch"), files: fc.uniqueArray(patchedFile, few) }),
  },
);
export type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

export const textOf = (lines: readonly string[]): string =>
  lines.map((line) => `${line}\n`).join("");
const linesOf = (text: string): string[] => text.split("\n").slice(0, -1);
const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * The wishes as changes, each on what those before it made, and the files after them; a null tree: one
 * of them is refused, and so all are.
 */
export function wished(
  found: Tree,
  wishes: readonly Wish[],
): { changes: Change[]; tree: Tree | null } {
  const changes: Change[] = [];
  let tree: Tree | null = found;
  for (const one of wishes) {
    const made = make(one, tree, found);
    changes.push(made.change);
    tree = made.tree;
    if (tree === null) break;
  }
  return { changes, tree };
}

function make(wish: Wish, tree: Tree, found: Tree): { change: Change; tree: Tree | null } {
  const put = (path: string, text: string) => withText(tree, found, path, text);
  switch (wish.kind) {
    case "write": {
      const { path, lines } = wish;
      const content = textOf(lines);
      return { change: { kind: "write", path, content }, tree: put(path, content) };
    }
    case "replace": {
      const path = oneOf(tree, wish.some);
      const lines = linesOf(tree.get(path)?.text ?? "");
      const old_text = lines[wish.line % Math.max(1, lines.length)] ?? "alpha";
      const matches = lines.filter((line) => line === old_text).length;
      const is_made = matches === 1 || (wish.all && matches > 0);
      const text = textOf(lines.map((line) => (line === old_text ? wish.by : line)));
      return {
        change: {
          ...{ kind: "replace", path, old_text },
          new_text: wish.by,
          replace_all: wish.all,
        },
        tree: is_made ? put(path, text) : null,
      };
    }
    case "lines": {
      const path = oneOf(tree, wish.some);
      const text = tree.get(path)?.text ?? "";
      const lines = linesOf(text);
      const first = wish.first % Math.max(1, lines.length);
      const [first_line, last_line] = [first + 1, first + 1 + wish.more];
      const is_made = !wish.is_stale && last_line <= lines.length;
      const sha256 = sha256Of(wish.is_stale ? `not ${text}` : text).slice(0, 12);
      const new_text = wish.lines.join("\n");
      const now = lines.toSpliced(first, wish.more + 1, ...wish.lines);
      return {
        change: { kind: "lines", path, first_line, last_line, new_text, sha256 },
        tree: is_made ? put(path, textOf(now)) : null,
      };
    }
    case "move": {
      const path = oneOf(tree, wish.some);
      return { change: { kind: "move", path, to: wish.to }, tree: moved(tree, path, wish.to) };
    }
    case "delete": {
      const path = oneOf(tree, wish.some);
      const is_made = tree.has(path);
      return {
        change: { kind: "delete", path },
        tree: is_made ? withFile(tree, path, null) : null,
      };
    }
    case "patch":
      return patched(wish.files, tree, put);
  }
}

const oneOf = (tree: Tree, some: number): string =>
  [...tree.keys()].toSorted()[some] ?? paths[some % paths.length]!;

/** The mode of a file stays, also where it was deleted and is written again. */
function withText(tree: Tree, found: Tree, path: string, text: string): Tree {
  const { mode } = tree.get(path) ?? found.get(path) ?? { mode: FRESH_MODE };
  return withFile(tree, path, { text, mode });
}

function moved(tree: Tree, from: string, to: string): Tree | null {
  const file = tree.get(from);
  if (file === undefined || (from !== to && tree.has(to))) return null;
  return withFile(withFile(tree, from, null), to, file);
}

/** One file after another, as `diff` writes it for git; what is so already is not in it. */
function patched(
  files: readonly { readonly path: string; readonly lines: string[] | null }[],
  tree: Tree,
  put: (path: string, text: string) => Tree,
): { change: Change; tree: Tree | null } {
  const changed = files
    .map(({ path, lines }) => {
      return { path, before: tree.get(path)?.text ?? null, after: lines && textOf(lines) };
    })
    .filter(({ before, after }) => before !== after);
  const patch = changed.map(({ path, before, after }) =>
    createTwoFilesPatch(
      before === null ? "/dev/null" : `a/${path}`,
      after === null ? "/dev/null" : `b/${path}`,
      before ?? "",
      after ?? "",
    ),
  );
  let next = tree;
  for (const { path, after } of changed) {
    const file = after === null ? null : (put(path, after).get(path) ?? null);
    next = withFile(next, path, file);
  }
  const change = { kind: "patch", patch: patch.join("") } as const;
  return { change, tree: changed.length === 0 ? null : next };
}
