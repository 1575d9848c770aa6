import type { Field } from "../words.ts";
import { repositoryDoubt } from "./git-config.ts";
import { needsNetwork, NEEDS_NETWORK } from "./network-needs.ts";
import { type Allowed, doubtOf, type PathDoubt } from "./options.ts";
import type { Scope, Walk } from "../scope.ts";

const PRINT =
  "-p -u -U: -s -z -a -b -w -R -M= -C= -B= -D --patch --no-patch --unified: --raw --patch-with-raw " +
  "--minimal --patience --histogram --diff-algorithm: --stat= --compact-summary --numstat " +
  "--shortstat --dirstat= --summary --name-only --name-status --submodule= --color= --no-color " +
  "--color-moved= --word-diff= --word-diff-regex: --color-words= --no-renames --check --full-index " +
  "--binary --abbrev= --find-renames= --find-copies= --diff-filter: -S: -G: --pickaxe-all " +
  "--pickaxe-regex --text --ignore-space-change --ignore-all-space --ignore-blank-lines " +
  "--ignore-cr-at-eol --ignore-space-at-eol --inter-hunk-context: --function-context -W --exit-code " +
  "--quiet --no-ext-diff --no-textconv --ignore-submodules= --relative= --cc -c --combined-all-paths " +
  "--no-prefix --src-prefix: --dst-prefix: --line-prefix: --indent-heuristic --merge-base";
const SELECT =
  "-n: -# -i -E -F -P -g -t -m -L: --max-count: --skip: --since: --after: --until: --before: " +
  "--author: --committer: --grep: --all-match --invert-grep --regexp-ignore-case --merges " +
  "--no-merges --first-parent --all --branches= --tags= --remotes= --glob= --exclude: --not " +
  "--reverse --date-order --author-date-order --topo-order --oneline --pretty= --format: --graph " +
  "--decorate= --no-decorate --decorate-refs: --date: --relative-date --abbrev-commit " +
  "--no-abbrev-commit --follow --full-history --simplify-merges --ancestry-path --cherry-pick " +
  "--cherry-mark --cherry --left-right --left-only --right-only --source --no-walk= --walk-reflogs " +
  "--show-pulls --full-diff --log-size --boundary --children --parents --no-notes --notes= " +
  "--no-mailmap --use-mailmap --clear-decorations";
const HELP = "-h";

const git = (options: string, operands: Allowed["operands"] = "paths"): Allowed => ({
  ...{ options: `${options} ${HELP}`, operands, value: valueDoubt },
});

/** `%G…`, `%+G…` and `signature` run gpg. */
function valueDoubt(option: string, value: string): string | null {
  return /^--(?:format|pretty)$/.test(option) && /%[-+ ]?G|signature|^(?!.*%)[a-z]*:.*G/.test(value)
    ? "the format verifies signatures, which runs a program"
    : null;
}

