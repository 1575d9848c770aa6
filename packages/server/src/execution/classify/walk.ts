import {
  type AndOr,
  type ArithmeticFor,
  type Assignment,
  type Case,
  type CommandNode,
  type CompoundList,
  type Coproc,
  type For,
  type Function as FunctionNode,
  type If,
  parse,
  type ParsedScript,
  type Pipeline,
  type PipelineNode,
  type Redirected,
  type Redirection,
  type Select,
  type Statement,
  type TestExpression,
  type While,
} from "unbash";
import { type Call, walkCall } from "./call.ts";
import { isEndless, spawnsEndlessly } from "./danger/bombs.ts";
import { type Expander, isPlainArithmetic, type Value, visitArithmetic } from "./expansions.ts";
import { normal, reachOf } from "./operands.ts";
import { walkRedirections } from "./redirections.ts";
import {
  type Flow,
  type Outcome,
  type Scope,
  staying,
  union,
  UNKNOWN_FLOW,
  type Walk,
} from "./scope.ts";
import { type Field, fieldOf, fieldsOf } from "./words.ts";

const SCRIPT_CHARACTERS = 32_768;
const DEPTH = 6;

/** Walks a script in bash, whatever it is nested in; everything that is not safe becomes a finding. */
export function walkScript(source: string, scope: Scope, walk: Walk): Outcome {
  if (source.length > SCRIPT_CHARACTERS)
    return refuse("it is too long to be read here", scope, walk);
  return walkParsed(parse(source), source, scope, walk);
}

function walkParsed(script: ParsedScript, written: string, scope: Scope, walk: Walk): Outcome {
  if (scope.depth > DEPTH) return refuse("it is nested too deeply to be read here", scope, walk);
  const [fault] = script.errors ?? [];
  if (fault !== undefined) doubt(`bash would not read it: ${fault.message}`, written, scope, walk);
  return walkStatements(script.commands, { ...scope, depth: scope.depth + 1 }, walk);
}

function refuse(reason: string, scope: Scope, walk: Walk): Outcome {
  doubt(reason, null, scope, walk);
  return staying(scope);
}

/** Asks for something that no literal command says. */
function doubt(reason: string, part: string | null, scope: Scope, walk: Walk): void {
  walk.findings.add("ask", reason, part);
  if (!scope.nested) walk.findings.ask(null);
}

function walkStatements(statements: readonly Statement[], scope: Scope, walk: Walk): Outcome {
  let outcome = staying(scope);
  const outputs: Flow[] = [];
  for (const statement of statements) {
    const folders = union(outcome.done, outcome.failed);
    outcome = walkStatement(statement, { ...scope, folders }, walk);
    outputs.push(outcome.output);
  }
  return { ...outcome, output: allOf(outputs) };
}

const allOf = (outputs: readonly Flow[]): Flow => ({
  text: outputs.some(({ text }) => text === null) ? null : outputs.map((one) => one.text).join(""),
  network: outputs.some(({ network }) => network),
});

function walkStatement(statement: Statement, scope: Scope, walk: Walk): Outcome {
  if (statement.background !== true) return walkNode(statement.command, scope, walk);
  doubt("it goes on in the background", null, scope, walk);
  walkNode(statement.command, apart({ ...scope, raced: true }), walk);
  return staying(scope);
}

/** A process of its own: what it changes of the shell ends with it. */
const apart = (scope: Scope): Scope => ({
  ...scope,
  certain: false,
  variables: new Map(scope.variables),
});
const perhaps = (scope: Scope): Scope => ({ ...scope, certain: false });

function walkNode(node: PipelineNode | AndOr, scope: Scope, walk: Walk): Outcome {
  switch (node.type) {
    case "AndOr":
      return walkAndOr(node, scope, walk);
    case "Pipeline":
      return walkPipeline(node, scope, walk);
    default:
      return walkCommandNode(node, scope, walk);
  }
}

