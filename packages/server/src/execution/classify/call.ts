import { dangersOf } from "./danger/danger.ts";
import { noteDownloads } from "./downloads.ts";
import { outputOf, talksToNetwork } from "./flows.ts";
import {
  certainFolder,
  type Folders,
  foldersAfter,
  guessed,
  NOWHERE_KNOWN,
  union,
} from "./folders.ts";
import { belowRoot, HOME } from "./operands.ts";
import { doubtOfProgram, isStateful } from "./programs/programs.ts";
import { filesRun } from "./runs.ts";
import { filesOfScript, listedScript } from "./script-lists.ts";
import { apart, type Outcome, type Scope, staying, UNKNOWN_FLOW, type Walk } from "./scope.ts";
import { listingDoubt, pathDoubtAt, UNKNOWN_FOLDER } from "./paths.ts";
import { isPlainName, UNKNOWN_VALUE } from "./variables.ts";
import type { Field } from "./words.ts";
import { type Inner, unwrap } from "./wrappers.ts";

/** A simple command after its expansions. */
export interface Call {
  readonly prefix: readonly { readonly name: string; readonly field: Field }[];
  readonly words: readonly Field[];
  /** From its expansions. */
  readonly doubts: { readonly reason: string; readonly part: string }[];
  /** From its redirections. */
  readonly writes: string | null;
  readonly stdin: Scope["stdin"];
  readonly targets: readonly Field[];
  readonly has_name: boolean;
}

/** The ways back to simple commands. */
export interface Walkers {
  walkFields(words: readonly Field[], scope: Scope, walk: Walk): Outcome;
  walkBody(name: string, args: readonly Field[], scope: Scope, walk: Walk): Outcome;
}

const SYSTEM_PROGRAM = /^\/(?:usr\/(?:local\/)?)?s?bin\/([^/]+)$/;

/** Judges one command, and what it would run in turn. */
export function walkCall(call: Call, outer: Scope, walk: Walk, walkers: Walkers): Outcome {
  const scope: Scope = { ...outer, stdin: call.stdin };
  const part = call.words.map((word) => word.written).join(" ");
  if (call.words.length === 0 && !call.has_name) return assignOnly(call, scope, walk);

  const [named, ...args] = call.words;
  const name = named === undefined ? "" : (SYSTEM_PROGRAM.exec(named.text)?.[1] ?? named.text);
  for (const reason of dangersOf({ name, args, call, scope, walk }))
    walk.findings.add("blocked", reason, part);

  const reasons = reasonsToAsk(call, named, name, args, scope, walk);
  if (!scope.dangers_only) for (const reason of reasons) walk.findings.add("ask", reason, part);
  if (reasons.length > 0) note(call, name, scope, walk);

  const inner: Scope = { ...scope, nested: true, certain: false };
  const outcomes = unwrap(name, args, scope).map((one) => walkInner(one, inner, walk, walkers));
  if (scope.functions.has(name)) outcomes.push(walkers.walkBody(name, args, inner, walk));
  noteDownloads(name, args, call, scope, walk);
  walk.connected ||= name === "exec" && call.stdin?.network === true;
  return outcomeOf(name, args, scope, walk, outcomes);
}

function walkInner(inner: Inner, scope: Scope, walk: Walk, walkers: Walkers): Outcome {
  // What is only guessed defines nothing for what comes after it.
  const from = inner.is_guess === true ? { ...apart(scope), dangers_only: true } : scope;
  const at: Scope = { ...from, stdin: inner.stdin ?? scope.stdin };
  if (inner.kind === "script") return walk.into.script(inner.text, at, walk);
  return walkers.walkFields(inner.words, at, walk);
}

function outcomeOf(
  name: string,
  args: readonly Field[],
  scope: Scope,
  walk: Walk,
  inner: readonly Outcome[],
): Outcome {
  const output = outputOf(name, args, scope, walk);
  const network = output.network || inner.some((one) => one.output.network);
  const outcome: Outcome = {
    ...staying(scope, { ...output, network }),
    is_shell: (SHELL_NAMES.has(name) && takesCommands(args)) || inner.some((one) => one.is_shell),
    talks: talksToNetwork(name, args) || inner.some((one) => one.talks),
  };
  if (name === "read") remember(args, scope);
  if (name === "cd" || name === "pushd") return { ...outcome, done: moved(args, scope, walk) };
  const may_move = MAY_MOVE.has(name) || (name === "command" && inner.length > 0);
  if (!may_move && !scope.functions.has(name)) return outcome;
  const folders = guessed(union(scope.folders, ...inner.flatMap((one) => [one.done, one.failed])));
  return { ...outcome, done: folders, failed: folders };
}

/** What runs in the shell itself, and so may leave it elsewhere. */
const MAY_MOVE: ReadonlySet<string> = new Set([
  ...["popd", "eval", "source", ".", "builtin", "trap", "alias"],
]);

/** By `cd` or `pushd`; with an option it may be by other rules than those that are read here. */
function moved(args: readonly Field[], scope: Scope, walk: Walk): Folders {
  const [target, ...more] = args.filter(({ text }) => !/^-[-LPe@]+$/.test(text));
  const { text, unknown, glob } = target ?? { text: HOME, unknown: false, glob: false };
  if (unknown || glob || /^[-+]/.test(text)) return NOWHERE_KNOWN;
  const folders = foldersAfter(text, scope.folders, walk.root);
  const is_plain = more.length === 0 && args.length < 2 && text !== "";
  return is_plain ? folders : guessed(folders);
}

