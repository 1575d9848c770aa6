import { ProblemError, Unreachable } from "@mainstay/sdk/call";
import type { Client, PageWish } from "@mainstay/sdk/client";
import type { Edit } from "@mainstay/sdk/edits";
import { Command, Option } from "commander";
import type { Config } from "../config.ts";
import { fileLines, standingOf } from "../conversation/edit-lines.ts";
import { tellRefusal } from "../conversation/edit-refusal.ts";
import { tellCommandChanges } from "../conversation/left-to-decide.ts";
import { exit } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import { workspaceId } from "../folder/current-workspace.ts";
import type { WithServer } from "../program.ts";
import { oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

interface UndoParts {
  withServer: WithServer;
  screen: Screen;
  config: Config;
}

interface Options {
  turn?: string;
  session?: string;
  workspace?: string;
  json?: true;
}

export function undoCommand({ withServer, ...parts }: UndoParts): Command {
  return new Command("undo")
    .description("take back edits of files, whole; without a name, your last one in this folder")
    .argument("[edit-id]", "just this one; of an undo, have again what it took back")
    .addOption(
      new Option("--turn <id>", "all that stand of this turn").conflicts(["session", "workspace"]),
    )
    .addOption(new Option("--session <id>", "all that stand of this session"))
    .addOption(new Option("--workspace <id-or-path>", "your last one there").conflicts(["session"]))
    .option("--json", "print the edit that takes them back as JSON")
    .addHelpText("after", examples)
    .action((edit_id: string | undefined, options: Options) =>
      withServer((client) => undo(edit_id, options, { ...parts, client })),
    );
}

const examples = `
An undo is whole or not at all, never destroys what came later, and can be undone.

Examples:
  $ mainstay undo
  $ mainstay undo edit_0123456789abcdef
  $ mainstay undo --turn turn_0123456789abcdef`;

interface Parts {
  client: Client;
  screen: Screen;
  config: Config;
}

async function undo(edit_id: string | undefined, options: Options, parts: Parts) {
  const { screen } = parts;
  if (edit_id !== undefined && (options.turn ?? options.session ?? options.workspace) !== undefined)
    throw new UsageFault(
      "An edit is named already; --turn, --session and --workspace are for others",
    );
  if ([edit_id, options.turn, options.session].some((name) => name?.trim() === ""))
    throw new UsageFault("Which edits? See: mainstay edits --standing");
  const target = await targetOf(edit_id, options, parts);
  if (target === undefined) {
    screen.note("No edit of yours stands here; see: mainstay edits", "bad");
    return exit.failed;
  }
  const made = await target.takeBack().catch((fault: unknown) => sayNotDone(fault, target, screen));
  if (made === undefined) return exit.failed;
  if (options.json) screen.json(made);
  else sayUndone(made, screen);
  if (!options.json && made.state === "applied" && options.turn !== undefined)
    await tellCommandChanges(options.turn, parts);
  return made.state === "applied" ? exit.ok : exit.failed;
}

interface Target {
  takeBack(): Promise<Edit>;
  /** What it changed. */
  look: string;
  /** The edit that an undo without a name would take back after this one. */
  before?: string | undefined;
}

/** Undefined: there is nothing to take back. */
async function targetOf(
  edit_id: string | undefined,
  { turn, session, workspace }: Options,
  { client, config }: Parts,
): Promise<Target | undefined> {
  if (turn !== undefined)
    return { takeBack: () => client.turns.undo(turn), look: `mainstay edits --turn ${turn}` };
  if (session !== undefined)
    return {
      takeBack: () => client.sessions.undo(session),
      look: `mainstay edits --session ${session}`,
    };
  const [id, before] =
    edit_id === undefined
      ? await lastStanding(client, await workspaceId(client, config, workspace))
      : [edit_id];
  if (id === undefined) return undefined;
  return { takeBack: () => client.edits.undo(id), look: `mainstay edits ${id}`, before };
}

/** The last edit and the one before it. Of an admin's list many edits may be others'. */
async function lastStanding(client: Client, workspace_id: string): Promise<string[]> {
  const { id: person_id } = await client.me();
  const mine: string[] = [];
  for (let page: PageWish = {}; ;) {
    const { items, next } = await client.edits.list({ workspace_id, standing: true }, page);
    mine.push(...items.filter((edit) => edit.person_id === person_id).map(({ id }) => id));
    if (mine.length > 1 || next === null) return mine;
    page = { after: next };
  }
}

function sayUndone(undo: Edit, screen: Screen): void {
  if (undo.state !== "applied") {
    screen.note(`It was not taken back whole; the undo is ${standingOf(undo)}`, "bad");
    return;
  }
  const { undoes } = undo;
  screen.print(`Took back ${undoes.length === 1 ? undoes.join() : `${undoes.length} edits`}`);
  fileLines(undo.files).forEach((line) => screen.print(`  ${line}`));
  if (undo.fault !== null) screen.note(oneLine(undo.fault, Infinity), "bad");
  screen.note(`To have it again: mainstay undo ${undo.id}`, "dim");
}

/** What came later is shown, and kept: whether it goes, too, is for the person to say. */
function sayNotDone(fault: unknown, { look, before }: Target, screen: Screen): undefined {
  if (fault instanceof Unreachable) sayUnanswered(screen);
  if (!(fault instanceof ProblemError) || fault.problem.code !== "edit_conflict") throw fault;
  tellRefusal(fault, screen);
  screen.note("Nothing was taken back. To take over by hand what you want of it, see:");
  screen.note(`  ${look}`);
  if (before === undefined) return;
  screen.note("The one before it:");
  screen.note(`  mainstay undo ${before}`);
}

function sayUnanswered(screen: Screen): void {
  screen.note(
    "If the undo was begun, it is done or comes to nothing, whole, at the latest when the",
  );
  screen.note("server has started again. Which of it, says then:");
  screen.note("  mainstay edits");
}