/** Subcommands that only read; operands are revisions or paths, judged as paths. */
const subcommands: Readonly<Record<string, Allowed>> = {
  status: git(
    "-s -b -u= -v -z --short --branch --show-stash --porcelain= --long --verbose --no-renames " +
      "--untracked-files= --ignored= --ignore-submodules= --column= --no-column --ahead-behind " +
      "--no-ahead-behind --renames --find-renames=",
  ),
  log: git(`${PRINT} ${SELECT}`),
  show: git(`${PRINT} ${SELECT}`),
  diff: git(`${PRINT} --cached --staged -1 -2 -3 -0 --base --ours --theirs`),
  "diff-tree": git(`${PRINT} -r -t --root --no-commit-id --stdin -m`),
  "diff-index": git(`${PRINT} --cached`),
  "diff-files": git(PRINT),
  whatchanged: git(`${PRINT} ${SELECT}`),
  shortlog: git(
    `-n -s -e -c -w= --numbered --summary --email --group: --committer ${SELECT.replace("-n: ", "")}`,
  ),
  "rev-list": git(
    `${SELECT} --count --objects --disk-usage= --no-object-names --header --quiet --max-parents: --min-parents:`,
  ),
  "rev-parse": git(
    "-q --verify --short= --abbrev-ref= --symbolic --symbolic-full-name --show-toplevel --git-dir " +
      "--absolute-git-dir --git-common-dir --is-inside-work-tree --is-inside-git-dir " +
      "--is-bare-repository --is-shallow-repository --show-prefix --show-cdup --show-superproject-working-tree " +
      "--all --branches --tags --remotes --quiet --revs-only --no-revs --flags --no-flags --not " +
      "--show-object-format= --git-path: --sq --default: --since: --until: --path-format:",
  ),
  "ls-files": git(
    "-c -d -m -o -i -s -u -k -z -t -v -x: -X@ --cached --deleted --modified --others --ignored " +
      "--stage --unmerged --killed --exclude: --exclude-from@ --eol " +
      "--exclude-standard --error-unmatch --full-name --abbrev= --directory --no-empty-directory " +
      "--debug --deduplicate --format: --recurse-submodules",
  ),
  "ls-tree": git(
    "-d -r -t -l -z --long --name-only --name-status --object-only --full-name --full-tree --abbrev= --format:",
  ),
  "cat-file": git("-t -s -e -p --batch= --batch-check= --batch-all-objects --unordered --buffer"),
  blame: git(
    "-b -c -e -f -l -L: -M= -C= -n -p -s -t -w -S@ --root --line-porcelain --porcelain --incremental " +
      "--date: --score-debug --show-email --show-name --show-number --show-stats --reverse " +
      "--first-parent --abbrev: --ignore-rev: --no-progress --color-lines --color-by-age",
  ),
  annotate: git("-l -t -L:"),
  describe: git(
    "--all --tags --contains --abbrev= --candidates: --exact-match --long --match: --exclude: " +
      "--always --first-parent",
  ),
  "name-rev": git("--tags --name-only --refs: --all --always --no-undefined --exclude:"),
  "merge-base": git("-a --all --octopus --independent --is-ancestor --fork-point"),
  "show-ref": git(
    "-d -s -q --head --heads --branches --tags --verify --hash= --abbrev= --dereference --quiet --exists",
  ),
  "for-each-ref": git(
    "-s -p --count: --sort: --format: --points-at: --merged= --no-merged= --contains= --no-contains= --ignore-case --exclude:",
  ),
  "show-branch": git(
    "-a -r --all --remotes --current --topo-order --date-order --sparse --list --no-name --sha1-name",
  ),
  "count-objects": git("-v -H --verbose --human-readable", "none"),
  "check-ignore": git("-q -v -z -n --quiet --verbose --non-matching --no-index"),
  "check-attr": git("-a -z --all --cached"),
  "check-ref-format": git("--branch --allow-onelevel --normalize"),
  cherry: git("-v --abbrev="),
  "range-diff": git(`${PRINT} --creation-factor: --left-only --right-only`),
  grep: {
    options:
      "-a -i -I -v -w -h -H -l -L -c -n -o -q -z -r -E -G -P -F -p -W -e:! -f@! -A: -B: -C: -m: -# " +
      "--text --ignore-case --invert-match --word-regexp --full-name --extended-regexp " +
      "--basic-regexp --perl-regexp --fixed-strings --line-number --column --files-with-matches " +
      "--name-only --files-without-match --null --only-matching --count --color= --no-color --break " +
      "--heading --show-function --function-context --after-context: --before-context: --context: " +
      "--and --or --not --all-match --quiet --cached --untracked --no-textconv --max-depth: " +
      "--recursive --no-recursive --threads: --max-count: --exclude-standard --no-exclude-standard",
    operands: "pattern, then paths",
  },
  branch: {
    options:
      "-a -r -v -vv -l -i --all --remotes --verbose --list --show-current --contains= --no-contains= " +
      "--merged= --no-merged= --sort: --points-at: --format: --column= --no-column --color= " +
      "--no-color --abbrev= --no-abbrev --ignore-case",
    operands: "text",
    value: valueDoubt,
  },
  tag: {
    options:
      "-l -n= -i --list --contains= --no-contains= --merged= --no-merged= --points-at: --sort: " +
      "--format: --column= --no-column --color= --ignore-case",
    operands: "text",
    value: valueDoubt,
  },
  config: {
    options:
      "-l -z --list --get --get-all --get-regexp --get-urlmatch --show-origin --show-scope " +
      "--name-only --null --local --global --system --worktree --includes --no-includes --bool --int " +
      "--bool-or-int --path --type: --default:",
    operands: "text",
  },
  version: git("--build-options", "none"),
  var: git("-l", "text"),
};

