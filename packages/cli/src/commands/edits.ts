import type { Client } from "@mainstay/sdk/client";
import type { EditsFilter } from "@mainstay/sdk/edits";
import { Command } from "commander";
import { printDiff } from "../conversation/diff-lines.ts";
import { editFacts, editRow } from "../conversation/edit-lines.ts";
import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import type { WithServer } from "../program.ts";
import { oneLine } from "../terminal/escape.ts";
import { hangingRows } from "../terminal/rows.ts";
import type { Screen } from "../terminal/screen.ts";

interface Options {
  turn?: string;
  session?: string;
  standing?: true;
  json?: true;
}

interface Parts {
  client: Client;
  screen: Screen;
}

export function editsCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("edits")
    .description("the edits of files that were done for you; of one, what it changed")
    .argument("[edit-id]", "just this one, with its diff")
    .option("--turn <id>", "only those of this turn")
    .option("--session <id>", "only those of this session")
    .option("--standing", "only those that were done and not taken back")
    .option("--json", "print JSON: {items, next}, or the edit with its diff")
    .addHelpText("after", examples)
    .action((edit_id: string | undefined, options: Options) =>
      withServer((client) =>
        edit_id === undefined
          ? list(options, { client, screen })
          : one(edit_id, options, { client, screen }),
      ),
    );
}

const examples = `
Examples:
  $ mainstay edits --standing
  $ mainstay edits edit_0123456789abcdef
  $ mainstay undo edit_0123456789abcdef`;

async function list(options: Options, { client, screen }: Parts): Promise<ExitCode> {
  const found = await client.edits.list(filterOf(options));
  if (options.json) screen.json(found);
  else if (found.items.length === 0) screen.note("No edits.");
  else found.items.forEach((edit) => screen.print(editRow(edit)));
  if (!options.json && found.next !== null)
    screen.note("These are the newest; there are older ones.");
  return exit.ok;
}

const filterOf = ({ turn, session, standing }: Options): EditsFilter => ({
  ...(turn !== undefined && { turn_id: turn }),
  ...(session !== undefined && { session_id: session }),
  ...(standing && { standing }),
});

async function one(edit_id: string, options: Options, { client, screen }: Parts) {
  if (edit_id.trim() === "") throw new UsageFault("Which edit? See: mainstay edits");
  if (options.turn !== undefined || options.session !== undefined || options.standing)
    throw new UsageFault("--turn, --session and --standing are for the list of edits");
  const [edit, { diff, gaps }] = await Promise.all([
    client.edits.get(edit_id),
    client.edits.diff(edit_id),
  ]);
  if (options.json) {
    screen.json({ ...edit, diff, gaps });
    return exit.ok;
  }
  showFacts(editFacts(edit), screen);
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