function walkAndOr(node: AndOr, scope: Scope, walk: Walk): Outcome {
  const [first, ...rest] = node.commands;
  if (first === undefined) return staying(scope);
  let outcome = walkNode(first, scope, walk);
  for (const [at, command] of rest.entries()) {
    const is_and = node.operators[at] === "&&";
    const folders = is_and ? outcome.done : outcome.failed;
    const next = walkNode(command, perhaps({ ...scope, folders }), walk);
    outcome = {
      ...next,
      done: is_and ? next.done : union(outcome.done, next.done),
      failed: is_and ? union(outcome.failed, next.failed) : next.failed,
      output: allOf([outcome.output, next.output]),
    };
  }
  return outcome;
}

function walkPipeline(node: Pipeline, scope: Scope, walk: Walk): Outcome {
  for (const prefix of node.prefixes)
    if (prefix.type === "Time") doubt("`time` runs what follows", null, scope, walk);
  const [only] = node.commands;
  if (node.commands.length === 1 && only !== undefined) return walkCommandNode(only, scope, walk);
  let stdin = scope.stdin;
  let shell_before = false;
  let output = UNKNOWN_FLOW;
  for (const command of node.commands) {
    const stage = walkCommandNode(command, apart({ ...scope, stdin, raced: true }), walk);
    if (shell_before && stage.talks)
      walk.findings.add("blocked", "what a shell does goes out over the network", null);
    shell_before ||= stage.is_shell;
    stdin = stage.output;
    output = stage.output;
  }
  return staying(scope, output);
}

function walkCommandNode(node: CommandNode, scope: Scope, walk: Walk): Outcome {
  if (--walk.budget.commands < 0) return refuse("it has too many commands", scope, walk);
  switch (node.type) {
    case "Command":
      return walkSimple(node, scope, walk);
    case "Redirected":
      return walkRedirected(node, scope, walk);
    case "Subshell": {
      const inner = walkStatements(node.body.commands, apart(scope), walk);
      return staying(scope, inner.output);
    }
    case "BraceGroup":
      return walkList(node.body, scope, walk);
    case "If":
      return walkIf(node, scope, walk);
    case "For":
    case "Select":
      return walkFor(node, scope, walk);
    case "While":
      return walkWhile(node, scope, walk);
    case "Case":
      return walkCase(node, scope, walk);
    case "ArithmeticFor":
      return walkArithmeticFor(node, scope, walk);
    case "Function":
      return walkFunction(node, scope, walk);
    case "Coproc":
      return walkCoproc(node, scope, walk);
    case "TestCommand":
      walkTest(node.expression, scope, walk);
      return staying(scope);
    case "ArithmeticCommand":
      visitArithmetic(node.expression, expanderOf(scope, walk));
      if (!isPlainArithmetic(node.expression))
        doubt(
          "its arithmetic may run a command through a variable",
          `((${node.body}))`,
          scope,
          walk,
        );
      return staying(scope);
    default:
      return refuse("it has syntax that this policy does not know", scope, walk);
  }
}

const walkList = (list: CompoundList, scope: Scope, walk: Walk): Outcome =>
  walkStatements(list.commands, scope, walk);

function walkRedirected(node: Redirected, scope: Scope, walk: Walk): Outcome {
  const expander = expanderOf(scope, walk);
  const { stdin, writes } = redirectionsOf(node.redirects, scope, walk, expander);
  if (writes !== null) doubt(writes, null, scope, walk);
  return walkCommandNode(node.command, { ...scope, stdin }, walk);
}

const redirectionsOf = (
  redirections: readonly Redirection[],
  scope: Scope,
  walk: Walk,
  expander: Expander,
) => walkRedirections(redirections, { scope, walk, expander });

