import { posix } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

/** One mention of another module, whatever its syntax. */
export interface Import {
  /** The importing file, relative to the repository's root. */
  file: string;
  line: number;
  /** `type` leaves nothing behind at run time; `lazy` is an `import()`. */
  kind: "type" | "runtime" | "lazy";
  /** Null when the specifier is computed, so that nobody can say where it leads. */
  specifier: string | null;
  /** The file of this repository that it leads to; null for packages of others. */
  target: string | null;
}

/** Every import of a TypeScript source. @throws Error when the source cannot be parsed. */
export function importsOf(file: string, source: string): Import[] {
  const { program, errors } = parseSync(file, source);
  const [fault] = errors;
  if (fault) throw new Error(`${file}: ${fault.message}`);

  const found: Import[] = [];
  const note = (node: { start: number }, kind: Import["kind"], specifier: string | null) => {
    const line = source.slice(0, node.start).split("\n").length;
    const target = specifier === null ? null : targetOf(file, specifier);
    found.push({ file, line, kind, specifier, target });
  };
  new Visitor({
    ImportDeclaration: (node) =>
      note(node, node.importKind === "type" ? "type" : "runtime", node.source.value),
    ExportAllDeclaration: (node) =>
      note(node, node.exportKind === "type" ? "type" : "runtime", node.source.value),
    ExportNamedDeclaration: (node) => {
      if (node.source)
        note(node, node.exportKind === "type" ? "type" : "runtime", node.source.value);
    },
    ImportExpression: ({ source: from, start }) =>
      note({ start }, "lazy", from.type === "Literal" ? String(from.value) : null),
    TSImportType: (node) => note(node, "type", node.source.value),
  }).visit(program);
  return found;
}

/** Follows relative paths and the `@mainstay/<package>/<file>` subpaths that package.json exports. */
function targetOf(file: string, specifier: string): string | null {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(file), specifier);
  const ours = /^@mainstay\/([^/]+)(?:\/(.+))?$/.exec(specifier);
  return ours ? `packages/${ours[1]}/src/${ours[2] ?? "index"}.ts` : null;
}
