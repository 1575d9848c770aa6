import type { Assignment, Command } from "unbash";
import { type Call, type Walkers, walkCall } from "./call.ts";
import { type Doubt, expanderOf } from "./expander.ts";
import type { Expander } from "./expansions.ts";
import { walkRedirections } from "./redirections.ts";
import { DEPTH, type Outcome, perhaps, refuse, type Scope, staying, type Walk } from "./scope.ts";
import { UNKNOWN_VALUE } from "./variables.ts";
import { type Field, fieldOf, fieldsOf } from "./words.ts";

/** A simple command, from its words on. */
export function walkSimple(node: Command, scope: Scope, walk: Walk): Outcome {
  const doubts: Doubt[] = [];
  const expander = expanderOf(scope, walk, doubts);
  const assignments = node.prefix.filter((one) => one.type === "Assignment");
  const prefix = assignments.map((one) => ({ name: one.name, field: assigned(one, expander) }));
  const words = node.name === undefined ? [] : fieldsOf([node.name], expander);
  for (const argument of node.args)
    words.push(
      ...(argument.type === "Word"
        ? fieldsOf([argument], expander)
        : [declared(argument, expander)]),
    );
  const redirected = walkRedirections(node.redirects, { scope, walk, expander });
  const call: Call = { prefix, words, doubts, ...redirected, has_name: node.name !== undefined };
  return walkCall(call, scope, walk, within);
}

/** Words of another command, as its program would run them. */
function walkFields(words: readonly Field[], scope: Scope, walk: Walk): Outcome {
  if (--walk.budget.commands < 0 || scope.depth > DEPTH)
    return refuse("it is nested too deeply to be read here", scope, walk);
  const call: Call = {
    ...{ prefix: [], words: [...words], doubts: [], writes: null, stdin: scope.stdin },
    ...{ targets: [], has_name: true },
  };
  const inner = { ...scope, depth: scope.depth + 1 };
  return walkCall(call, inner, walk, within);
}

/** A function's body with the arguments of one call of it. */
function walkBody(name: string, args: readonly Field[], scope: Scope, walk: Walk): Outcome {
  const node = scope.functions.get(name);
  const is_known = scope.calling.has(name) && args.length === 0;
  if (node === undefined || is_known || scope.depth > DEPTH) return staying(scope);
  const variables = new Map(scope.variables);
  for (const [at, field] of args.entries()) variables.set(String(at + 1), { ...field });
  const all = args.map((field) => field.text).join(" ");
  for (const name of ["@", "*"]) variables.set(name, { ...UNKNOWN_VALUE, text: all });
  const calling = new Set([...scope.calling, name]);
  const inner: Scope = {
    ...perhaps(scope),
    ...{ variables, calling, nested: true, depth: scope.depth + 1 },
  };
  if (node.body.type === "CompoundList") return walk.into.list(node.body, inner, walk);
  return walk.into.command(node.body, inner, walk);
}

function assigned(node: Assignment, expander: Expander): Field {
  if (node.index !== undefined) {
    fieldOf(node.index, expander);
    expander.doubt("a subscript may run a command", node.text);
  }
  if (node.append === true) expander.doubt("it appends to a variable", node.text);
  if (node.value.type === "Word") return fieldOf(node.value, expander);
  expander.doubt("it fills an array", node.text);
  const fields = fieldsOf(node.value.elements, expander);
  const text = fields.map((field) => field.text).join(" ");
  return { text, glob: false, unknown: true, literal: false, network: false, written: node.text };
}

/** An assignment among the words of `export` and its like. */
function declared(node: Assignment, expander: Expander): Field {
  const value = assigned(node, expander);
  return { ...value, text: `${node.name}=${value.text}`, written: node.text };
}

const within: Walkers = { walkFields, walkBody };
