import type {
  ArithmeticExpansionPart,
  ArithmeticExpression,
  CommandExpansionPart,
  ParameterExpansionPart,
  ParsedScript,
  ProcessSubstitutionPart,
  SimpleExpansionPart,
  Word,
} from "unbash";
import type { Field } from "./words.ts";

/** What a variable holds, as far as the script tells. */
export interface Value {
  readonly text: string;
  readonly unknown: boolean;
  readonly glob: boolean;
  readonly network: boolean;
}

/** A part of a word after its expansion. */
export interface Piece {
  readonly text: string;
  /** As written. */
  readonly raw: string;
  readonly kind: "bare" | "quoted" | "brace" | "expanded";
  readonly glob: boolean;
  readonly unknown?: boolean;
  readonly network?: boolean;
  /** Unquoted: blanks in it end a field. */
  readonly splits?: boolean;
}

/** What expansion needs from the walk: variables, nested scripts, a place for doubts. */
export interface Expander {
  /** Undefined for what the script does not set. */
  variable(name: string): Value | undefined;
  /** Walks a nested script; what it prints, as far as one can tell. */
  nested(script: ParsedScript, written: string, kind: "substitution" | "process"): Value;
  doubt(reason: string, part: string): void;
  /** A word within an expansion. */
  field(word: Word): Field;
}

/** Numbers and names that tell nothing and do nothing. */
const HARMLESS_PARAMETERS: ReadonlySet<string> = new Set(["?", "#", "$", "!", "@", "*", "-"]);

type Expansion =
  | SimpleExpansionPart
  | ParameterExpansionPart
  | CommandExpansionPart
  | ArithmeticExpansionPart
  | ProcessSubstitutionPart;

export function expandPart(part: Expansion, expander: Expander): Piece {
  return { raw: part.text, kind: "expanded", ...valueOf(part, expander) };
}

const UNKNOWN: Value = { text: "", unknown: true, glob: false, network: false };

function valueOf(part: Expansion, expander: Expander): Value {
  switch (part.type) {
    case "SimpleExpansion":
      return parameter(part.text.slice(1), part.text, expander);
    case "ParameterExpansion":
      return parameterExpansion(part, expander);
    case "ArithmeticExpansion":
      if (!isPlainArithmetic(part.expression))
        expander.doubt("its arithmetic may run a command through a variable", part.text);
      visitArithmetic(part.expression, expander);
      return UNKNOWN;
    case "CommandExpansion":
    case "ProcessSubstitution": {
      const kind = part.type === "CommandExpansion" ? "substitution" : "process";
      if (part.script !== undefined) return expander.nested(part.script, part.text, kind);
      expander.doubt("a substitution that cannot be read", part.text);
      return UNKNOWN;
    }
  }
}

function parameter(name: string, written: string, expander: Expander): Value {
  const value = expander.variable(name);
  if (value !== undefined) return value;
  if (!HARMLESS_PARAMETERS.has(name) && !/^\d+$/.test(name))
    expander.doubt("it reads a variable that the script does not set", written);
  return UNKNOWN;
}

function parameterExpansion(part: ParameterExpansionPart, expander: Expander): Value {
  const { parameter: name, operation, text } = part;
  if (part.prefix === "!") expander.doubt("indirect expansion", text);
  if (part.index !== undefined) {
    expander.doubt("a subscript may run a command", text);
    expander.field(part.index);
  }
  const known = parameter(name, text, expander);
  if (operation === undefined && part.prefix === undefined) return known;
  const doubt = operation === undefined ? null : operationDoubt(operation);
  if (doubt !== null) expander.doubt(doubt, text);
  const operands = operation === undefined ? [] : operandsOf(operation);
  const fields = operands.map((operand) => expander.field(operand));
  const network = known.network || fields.some((field) => field.network);
  return { ...UNKNOWN, text: fields[0]?.text ?? "", network };
}

type Operation = NonNullable<ParameterExpansionPart["operation"]>;

function operationDoubt(operation: Operation): string | null {
  switch (operation.type) {
    case "Default":
      return operation.operator.endsWith("=") ? "it sets a variable on the way" : null;
    case "Remove":
    case "Replace":
    case "CaseModification":
      return null;
    case "Slice":
      return isNumber(operation.offset) && isNumber(operation.length)
        ? null
        : "its arithmetic may run a command through a variable";
    case "Transform":
      return `\`@${operation.operand.text}\` may run what a variable holds`;
    case "Names":
      return "it lists the names of variables";
    case "Unknown":
      return "an expansion that this policy does not know";
  }
}

const isNumber = (word: Word | undefined): boolean =>
  word === undefined || /^\s*-?\d+\s*$/.test(word.text);

function operandsOf(operation: Operation): Word[] {
  switch (operation.type) {
    case "Default":
    case "Remove":
    case "Transform":
      return [operation.operand];
    case "Replace":
      return [operation.pattern, operation.replacement];
    case "CaseModification":
      return operation.operand === undefined ? [] : [operation.operand];
    case "Slice":
      return [operation.offset, ...(operation.length === undefined ? [] : [operation.length])];
    case "Names":
    case "Unknown":
      return [];
  }
}

/** Numbers and operators alone: a name would be evaluated again, with what it holds. */
export function isPlainArithmetic(expression: ArithmeticExpression | undefined): boolean {
  switch (expression?.type) {
    case undefined:
      return false;
    case "ArithmeticWord":
      return expression.parts === undefined && /^\d+$/.test(expression.value);
    case "ArithmeticGroup":
      return isPlainArithmetic(expression.expression);
    case "ArithmeticUnary":
      return isPlainArithmetic(expression.operand);
    case "ArithmeticBinary":
      return isPlainArithmetic(expression.left) && isPlainArithmetic(expression.right);
    case "ArithmeticTernary":
      return [expression.test, expression.consequent, expression.alternate].every(
        isPlainArithmetic,
      );
    case "ArithmeticCommandExpansion":
      return false;
  }
}

/** For the scripts inside. */
export function visitArithmetic(
  expression: ArithmeticExpression | undefined,
  expander: Expander,
): void {
  switch (expression?.type) {
    case undefined:
      return;
    case "ArithmeticWord":
      for (const part of expression.parts ?? [])
        if (part.type === "CommandExpansion") expandPart(part, expander);
      return;
    case "ArithmeticGroup":
      return visitArithmetic(expression.expression, expander);
    case "ArithmeticUnary":
      return visitArithmetic(expression.operand, expander);
    case "ArithmeticBinary":
      visitArithmetic(expression.left, expander);
      return visitArithmetic(expression.right, expander);
    case "ArithmeticTernary":
      for (const one of [expression.test, expression.consequent, expression.alternate])
        visitArithmetic(one, expander);
      return;
    case "ArithmeticCommandExpansion":
      if (expression.script !== undefined)
        expander.nested(expression.script, expression.text, "substitution");
      return;
  }
}