const SHELL_NAMES: ReadonlySet<string> = new Set([
  "sh",
  "bash",
  "dash",
  "zsh",
  "ksh",
  "ash",
  "fish",
]);

/** Not those that run a file or a text. */
const takesCommands = (args: readonly Field[]): boolean =>
  args.every(({ text }) => /^-(?!.*c)/.test(text)) ||
  args.some(({ text }) => /^-[a-z]*i/.test(text));

function remember(args: readonly Field[], scope: Scope): void {
  const network = scope.stdin?.network === true;
  for (const { text } of args)
    if (isPlainName(text)) scope.variables.set(text, { ...UNKNOWN_VALUE, network });
  scope.variables.set("REPLY", { ...UNKNOWN_VALUE, network });
}

/** Variables of the script itself; what every other program looks at is not for it to set. */
function assignOnly(call: Call, scope: Scope, walk: Walk): Outcome {
  const part = call.prefix.map(({ name, field }) => `${name}=${field.written}`).join(" ");
  const reasons = [
    ...call.doubts.map((doubt) => doubt.reason),
    ...(call.writes === null ? [] : [call.writes]),
    ...call.prefix
      .filter(({ name }) => !isPlainName(name))
      .map(({ name }) => `${name} may change what other commands do`),
  ];
  if (!scope.dangers_only)
    for (const reason of reasons) walk.findings.add("ask", reason, part || null);
  if (reasons.length > 0 && !scope.nested) walk.findings.ask(null);
  for (const { name, field } of call.prefix) {
    const is_sure = scope.certain && !scope.variables.has(name);
    scope.variables.set(name, { ...field, unknown: field.unknown || !is_sure });
  }
  noteDownloads("", [], call, scope, walk);
  return staying(scope, { ...UNKNOWN_FLOW, text: "" });
}

/** Names of the language and the clock, with values that name no file. */
const HARMLESS_PREFIX = /^(?:LC_[A-Z]+|LANG|LANGUAGE|TZ|NO_COLOR|COLUMNS)$/;
const HARMLESS_VALUE = /^[\w.@+-]*$/;

function reasonsToAsk(
  call: Call,
  named: Field | undefined,
  name: string,
  args: readonly Field[],
  scope: Scope,
  walk: Walk,
): string[] {
  const env = call.prefix.find(
    ({ name: variable, field }) =>
      !HARMLESS_PREFIX.test(variable) || field.unknown || !HARMLESS_VALUE.test(field.text),
  );
  const reasons = [
    ...call.doubts.map((doubt) => doubt.reason),
    ...(call.writes === null ? [] : [call.writes]),
    ...(env === undefined ? [] : [`${env.name} changes what the command does`]),
    ...args.map((arg) => listingDoubt(arg, scope, walk)).filter((reason) => reason !== null),
    ...programReasons(named, name, args, scope, walk),
  ];
  const needs_folder = reasons.length === 0 || filesRun(call, name, scope, walk).length > 0;
  return scope.folders.unknown && needs_folder ? [...reasons, UNKNOWN_FOLDER] : reasons;
}

function programReasons(
  named: Field | undefined,
  name: string,
  args: readonly Field[],
  scope: Scope,
  walk: Walk,
): string[] {
  if (named === undefined || named.unknown || named.glob || name === "")
    return ["which program it is, only running it tells"];
  if (/[^ -~]/.test(name)) return [strangeName(name)];
  if (scope.functions.has(name)) return [];
  const doubt = doubtOfProgram(name, args, { scope, walk, pathDoubt: pathDoubtAt(scope, walk) });
  return doubt === null ? [] : [doubt];
}

const strangeName = (name: string): string =>
  /(?![ -~])\p{L}/u.test(name)
    ? "the program's name has letters that only look like usual ones"
    : "the program's name has signs that usual names do not have";

/** For rules and pins: what asks, as words, and the files that it runs. */
function note(call: Call, name: string, scope: Scope, walk: Walk): void {
  const was_asked = walk.findings.asked() > 0;
  if (scope.dangers_only) return;
  if (!scope.nested) walk.findings.ask(literalOf(call, name, scope, walk));
  const may_write = listedScript(name, call.words.slice(1))?.may_write === true;
  for (const path of filesRun(call, name, scope, walk))
    walk.findings.run(path, was_asked || may_write || isUnsure(scope));
}

const isUnsure = ({ raced, looped, nested, folders }: Scope): boolean =>
  raced || looped || nested || folders.unknown;

function literalOf(call: Call, name: string, scope: Scope, walk: Walk) {
  const certain = certainFolder(scope.folders);
  const folder = certain === null ? null : belowRoot(certain, walk.root);
  const is_plain =
    call.prefix.length === 0 &&
    call.doubts.length === 0 &&
    call.writes === null &&
    call.stdin === null &&
    !scope.looped &&
    !isStateful(name) &&
    !scope.functions.has(name) &&
    saysWhatRuns(call, name, scope, walk) &&
    call.words.every((word) => word.literal);
  return is_plain && folder !== null
    ? { folder, words: call.words.map((word) => word.text) }
    : null;
}

/** Not where options, or a folder outside, may have it run what no file of the workspace says. */
function saysWhatRuns(call: Call, name: string, scope: Scope, walk: Walk): boolean {
  const script = listedScript(name, call.words.slice(1));
  return script === null || (script.is_plain && filesOfScript(script, scope, walk).length > 0);
}