function walkIf(node: If, scope: Scope, walk: Walk): Outcome {
  const ends: Outcome[] = [];
  let clause = walkList(node.clause, scope, walk);
  const branch = (list: CompoundList, folders: readonly string[]) => {
    const end = walkList(list, perhaps({ ...scope, folders }), walk);
    ends.push(end);
    return end;
  };
  branch(node.then, clause.done);
  for (const elif of node.elif) {
    clause = walkList(elif.clause, perhaps({ ...scope, folders: clause.failed }), walk);
    branch(elif.then, clause.done);
  }
  if (node.else === undefined) ends.push(clause);
  else branch(node.else, clause.failed);
  return merged(ends, scope);
}

function merged(ends: readonly Outcome[], scope: Scope): Outcome {
  const folders = union(...ends.flatMap((end) => [end.done, end.failed]));
  return {
    ...staying(scope, allOf(ends.map((end) => end.output))),
    done: folders,
    failed: folders,
  };
}

/** The body once for each value; a variable of the loop is unknown after it. */
function walkFor(node: For | Select, scope: Scope, walk: Walk): Outcome {
  const expander = expanderOf(scope, walk);
  if (node.type === "Select") doubt("`select` waits for an answer", null, scope, walk);
  const values = node.wordlist === undefined ? [UNKNOWN_FIELD] : fieldsOf(node.wordlist, expander);
  const inner = perhaps({ ...scope, raced: true, looped: true });
  const ends: Outcome[] = [staying(scope)];
  for (const value of values) {
    inner.variables.set(node.name.value, { ...value });
    const folders = union(...ends.flatMap((end) => [end.done, end.failed]));
    ends.push(walkList(node.body, { ...inner, folders }, walk));
  }
  inner.variables.set(node.name.value, { text: "", unknown: true, glob: false, network: false });
  if (!isPlainName(node.name.value))
    doubt("its variable means something to others", node.name.text, scope, walk);
  return merged(ends, scope);
}

const UNKNOWN_FIELD: Value = { text: "", unknown: true, glob: false, network: false };
/** In lower case, so that it is none of those that other programs look at. */
export const isPlainName = (name: string): boolean =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !/^(npm_|_$)|proxy$/.test(name);

