import { type Import, importsOf } from "./imports.ts";
import {
  packages,
  room_for_cli,
  rooms,
  rooms_for_all,
  rooms_without_face,
  server_root_files,
} from "./rooms.ts";

/** What the rules found, and how much they looked at. */
export interface Verdict {
  violations: string[];
  files_seen: number;
  /** Imports that lead to files of this repository. */
  imports_seen: number;
}

/** Judges sources by the room table. Keys are paths from the root, as `packages/sdk/src/clock.ts`. */
export function judge(sources: ReadonlyMap<string, string>): Verdict {
  const imports = [...sources].flatMap(([file, source]) => importsOf(file, source));
  const ours = imports.filter(({ target }) => target !== null);
  return {
    violations: [
      ...[...sources.keys()].flatMap(misplaced),
      ...imports.flatMap(forbidden),
      ...cyclesOf(ours),
    ],
    files_seen: sources.size,
    imports_seen: ours.length,
  };
}

/** Where a file lives: a package, and inside the server a room or the root. */
interface Place {
  package_name: string;
  room: string | null;
  file: string;
}

function placeOf(path: string): Place | null {
  const [top, package_name, src, ...inside] = path.split("/");
  const file = inside.at(-1);
  if (top !== "packages" || src !== "src" || !package_name || !file) return null;
  return { package_name, file, room: inside.length > 1 ? (inside[0] ?? null) : null };
}

function misplaced(path: string): string[] {
  const place = placeOf(path);
  if (!place || !Object.hasOwn(packages, place.package_name))
    return [`${path}: its package is not in the room table`];
  if (place.package_name !== "server") return [];
  if (place.room === null)
    return server_root_files.includes(place.file)
      ? []
      : [`${path}: the server's root holds only ${server_root_files.join(", ")}`];
  return Object.hasOwn(rooms, place.room) ? [] : [`${path}: its room is not in the room table`];
}

function forbidden(found: Import): string[] {
  const say = (why: string) => [
    `${found.file}:${found.line}: ${found.specifier ?? "a computed import"}: ${why}`,
  ];
  if (found.specifier === null) return say("nobody can check where it leads");
  if (found.target === null) return [];
  const from = placeOf(found.file);
  const to = placeOf(found.target);
  if (!from) return [];
  if (!to) return say("it leads out of the packages' sources");
  const why =
    from.package_name === to.package_name
      ? from.package_name === "server" && withinServer(from, to, found.target)
      : betweenPackages(from, to, found);
  return why ? say(why) : [];
}

function betweenPackages(from: Place, to: Place, { kind, specifier }: Import): string | false {
  if (!packages[from.package_name]?.includes(to.package_name))
    return `${from.package_name} may not import ${to.package_name}`;
  if (specifier?.startsWith(".")) return "another package is imported by its name, not by a path";
  if (from.package_name !== "cli" || to.package_name !== "server") return false;
  if (to.room !== room_for_cli) return `of the server, cli may import ${room_for_cli}/ only`;
  return kind === "runtime" && "cli loads the server lazily, by import()";
}

function withinServer(from: Place, to: Place, target: string): string | false {
  if (from.room === null || from.room === to.room) return false;
  if (to.room === null)
    return from.room !== "commands" && "rooms receive what they use; they do not import the root";
  if (!mayImport(from.room, to.room)) return `${from.room} may not import ${to.room}`;
  const face = `packages/server/src/${to.room}/${to.room}.ts`;
  return (
    !rooms_without_face.includes(to.room) &&
    target !== face &&
    `only the face of a room is imported, ${to.room}/${to.room}.ts`
  );
}

function mayImport(from: string, to: string): boolean {
  if (from === "kernel") return false;
  const allowed = rooms[from];
  return allowed === "every room" || rooms_for_all.includes(to) || !!allowed?.includes(to);
}

/** Cycles of imports that exist at run time from the start; `import()` and type imports do not count. */
function cyclesOf(imports: readonly Import[]): string[] {
  const edges = new Map<string, string[]>();
  for (const { file, kind, target } of imports)
    if (kind === "runtime" && target) edges.set(file, [...(edges.get(file) ?? []), target]);

  const cycles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]) => {
    const seen_at = path.indexOf(file);
    if (seen_at >= 0) cycles.push(`import cycle: ${[...path.slice(seen_at), file].join(" → ")}`);
    if (seen_at >= 0 || done.has(file)) return;
    for (const next of edges.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) walk(file, []);
  return cycles;
}
