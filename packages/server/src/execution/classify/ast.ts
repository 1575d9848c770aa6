import { forEachChild, type SyntaxNode } from "unbash";

const NODES = 20_000;

/** Calls `look` for a node and everything below it, nested scripts included; bounded. */
export function visit(root: SyntaxNode, look: (node: SyntaxNode) => void): void {
  const todo = [root];
  for (let left = NODES; left > 0; left--) {
    const node = todo.pop();
    if (node === undefined) return;
    look(node);
    forEachChild(node, (child) => void todo.push(child));
  }
}

/** Names that a part of a script may set, whichever way. */
export function namesSetIn(root: SyntaxNode): string[] {
  const names: string[] = [];
  visit(root, (node) => {
    if (node.type === "Assignment") names.push(node.name);
    if (node.type === "For" || node.type === "Select") names.push(node.name.value);
    if (node.type === "Command" && node.name?.value === "read")
      names.push(...node.args.map((one) => (one.type === "Word" ? one.value : one.name)));
  });
  return names;
}
