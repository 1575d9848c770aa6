import { join, normalize } from "node:path";
import type { Dialect } from "./foreign.ts";
import { callsOf, type Recording } from "./recording.ts";

const FILE = String.raw`[\w@-][\w./@-]*\.(?:ts|json|md)`;
const FILE_NAME = new RegExp(`^${FILE}$`);
/** A line of grep's output. */
const FOUND_LINE = new RegExp(`^(${FILE})[:-](?:\\d+[:-])?(.*)$`);

/** A command that worked where it was recorded. */
interface Command {
  /** Its words, without quotes. */
  readonly words: readonly string[];
  /** Where it worked, relative to the workspace. */
  readonly folder: string;
  readonly output: string;
}

/** Files that only commands speak of: packages for npm, and sources that hold what was said of them. */
export function mentionedFiles(recording: Recording, dialect: Dialect): Map<string, string> {
  const commands = commandsOf(recording, dialect);
  return new Map([...sources(commands, dialect), ...packages(commands)]);
}

function commandsOf(recording: Recording, dialect: Dialect): Command[] {
  return callsOf(recording).flatMap((call) => {
    const result = recording.results.get(call.id);
    if (call.name !== "bash" || result === undefined || result.failed) return [];
    const words = call.arguments.command.split(/[\s"'();]+/);
    const folder = words[0] === "cd" ? dialect.path(words[1] ?? ".") : ".";
    return [{ words, folder, output: result.text }];
  });
}

function sources(commands: readonly Command[], dialect: Dialect): Map<string, string> {
  const files = new Map<string, string>();
  const add = (path: string, text: string) => files.set(path, `${files.get(path) ?? ""}${text}\n`);
  for (const { words, folder, output } of commands) {
    const here = (path: string) => normalize(join(folder, path));
    for (const word of words) {
      const path = dialect.path(word);
      if (FILE_NAME.test(path)) add(path === word ? here(path) : path, output);
    }
    for (const line of output.split("\n")) {
      const [, path, text = ""] = FOUND_LINE.exec(line) ?? [];
      if (path !== undefined) add(here(path), text);
    }
  }
  return files;
}

/** Packages whose scripts only say their name; and no waiting for a registry that is not there. */
function packages(commands: readonly Command[]): Map<string, string> {
  const files = new Map<string, string>();
  const npm = commands.filter(({ words }) => words.includes("npm") || words.includes("npx"));
  for (const { folder } of npm) {
    const scripts = npm
      .filter((command) => command.folder === folder)
      .flatMap(({ words }) =>
        words.includes("run") ? (words[words.indexOf("run") + 1] ?? []) : [],
      );
    const content = { private: true, scripts: Object.fromEntries(scripts.map(echoing)) };
    files.set(join(folder, "package.json"), JSON.stringify(content, null, 2));
  }
  return files;
}

const echoing = (script: string): [string, string] => [script, `echo ${script}`];
