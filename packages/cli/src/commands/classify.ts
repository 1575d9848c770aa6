import { createReadStream } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Classified } from "@mainstay/server/commands/classify";
import { Command } from "commander";
import type { Config } from "../config.ts";
import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import type { Run } from "../program.ts";
import { escapePath } from "../terminal/escape.ts";
import type { Terminal } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";

export interface ClassifyParts {
  run: Run;
  screen: Screen;
  terminal: Terminal;
  config: Config;
}

interface Options {
  file?: string;
  workspace?: string;
  json?: boolean;
}

const HELP = `
Exit codes: 0 safe, 3 it would be asked about, 5 blocked.
With --file: 0 when every line was judged, 1 when one could not be read.

Examples:
  $ mainstay classify 'git log -3 | head'
  $ mainstay classify --file commands.jsonl --json
  $ mainstay classify --file - < commands.jsonl`;

export function classifyCommand(parts: ClassifyParts): Command {
  const { run, config } = parts;
  return new Command("classify")
    .description("say what the policy says of a command, without running it and without a server")
    .argument("[command]", "a script for bash, as one word")
    .option("--file <path>", 'many commands: one {"id", "command"} a line; - reads standard input')
    .option("--workspace <folder>", "where it would run (default: the current folder)")
    .option("--json", "print {verdict, reason} as JSON, with the id for a file's lines")
    .addHelpText("after", HELP)
    .action((command: string | undefined, options: Options) =>
      run(async () => {
        const workspace = await folderAt(resolve(config.folder(), options.workspace ?? "."));
        if (options.file !== undefined && command === undefined)
          return classifyFile(options.file, workspace, options, parts);
        if (command !== undefined && options.file === undefined)
          return classifyOne(command, workspace, options, parts);
        throw new UsageFault(
          "Give one command, or --file with many; see: mainstay classify --help",
        );
      }),
    );
}

async function folderAt(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() !== true) throw new UsageFault(`There is no folder ${escapePath(path)}`);
  return realpath(path);
}

async function classifyOne(
  command: string,
  workspace: string,
  { json }: Options,
  { screen }: ClassifyParts,
): Promise<ExitCode> {
  const room = await import("@mainstay/server/commands/classify");
  const classified = room.classifyCommand(command, workspace);
  const { verdict, reason } = classified;
  if (json) screen.json({ verdict, reason });
  else show(classified, screen);
  return { safe: exit.ok, ask: exit.consent, blocked: exit.blocked }[verdict];
}

function show({ verdict, reason, part, findings, runs }: Classified, screen: Screen): void {
  screen.print(`${verdict}: ${reason}`, verdict === "blocked" ? "bad" : "strong");
  if (part !== null) screen.print(`  in: ${part}`);
  for (const finding of findings.slice(1)) {
    const where = finding.part === null ? "" : `  in: ${finding.part}`;
    screen.print(`  also ${finding.verdict}: ${finding.reason}${where}`);
  }
  for (const { path, changed } of runs)
    screen.print(`  runs ${escapePath(path)}${changed ? ", which it may change before" : ""}`);
}

async function classifyFile(
  path: string,
  workspace: string,
  { json }: Options,
  { screen, terminal, config }: ClassifyParts,
): Promise<ExitCode> {
  const room = await import("@mainstay/server/commands/classify");
  const input = path === "-" ? terminal.stdin : await fileAt(resolve(config.folder(), path));
  const place = path === "-" ? "standard input" : escapePath(path);
  let code: ExitCode = exit.ok;
  for await (const line of room.classifyLines(input, workspace)) {
    if (line.kind === "fault") {
      screen.note(`${place}, line ${line.line}: ${line.fault}`, "bad");
      code = exit.failed;
      continue;
    }
    const { verdict, reason } = line.classified;
    if (json) screen.json({ id: line.id, verdict, reason });
    else screen.print(rowOf(line.id, line.classified));
  }
  return code;
}

/** One line, whatever is in it; an id that could be read as something else is quoted. */
function rowOf(id: string | number, { verdict, reason, part }: Classified): string {
  const name = /^[\w.:@/-]+$/.test(String(id)) ? String(id) : JSON.stringify(id);
  const where = part === null ? "" : `  in: ${part}`;
  return escapePath(`${name}  ${verdict}: ${reason}${where}`);
}

/** Opened before it is read: a missing file is a plain sentence, not a stream's error. */
async function fileAt(path: string) {
  const file = await open(path).catch(() => null);
  if (file === null) throw new UsageFault(`The file ${escapePath(path)} cannot be read`);
  if (!(await file.stat()).isDirectory()) return createReadStream("", { fd: file });
  await file.close();
  throw new UsageFault(`${escapePath(path)} is a folder; --file reads a file of commands`);
}
