import type { Client } from "@mainstay/sdk/client";
import type { Edit, EditsFilter } from "@mainstay/sdk/edits";
import { Command } from "commander";
import type { Config } from "../config.ts";
import { printDiff } from "../conversation/diff-lines.ts";
import { editFacts, editRow } from "../conversation/edit-lines.ts";
import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import { foldersOf, workspaceId } from "../folder/current-workspace.ts";
import type { WithServer } from "../program.ts";
import { oneLine } from "../terminal/escape.ts";
import { hangingRows } from "../terminal/rows.ts";
import type { Screen } from "../terminal/screen.ts";

interface Options {
  turn?: string;
  session?: string;
  workspace?: string;
  standing?: true;
  after?: string;
  json?: true;
}

interface EditsParts {
  withServer: WithServer;
  screen: Screen;
  config: Config;
}

type Parts = Omit<EditsParts, "withServer"> & { client: Client };

export function editsCommand({ withServer, ...parts }: EditsParts): Command {
  return new Command("edits")
    .description("the edits of files that were done for you; of one, what it changed")
    .argument("[edit-id]", "just this one, with its diff")
    .option("--turn <id>", "only those of this turn")
    .option("--session <id>", "only those of this session")
    .option("--workspace <id-or-path>", "only those there")
    .option("--standing", "only those that were done and not taken back")
    .option("--after <next>", "older ones, past a list that ended with this")
    .option("--json", "print JSON: {items, next}, or the edit with its diff")
    .addHelpText("after", examples)
    .action((edit_id: string | undefined, options: Options) =>
      withServer((client) =>
        edit_id === undefined
          ? list(options, { ...parts, client })
          : one(edit_id, options, { ...parts, client }),
      ),
    );
}

const examples = `
Examples:
  $ mainstay edits --standing
  $ mainstay edits edit_0123456789abcdef
  $ mainstay undo edit_0123456789abcdef`;

async function list(options: Options, parts: Parts): Promise<ExitCode> {
  const { client, screen } = parts;
  const { after } = options;
  const page = after === undefined ? {} : { after };
  const filter = await filterOf(options, parts);
  const found = await client.edits.list(filter, page);
  if (found.items.length === 0) await refuseUnknown(filter, client);
  if (options.json) screen.json(found);
  else if (found.items.length === 0) screen.note("No edits.");
  else await printRows(found.items, parts);
  if (!options.json && found.next !== null)
    screen.note(`There are older ones: the same with --after ${found.next}`);
  return exit.ok;
}

/** That nothing is in a list could be that its name is nobody's. @throws ProblemError */
async function refuseUnknown(
  { turn_id, session_id, workspace_id }: EditsFilter,
  client: Client,
): Promise<void> {
  if (turn_id !== undefined) await client.turns.get(turn_id);
  if (session_id !== undefined) await client.sessions.get(session_id);
  if (workspace_id !== undefined) await client.workspaces.network.list(workspace_id);
}

async function printRows(edits: readonly Edit[], { client, config, screen }: Parts): Promise<void> {
  const { paths, here } = await foldersOf(client, config);
  for (const edit of edits) {
    const { workspace_id } = edit;
    const elsewhere = workspace_id === here ? undefined : (paths.get(workspace_id) ?? workspace_id);
    screen.print(editRow(edit, elsewhere));
  }
}

async function filterOf(
  { turn, session, workspace, standing }: Options,
  { client, config }: Parts,
): Promise<EditsFilter> {
  return {
    ...(turn !== undefined && { turn_id: turn }),
    ...(session !== undefined && { session_id: session }),
    ...(workspace !== undefined && { workspace_id: await workspaceId(client, config, workspace) }),
    ...(standing && { standing }),
  };
}

async function one(edit_id: string, options: Options, { client, config, screen }: Parts) {
  if (edit_id.trim() === "") throw new UsageFault("Which edit? See: mainstay edits");
  const { json: _, ...of_list } = options;
  if (Object.keys(of_list).length > 0)
    throw new UsageFault("Only --json goes with an edit; the others are for the list of edits");
  const [edit, { diff, gaps }] = await Promise.all([
    client.edits.get(edit_id),
    client.edits.diff(edit_id),
  ]);
  if (options.json) {
    screen.json({ ...edit, diff, gaps });
    return exit.ok;
  }
  const { paths } = await foldersOf(client, config);
  showFacts(editFacts(edit, paths.get(edit.workspace_id) ?? edit.workspace_id), screen);
  if (diff !== null && diff !== "") {
    screen.print("");
    printDiff(diff, screen);
  }
  for (const gap of gaps) screen.print(`! ${oneLine(gap)}`);
  return exit.ok;
}

function showFacts(facts: [label: string, text: string][], screen: Screen): void {
  const columns = screen.on_terminal ? screen.columns() : Infinity;
  for (const [label, text] of facts)
    hangingRows(label.padEnd(LABEL_COLUMNS), text, columns).forEach((row) => screen.print(row));
}

const LABEL_COLUMNS = 8;
