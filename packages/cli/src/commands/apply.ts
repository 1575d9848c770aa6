import type { Client } from "@mainstay/sdk/client";
import type { Edit, Offer } from "@mainstay/sdk/edits";
import { Command, InvalidArgumentError } from "commander";
import { printDiff } from "../conversation/diff-lines.ts";
import { fileLines, standingOf } from "../conversation/edit-lines.ts";
import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import type { WithServer } from "../program.ts";
import { escapePath, oneLine } from "../terminal/escape.ts";
import { Interrupted } from "../terminal/interrupts.ts";
import type { Asker } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";

interface ApplyParts {
  withServer: WithServer;
  screen: Screen;
  /** Absent where there is no terminal to ask on. */
  asker: Asker | undefined;
}

interface Options {
  offer?: number;
  json?: true;
}

type Parts = Omit<ApplyParts, "withServer"> & { client: Client };

export function applyCommand({ withServer, ...parts }: ApplyParts): Command {
  return new Command("apply")
    .description("write files that an answer shows as code blocks; each is shown and asked about")
    .argument("<turn-id>", "the turn of that answer")
    .option("--offer <number>", "write just this one, without being asked", numberOf)
    .option("--json", "print the offers, or with --offer the edit, as JSON; nothing is asked")
    .addHelpText("after", examples)
    .action((turn_id: string, options: Options) =>
      withServer((client) => apply(turn_id, options, { ...parts, client })),
    );
}

const examples = `
Away from a terminal it shows them and writes nothing but what --offer names.

Examples:
  $ mainstay apply turn_0123456789abcdef
  $ mainstay apply turn_0123456789abcdef --offer 2`;

function numberOf(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("write its number: 1, say");
}

async function apply(turn_id: string, options: Options, parts: Parts): Promise<ExitCode> {
  const { client, screen, asker } = parts;
  if (turn_id.trim() === "") throw new UsageFault("No turn is named; see: mainstay turns");
  const offers = await client.turns.offers(turn_id);
  if (options.offer !== undefined) return takeNamed(turn_id, offers.items, options, parts);
  if (options.json) screen.json(offers);
  else if (offers.items.length === 0)
    screen.note("Its answer shows no file that could be written.");
  else if (asker) return takeAsked(turn_id, offers.items, asker, parts);
  else offers.items.forEach((offer) => show(offer, screen));
  return exit.ok;
}

async function takeNamed(
  turn_id: string,
  offers: readonly Offer[],
  { offer: number, json }: Options,
  { client, screen }: Parts,
): Promise<ExitCode> {
  const offer = offers.find((one) => one.number === number);
  if (!offer)
    throw new UsageFault(`There is no offer ${number}; see: mainstay apply ${turn_id} --json`);
  if (offer.fault !== null) return sayFault(offer, screen);
  const edit = await client.turns.takeOffer(turn_id, offer.number, offer.sha256);
  if (json) screen.json(edit);
  else sayTaken(edit, screen);
  return codeOf(edit);
}

/** What one of them cannot do keeps no other from being asked about. */
async function takeAsked(
  turn_id: string,
  offers: readonly Offer[],
  asker: Asker,
  { client, screen }: Parts,
): Promise<ExitCode> {
  let code: ExitCode = exit.ok;
  for (const offer of offers) {
    show(offer, screen);
    if (offer.fault !== null) code = exit.failed;
    else if (await agrees(asker, offer, screen)) {
      const edit = await client.turns.takeOffer(turn_id, offer.number, offer.sha256);
      sayTaken(edit, screen);
      if (edit.state !== "applied") code = exit.failed;
    }
  }
  return code;
}

async function agrees(asker: Asker, { path }: Offer, screen: Screen): Promise<boolean> {
  for (;;) {
    const reply = await asker.ask(`  Write ${oneLine(escapePath(path))}? [y]es  [n]o > `);
    if (reply.kind === "interrupted") throw new Interrupted();
    if (reply.kind !== "line") return false;
    const word = reply.text.trim().toLowerCase();
    if (word === "y" || word === "yes") return true;
    if (word === "n" || word === "no") return false;
    screen.note("  Please type y or n.");
  }
}

function show(offer: Offer, screen: Screen): void {
  screen.print(`${offer.number}  ${escapePath(offer.path)}`, "strong");
  if (offer.diff !== null) printDiff(offer.diff, screen);
  if (offer.fault !== null) sayFault(offer, screen);
}

function sayFault({ path, fault }: Offer, screen: Screen): ExitCode {
  screen.note(`${escapePath(path)} cannot be written: ${oneLine(fault ?? "", Infinity)}`, "bad");
  return exit.failed;
}

function sayTaken(edit: Edit, screen: Screen): void {
  if (edit.state !== "applied") {
    screen.note(`Nothing was written; the edit is ${standingOf(edit)}`, "bad");
    return;
  }
  fileLines(edit.files).forEach((line) => screen.print(line));
  if (edit.fault !== null) screen.note(oneLine(edit.fault, Infinity), "bad");
  screen.note(`To take it back: mainstay undo ${edit.id}`, "dim");
}

const codeOf = ({ state }: Edit): ExitCode => (state === "applied" ? exit.ok : exit.failed);
