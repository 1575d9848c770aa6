import type { TestExpression } from "unbash";
import { expanderOf } from "./expander.ts";
import { pathDoubtAt } from "./paths.ts";
import { doubt, type Scope, type Walk } from "./scope.ts";
import { fieldOf } from "./words.ts";

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

/** `[[ … ]]`: what compares numbers evaluates them, subscripts included. */
export function walkTest(expression: TestExpression, scope: Scope, walk: Walk): void {
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