/** Which of them need a flag before an operand only reads. */
const LISTS: Readonly<Record<string, RegExp>> = {
  branch: /^(?:-l|--list|--contains|--no-contains|--merged|--no-merged|--points-at)(?:=|$)/,
  tag: /^(?:-l|--list|-n\d*|--contains|--no-contains|--merged|--no-merged|--points-at)(?:=|$)/,
};
/** Subcommands with a subcommand of their own that reads; the rest of the words are its operands. */
const NESTED: Readonly<Record<string, Readonly<Record<string, Allowed>>>> = {
  remote: { "": git("-v --verbose", "none"), "get-url": git("--all --push") },
  stash: {
    list: git(`${PRINT} ${SELECT}`),
    show: git(`${PRINT} --include-untracked --only-untracked`),
  },
  reflog: { "": git(`${PRINT} ${SELECT}`), show: git(`${PRINT} ${SELECT}`), exists: git("") },
  worktree: { list: git("-v -z --porcelain --verbose", "none") },
  notes: { list: git(""), show: git("") },
  bisect: { log: git("", "none") },
  "symbolic-ref": { "": git("-q --short --quiet --no-recurse") },
};
const BEFORE = new Set([
  "--no-pager",
  "-P",
  "--no-optional-locks",
  "--literal-pathspecs",
  "--no-replace-objects",
]);

/**
 * Why a call of git may do more than read; null when it does not. It holds only in a sandbox that
 * hardens git: no optional locks, no refresh of the index by `diff`, no fsmonitor, `cat` as pager.
 */
export function gitDoubt(
  args: readonly Field[],
  { scope, walk, pathDoubt }: { scope: Scope; walk: Walk; pathDoubt: PathDoubt },
): string | null {
  const at = args.findIndex(({ text }) => !BEFORE.has(text));
  const [named, ...rest] = at === -1 ? [] : args.slice(at);
  if (named === undefined) return null;
  const { text: name } = named;
  if (named.unknown || named.glob) return "which git command it is, only running it tells";
  if (name === "--version" && rest.length === 0) return null;
  if (name.startsWith("-")) return `git ${name} may change what git reads or runs`;
  const doubt = subcommandDoubt(name, rest, pathDoubt);
  return doubt ?? repositoryDoubt(scope.folders, walk.root);
}

function subcommandDoubt(
  name: string,
  args: readonly Field[],
  pathDoubt: PathDoubt,
): string | null {
  const nested = Object.hasOwn(NESTED, name) ? NESTED[name] : undefined;
  if (nested !== undefined) return nestedDoubt(name, nested, args, pathDoubt);
  const allowed = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (needsNetwork("git", [name])) return `git ${name} ${NEEDS_NETWORK}`;
  if (allowed === undefined) return `git ${name} may change something, or run another program`;
  const words = args.map(({ text }) => text);
  const operands = words.filter((word) => !word.startsWith("-"));
  const lists = LISTS[name];
  if (lists !== undefined && operands.length > 0 && !words.some((word) => lists.test(word)))
    return `git ${name} with a name makes one`;
  if (name === "config") {
    const doubt = configDoubt(words, operands);
    if (doubt !== null) return doubt;
  }
  return doubtOf(`git ${name}`, args, allowed, pathDoubt);
}

function configDoubt(words: readonly string[], operands: readonly string[]): string | null {
  const reads = words.some((word) =>
    /^(?:-l|--list|--get|--get-all|--get-regexp|--get-urlmatch)$/.test(word),
  );
  if (reads) return null;
  const [key = "", ...more] = operands;
  return more.length === 0 && key.includes(".") ? null : "git config changes settings";
}

function nestedDoubt(
  name: string,
  nested: Readonly<Record<string, Allowed>>,
  args: readonly Field[],
  pathDoubt: PathDoubt,
): string | null {
  const [first, ...rest] = args;
  const own =
    first !== undefined && Object.hasOwn(nested, first.text) ? nested[first.text] : undefined;
  if (own !== undefined) return doubtOf(`git ${name}`, rest, own, pathDoubt);
  const plain = nested[""];
  if (plain === undefined) return `git ${name} may change something`;
  const operands = args.filter(({ text }) => !text.startsWith("-"));
  const writes =
    name === "symbolic-ref"
      ? operands.length > 1
      : /^(?:expire|delete|drop|write)$/.test(operands[0]?.text ?? "");
  if (writes) return `git ${name} changes something`;
  return doubtOf(`git ${name}`, args, plain, pathDoubt);
}
