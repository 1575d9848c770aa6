import {
  type CompoundList,
  type Function as FunctionNode,
  type Script,
  type SyntaxNode,
  type While,
} from "unbash";
import { visit } from "../ast.ts";

const ALWAYS = new Set(["true", ":"]);

/** Whether a loop's condition never changes. */
export function isEndless({ kind, clause }: While): boolean {
  const [statement, ...more] = clause.commands;
  const command = statement?.command;
  if (more.length > 0) return false;
  if (command?.type === "ArithmeticCommand") return /^\s*[1-9]\d*\s*$/.test(command.body);
  if (command?.type !== "Command") return false;
  const name = command.name?.value ?? "";
  if (kind === "until") return name === "false";
  const words = command.args.map((one) => (one.type === "Word" ? one.value : ""));
  return (
    ALWAYS.has(name) ||
    (/^(?:\[|test)$/.test(name) && /^1 ?\]?$|^(\d+) (?:=|==|-eq) \1 ?\]?$/.test(words.join(" ")))
  );
}

/** Whether a body leaves processes behind at every round, and never waits for one. */
export function spawnsEndlessly(body: CompoundList): boolean {
  let spawns = false;
  let waits = false;
  visit(body, (node) => {
    if (node.type === "Statement" && node.background === true) spawns = true;
    if (node.type === "Command" && /^(?:wait|sleep|read|break|exit)$/.test(node.name?.value ?? ""))
      waits ||= !inBackground(body, node);
  });
  return spawns && !waits;
}

function inBackground(body: CompoundList, sought: SyntaxNode): boolean {
  let found = false;
  visit(body, (node) => {
    if (node.type !== "Statement" || node.background !== true) return;
    visit(node, (inner) => (found ||= inner === sought));
  });
  return found;
}

/** Whether a function of the script starts itself, through others too, more than once or in the background. */
export function hasForkBomb(script: Script): boolean {
  const functions = new Map<string, FunctionNode>();
  let selves = 0;
  let spawns = false;
  visit(script, (node) => {
    if (node.type === "Function") functions.set(node.name.value, node);
    if (node.type === "Command" && /^"?\$\{?0\}?"?$/.test(node.name?.text ?? "")) selves += 1;
    if (node.type === "Pipeline" || (node.type === "Statement" && node.background === true))
      spawns = true;
  });
  if (selves > 1 && spawns) return true;
  return [...functions].some(([name, node]) =>
    spawnedBy(node).some((called) => reaches(called, name, functions)),
  );
}

/** Names that a function calls in the background, or in several stages of one pipeline. */
function spawnedBy(node: FunctionNode): string[] {
  const spawned: string[] = [];
  visit(node, (inner) => {
    if (inner.type === "Statement" && inner.background === true) spawned.push(...callsOf(inner));
    if (inner.type !== "Pipeline") return;
    const stages = inner.commands.map(callsOf);
    const seen = new Map<string, number>();
    for (const stage of stages)
      for (const name of new Set(stage)) seen.set(name, (seen.get(name) ?? 0) + 1);
    spawned.push(...[...seen].filter(([, times]) => times > 1).map(([name]) => name));
  });
  return spawned;
}

function callsOf(node: SyntaxNode): string[] {
  const names: string[] = [];
  visit(node, (inner) => {
    if (inner.type === "Command" && inner.name !== undefined) names.push(inner.name.value);
  });
  return names;
}

function reaches(
  from: string,
  to: string,
  functions: ReadonlyMap<string, FunctionNode>,
  seen = new Set<string>(),
): boolean {
  if (from === to) return functions.has(to);
  const node = functions.get(from);
  if (node === undefined || seen.has(from)) return false;
  seen.add(from);
  return callsOf(node).some((next) => reaches(next, to, functions, seen));
}
