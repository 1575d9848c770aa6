import {
  type AndOr,
  type CommandNode,
  type CompoundList,
  parse,
  type ParsedScript,
  type Pipeline,
  type PipelineNode,
  type Redirected,
  type Statement,
} from "unbash";
import {
  walkArithmeticFor,
  walkCase,
  walkCoproc,
  walkFor,
  walkFunction,
  walkIf,
  walkWhile,
} from "./compound.ts";
import { walkTest } from "./conditions.ts";
import { hasForkBomb } from "./danger/bombs.ts";
import { expanderOf } from "./expander.ts";
import { isPlainArithmetic, visitArithmetic } from "./expansions.ts";
import { union } from "./folders.ts";
import { walkRedirections } from "./redirections.ts";
import {
  apart,
  DEPTH,
  doubt,
  type Flow,
  joinedFlow,
  type Outcome,
  perhaps,
  refuse,
  type Scope,
  staying,
  UNKNOWN_FLOW,
  type Walk,
  type WayBack,
} from "./scope.ts";
import { walkSimple } from "./simple.ts";

const SCRIPT_CHARACTERS = 32_768;
/** Without any of these nothing can call itself. */
const CALLS_ITSELF = /\(\s*\)|function|\$\{?0/;

function walkScript(source: string, scope: Scope, walk: Walk): Outcome {
  if (source.length > SCRIPT_CHARACTERS)
    return refuse("it is too long to be read here", scope, walk);
  const parsed = parse(source);
  if (CALLS_ITSELF.test(source) && hasForkBomb(parsed))
    walk.findings.add("blocked", "it starts processes without end", null);
  return walkParsed(parsed, source, scope, walk);
}

function walkParsed(script: ParsedScript, written: string, scope: Scope, walk: Walk): Outcome {
  if (scope.depth > DEPTH) return refuse("it is nested too deeply to be read here", scope, walk);
  const [fault] = script.errors ?? [];
  if (fault !== undefined) doubt(`bash would not read it: ${fault.message}`, written, scope, walk);
  return walkStatements(script.commands, { ...scope, depth: scope.depth + 1 }, walk);
}

function walkStatements(statements: readonly Statement[], scope: Scope, walk: Walk): Outcome {
  let outcome = staying(scope);
  const outputs: Flow[] = [];
  for (const statement of statements) {
    const folders = union(outcome.done, outcome.failed);
    outcome = walkStatement(statement, { ...scope, folders }, walk);
    outputs.push(outcome.output);
  }
  return { ...outcome, output: joinedFlow(outputs) };
}

function walkStatement(statement: Statement, scope: Scope, walk: Walk): Outcome {
  if (statement.background !== true) return walkNode(statement.command, scope, walk);
  doubt("it goes on in the background", null, scope, walk);
  walkNode(statement.command, apart({ ...scope, raced: true }), walk);
  return staying(scope);
}

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
      output: joinedFlow([outcome.output, next.output]),
    };
  }
  return outcome;
}

function walkPipeline(node: Pipeline, scope: Scope, walk: Walk): Outcome {
  for (const prefix of node.prefixes)
    if (prefix.type === "Time") doubt("`time` runs what follows", null, scope, walk);
  const [only] = node.commands;
  if (node.commands.length === 1 && only !== undefined) {
    const outcome = walkCommandNode(only, scope, walk);
    return isNegated(node) ? { ...outcome, done: outcome.failed, failed: outcome.done } : outcome;
  }
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

const isNegated = ({ prefixes }: Pipeline): boolean =>
  prefixes.filter(({ type }) => type === "Negation").length % 2 === 1;

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
  const { stdin, writes } = walkRedirections(node.redirects, { scope, walk, expander });
  if (writes !== null) doubt(writes, null, scope, walk);
  return walkCommandNode(node.command, { ...scope, stdin }, walk);
}

/** The walk over scripts in bash; everything that is not safe becomes a finding. */
export const walker: WayBack = {
  script: walkScript,
  parsed: walkParsed,
  list: walkList,
  command: walkCommandNode,
};
