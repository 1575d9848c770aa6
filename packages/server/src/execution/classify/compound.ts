import type {
  ArithmeticFor,
  Case,
  CompoundList,
  Coproc,
  For,
  Function as FunctionNode,
  If,
  Select,
  While,
} from "unbash";
import { namesSetIn } from "./ast.ts";
import { isEndless, spawnsEndlessly } from "./danger/bombs.ts";
import { expanderOf } from "./expander.ts";
import { visitArithmetic } from "./expansions.ts";
import { type Folders, guessed, union } from "./folders.ts";
import { listingDoubt } from "./paths.ts";
import {
  apart,
  DEPTH,
  doubt,
  joinedFlow,
  type Outcome,
  perhaps,
  type Scope,
  staying,
  type Walk,
} from "./scope.ts";
import { isPlainName, UNKNOWN_VALUE } from "./variables.ts";
import { fieldOf, fieldsOf } from "./words.ts";

export function walkIf(node: If, scope: Scope, walk: Walk): Outcome {
  const ends: Outcome[] = [];
  let clause = walk.into.list(node.clause, scope, walk);
  const branch = (list: CompoundList, folders: Folders) => {
    const end = walk.into.list(list, perhaps({ ...scope, folders }), walk);
    ends.push(end);
    return end;
  };
  branch(node.then, clause.done);
  for (const elif of node.elif) {
    clause = walk.into.list(elif.clause, perhaps({ ...scope, folders: clause.failed }), walk);
    branch(elif.then, clause.done);
  }
  if (node.else === undefined) ends.push(clause);
  else branch(node.else, clause.failed);
  return merged(ends, scope);
}

const foldersAt = (ends: readonly Outcome[]): Folders =>
  union(...ends.flatMap((end) => [end.done, end.failed]));

function merged(ends: readonly Outcome[], scope: Scope): Outcome {
  const folders = foldersAt(ends);
  return {
    ...staying(scope, joinedFlow(ends.map((end) => end.output))),
    done: folders,
    failed: folders,
  };
}

/** The body once for each value; a variable of the loop is unknown after it. */
export function walkFor(node: For | Select, scope: Scope, walk: Walk): Outcome {
  const expander = expanderOf(scope, walk);
  if (node.type === "Select") doubt("`select` waits for an answer", null, scope, walk);
  const values = node.wordlist === undefined ? [UNKNOWN_VALUE] : fieldsOf(node.wordlist, expander);
  const inner = perhaps({ ...scope, raced: true, looped: true });
  forget(node.body, inner);
  for (const value of values) {
    const doubtful = listingDoubt(
      { ...value, written: node.name.text, literal: false },
      scope,
      walk,
    );
    if (doubtful !== null) doubt(doubtful, null, scope, walk);
  }
  const ends: Outcome[] = [staying(scope)];
  for (const value of values) {
    inner.variables.set(node.name.value, { ...value });
    const round = (folders: Folders) => walk.into.list(node.body, { ...inner, folders }, walk);
    const is_one = !value.glob && !value.unknown;
    ends.push(...(is_one ? [round(foldersAt(ends))] : rounds(round, foldersAt(ends))));
  }
  inner.variables.set(node.name.value, UNKNOWN_VALUE);
  if (!isPlainName(node.name.value))
    doubt("its variable means something to others", node.name.text, scope, walk);
  return merged(ends, scope);
}

/** Nobody knows how many: each begins where the one before it ended. */
function rounds(round: (folders: Folders) => Outcome, folders: Folders): Outcome[] {
  const first = round(folders);
  const next = union(folders, first.done, first.failed);
  const moves = next.unknown !== folders.unknown || next.paths.length > folders.paths.length;
  return moves ? [first, round(guessed(next))] : [first];
}

/** What a loop sets is unknown from its second round on. */
function forget(body: CompoundList, scope: Scope): void {
  for (const name of namesSetIn(body)) {
    const known = scope.variables.get(name);
    if (known !== undefined) scope.variables.set(name, { ...known, unknown: true });
  }
}

/** Sure to end only while it reads lines from somewhere. */
export function walkWhile(node: While, scope: Scope, walk: Walk): Outcome {
  const inner = perhaps({ ...scope, raced: true, looped: true });
  if (!readsLines(node)) doubt("the loop may not end by itself", null, scope, walk);
  if (isEndless(node) && spawnsEndlessly(node.body))
    walk.findings.add("blocked", "an endless loop that starts processes in the background", null);
  forget(node.clause, inner);
  forget(node.body, inner);
  const round = (folders: Folders) => {
    const clause = walk.into.list(node.clause, { ...inner, folders }, walk);
    const body = walk.into.list(node.body, { ...inner, folders: foldersAt([clause]) }, walk);
    return merged([clause, body], scope);
  };
  return merged([staying(scope), ...rounds(round, scope.folders)], scope);
}

function readsLines(node: While): boolean {
  const [statement, ...more] = node.clause.commands;
  const command = statement?.command;
  return (
    more.length === 0 &&
    node.kind === "while" &&
    command?.type === "Command" &&
    command.name?.value === "read"
  );
}

export function walkArithmeticFor(node: ArithmeticFor, scope: Scope, walk: Walk): Outcome {
  doubt("its arithmetic may run a command through a variable", null, scope, walk);
  const expander = expanderOf(scope, walk);
  for (const one of [node.initialize, node.test, node.update]) visitArithmetic(one, expander);
  if (node.test === undefined && spawnsEndlessly(node.body))
    walk.findings.add("blocked", "an endless loop that starts processes in the background", null);
  const inner = perhaps({ ...scope, raced: true, looped: true });
  const round = (folders: Folders) => walk.into.list(node.body, { ...inner, folders }, walk);
  return merged([staying(scope), ...rounds(round, scope.folders)], scope);
}

export function walkCase(node: Case, scope: Scope, walk: Walk): Outcome {
  const expander = expanderOf(scope, walk);
  fieldOf(node.word, expander);
  const ends: Outcome[] = [staying(scope)];
  for (const item of node.items) {
    for (const pattern of item.pattern) fieldOf(pattern, expander);
    ends.push(walk.into.list(item.body, perhaps({ ...scope, folders: foldersAt(ends) }), walk));
  }
  return merged(ends, scope);
}

export function walkFunction(node: FunctionNode, scope: Scope, walk: Walk): Outcome {
  doubt("it defines a function", node.name.text, scope, walk);
  scope.functions.set(node.name.value, node);
  const inner: Scope = { ...apart(scope), nested: true, depth: scope.depth + 1 };
  if (inner.depth <= DEPTH) {
    if (node.body.type === "CompoundList") walk.into.list(node.body, inner, walk);
    else walk.into.command(node.body, inner, walk);
  }
  return staying(scope);
}

export function walkCoproc(node: Coproc, scope: Scope, walk: Walk): Outcome {
  doubt("it goes on in the background", null, scope, walk);
  const inner = apart({ ...scope, raced: true, nested: true });
  if (node.body.type === "CompoundList") walk.into.list(node.body, inner, walk);
  else walk.into.command(node.body, inner, walk);
  return staying(scope);
}