/** Sure to end only while it reads lines from somewhere. */
function walkWhile(node: While, scope: Scope, walk: Walk): Outcome {
  const inner = perhaps({ ...scope, raced: true, looped: true });
  if (!readsLines(node)) doubt("the loop may not end by itself", null, scope, walk);
  if (isEndless(node) && spawnsEndlessly(node.body))
    walk.findings.add("blocked", "an endless loop that starts processes in the background", null);
  const clause = walkList(node.clause, inner, walk);
  const body = walkList(node.body, { ...inner, folders: union(clause.done, clause.failed) }, walk);
  return merged([staying(scope), clause, body], scope);
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

function walkArithmeticFor(node: ArithmeticFor, scope: Scope, walk: Walk): Outcome {
  doubt("its arithmetic may run a command through a variable", null, scope, walk);
  const expander = expanderOf(scope, walk);
  for (const one of [node.initialize, node.test, node.update]) visitArithmetic(one, expander);
  if (node.test === undefined && spawnsEndlessly(node.body))
    walk.findings.add("blocked", "an endless loop that starts processes in the background", null);
  return merged([walkList(node.body, perhaps({ ...scope, raced: true }), walk)], scope);
}

function walkCase(node: Case, scope: Scope, walk: Walk): Outcome {
  const expander = expanderOf(scope, walk);
  fieldOf(node.word, expander);
  const ends: Outcome[] = [staying(scope)];
  for (const item of node.items) {
    for (const pattern of item.pattern) fieldOf(pattern, expander);
    const folders = union(...ends.flatMap((end) => [end.done, end.failed]));
    ends.push(walkList(item.body, perhaps({ ...scope, folders }), walk));
  }
  return merged(ends, scope);
}

function walkFunction(node: FunctionNode, scope: Scope, walk: Walk): Outcome {
  doubt("it defines a function", node.name.text, scope, walk);
  scope.functions.set(node.name.value, node);
  const inner: Scope = { ...apart(scope), nested: true, depth: scope.depth + 1 };
  if (inner.depth <= DEPTH) {
    if (node.body.type === "CompoundList") walkList(node.body, inner, walk);
    else walkCommandNode(node.body, inner, walk);
  }
  return staying(scope);
}

function walkCoproc(node: Coproc, scope: Scope, walk: Walk): Outcome {
  doubt("it goes on in the background", null, scope, walk);
  const inner = apart({ ...scope, raced: true, nested: true });
  if (node.body.type === "CompoundList") walkList(node.body, inner, walk);
  else walkCommandNode(node.body, inner, walk);
  return staying(scope);
}

const FILE_TESTS = new Set([
  "-e",
  "-f",
  "-d",
  "-r",
  "-w",
  "-x",
  "-s",
  "-L",
  "-h",
  "-p",
  "-S",
  "-N",
]);
const TEXT_TESTS = new Set(["-n", "-z"]);
const TEXT_COMPARISONS = new Set(["=", "==", "!=", "<", ">", "=~"]);
const FILE_COMPARISONS = new Set(["-nt", "-ot", "-ef"]);
const NUMBER_COMPARISONS = new Set(["-eq", "-ne", "-lt", "-le", "-gt", "-ge"]);

function walkTest(expression: TestExpression, scope: Scope, walk: Walk): void {
  const unsure = (reason: string) => doubt(reason, null, scope, walk);
  switch (expression.type) {
    case "TestLogical":
      for (const operand of expression.operands) walkTest(operand, scope, walk);
      return;
    case "TestNot":
      return walkTest(expression.operand, scope, walk);
    case "TestGroup":
      return walkTest(expression.expression, scope, walk);
    case "TestUnary": {
      const field = fieldOf(expression.operand, expanderOf(scope, walk));
      if (FILE_TESTS.has(expression.operator)) {
        const outside = pathDoubtAt(scope, walk)(field);
        if (outside !== null) unsure(outside);
      } else if (!TEXT_TESTS.has(expression.operator))
        unsure(`${expression.operator} is not among the tests that are known`);
      return;
    }
    case "TestBinary": {
      const expander = expanderOf(scope, walk);
      const fields = [fieldOf(expression.left, expander), fieldOf(expression.right, expander)];
      const { operator } = expression;
      if (NUMBER_COMPARISONS.has(operator)) {
        if (fields.some(({ text, unknown }) => unknown || !/^-?\d+$/.test(text)))
          unsure(`${operator} evaluates what it compares, which may run a command`);
      } else if (FILE_COMPARISONS.has(operator)) {
        for (const field of fields) {
          const outside = pathDoubtAt(scope, walk)(field);
          if (outside !== null) unsure(outside);
        }
      } else if (!TEXT_COMPARISONS.has(operator))
        unsure(`${operator} is not among the tests that are known`);
    }
  }
}

function walkSimple(
  node: Extract<CommandNode, { type: "Command" }>,
  scope: Scope,
  walk: Walk,
): Outcome {
  const doubts: Call["doubts"] = [];
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
  const redirected = redirectionsOf(node.redirects, scope, walk, expander);
  const call: Call = { prefix, words, doubts, ...redirected, has_name: node.name !== undefined };
  return walkCall(call, scope, walk, { walkScript, walkFields, walkBody });
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
  return walkCall(call, inner, walk, { walkScript, walkFields, walkBody });
}

/** A function's body with the arguments of one call of it. */
function walkBody(name: string, args: readonly Field[], scope: Scope, walk: Walk): Outcome {
  const node = scope.functions.get(name) as FunctionNode | undefined;
  if (node === undefined || scope.depth > DEPTH) return staying(scope);
  const variables = new Map(scope.variables);
  for (const [at, field] of args.entries()) variables.set(String(at + 1), { ...field });
  const all = args.map((field) => field.text).join(" ");
  for (const name of ["@", "*"]) variables.set(name, { ...UNKNOWN_FIELD, text: all });
  const inner: Scope = { ...perhaps(scope), variables, nested: true, depth: scope.depth + 1 };
  if (node.body.type === "CompoundList") return walkList(node.body, inner, walk);
  return walkCommandNode(node.body, inner, walk);
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

/** @param doubts collects them for one command; without it they are found at once */
function expanderOf(scope: Scope, walk: Walk, doubts?: Call["doubts"]): Expander {
  const tell = (reason: string, part: string) => {
    if (doubts === undefined) doubt(reason, part, scope, walk);
    else doubts.push({ reason, part });
  };
  return {
    variable: (name) => scope.variables.get(name) ?? given(name, scope),
    doubt: tell,
    nested(script, written, kind) {
      const inner: Scope = { ...apart(scope), stdin: null, nested: true, raced: true };
      const { output } = walkParsed(script, written, inner, walk);
      if (kind === "process" || !isValue(script))
        tell(
          kind === "process" ? "a process substitution" : "it runs a command inside of a word",
          written,
        );
      const text = (output.text ?? "").replace(/\n+$/, "");
      return { text, unknown: true, glob: false, network: output.network };
    },
  };
}

/** What every command finds in its environment. */
function given(name: string, { folders }: Scope): Value | undefined {
  const known = (text: string): Value => ({ text, unknown: false, glob: false, network: false });
  switch (name) {
    case "HOME":
      return known("/home/agent");
    case "IFS":
      return known(" \t\n");
    case "PWD":
      return { ...known(folders[0] ?? ""), unknown: folders.length !== 1 };
    case "USER":
    case "LOGNAME":
      return known("agent");
    case "PATH":
    case "SHELL":
    case "LANG":
    case "TERM":
    case "OLDPWD":
    case "TMPDIR":
    case "RANDOM":
    case "SECONDS":
    case "LINENO":
    case "HOSTNAME":
    case "UID":
    case "EUID":
      return UNKNOWN_FIELD;
    default:
      return undefined;
  }
}

/** Programs that only compute a short value: nobody needs to look for what else they would do. */
const VALUE_PROGRAMS = new Set([
  "date",
  "pwd",
  "nproc",
  "basename",
  "dirname",
  "seq",
  "wc",
  "expr",
]);

function isValue({ commands, errors }: ParsedScript): boolean {
  const [statement] = commands;
  const command = statement?.command;
  return (
    errors === undefined &&
    commands.length === 1 &&
    statement?.background !== true &&
    command?.type === "Command" &&
    VALUE_PROGRAMS.has(command.name?.value ?? "")
  );
}

/** Why a path may not be read from any of the folders where the shell may be. */
export function pathDoubtAt(scope: Scope, walk: Walk): (field: Field) => string | null {
  return (field) => {
    if (field.unknown) return `which file ${field.written} is, only running it tells`;
    if (field.text === "/dev/null" || field.text === "") return null;
    if (field.glob && /(?:^|\/)\.[^/]*[*?[]/.test(field.text))
      return `${field.written} may match the folder above`;
    if (scope.folders.length === 0) return "in which folder it runs, only running it tells";
    for (const folder of scope.folders) {
      const reach = reachOf(field.text, folder, walk.root);
      if (reach.kind === "link_out")
        return `${field.written} leads out of the workspace through a link`;
      if (reach.kind === "outside") return `${field.written} lies outside the workspace`;
    }
    return null;
  };
}

/** Where `cd` leads: also when that is outside, for what comes after it. */
export const folderAfter = (target: string, folder: string, root: string): string => {
  const reach = reachOf(target, folder, root);
  return reach.kind === "inside" ? reach.path : normal(reach.path);
};
