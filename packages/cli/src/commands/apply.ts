import { ProblemError } from "@mainstay/sdk/call";
import type { Client, PageWish } from "@mainstay/sdk/client";
import type { Edit, Offer } from "@mainstay/sdk/edits";
import { Command, InvalidArgumentError } from "commander";
import { printDiff } from "../conversation/diff-lines.ts";
import { fileLines, someOf, standingOf } from "../conversation/edit-lines.ts";
import { tellRefusal } from "../conversation/edit-refusal.ts";
import { wholeList } from "../conversation/whole-list.ts";
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
  parts: Parts,
): Promise<ExitCode> {
  const offer = offers.find((one) => one.number === number);
  if (!offer) throw await noOffer(turn_id, number, parts);
  if (offer.fault !== null) {
    sayFault(offer, parts.screen);
    return exit.failed;
  }
  if (json) return take(turn_id, offer, parts, parts.screen.json);
  show(offer, parts.screen);
  return take(turn_id, offer, parts);
}

/** What was written of an answer is no offer of it any more. */
async function noOffer(turn_id: string, number: number | undefined, { client }: Parts) {
  const list = (page: PageWish) => client.edits.list({ turn_id, standing: true }, page);
  const { items } = await wholeList(list);
  const written = items.filter(({ origin }) => origin === "offer");
  if (written.length === 0)
    return new UsageFault(`There is no offer ${number}; see: mainstay apply ${turn_id} --json`);
  const what = written.map(({ id, files }) => `${someOf(files.map(({ path }) => path))} (${id})`);
  return new UsageFault(
    `There is no offer ${number} left; written of this answer: ${what.join(", ")}`,
  );
}

/** Each is shown as it is when it is its turn: those before it, and time, may have changed its file. */
async function takeAsked(
  turn_id: string,
  offers: readonly Offer[],
  asker: Asker,
  parts: Parts,
): Promise<ExitCode> {
  const { client, screen } = parts;
  let code: ExitCode = exit.ok;
  for (const listed of offers) {
    const { items } = listed === offers[0] ? { items: offers } : await client.turns.offers(turn_id);
    const offer = items.find(({ number }) => number === listed.number);
    if (!offer) screen.note(`${escapePath(listed.path)} is so already`);
    else if ((await takeIfAgreed(turn_id, offer, asker, parts)) === exit.failed) code = exit.failed;
  }
  return code;
}

async function takeIfAgreed(
  turn_id: string,
  offer: Offer,
  asker: Asker,
  parts: Parts,
): Promise<ExitCode> {
  show(offer, parts.screen);
  if (offer.fault !== null) return exit.failed;
  return (await agrees(asker, offer, parts.screen)) ? take(turn_id, offer, parts) : exit.ok;
}

/** A refusal is told, so that it keeps no other offer from being asked about. */
async function take(
  turn_id: string,
  { number, sha256 }: Offer,
  { client, screen }: Parts,
  tell = (edit: Edit) => sayTaken(edit, screen),
): Promise<ExitCode> {
  try {
    const edit = await client.turns.takeOffer(turn_id, number, sha256);
    tell(edit);
    return edit.state === "applied" ? exit.ok : exit.failed;
  } catch (fault) {
    if (!(fault instanceof ProblemError)) throw fault;
    tellRefusal(fault, screen);
    return exit.failed;
  }
}

async function agrees(asker: Asker, offer: Offer, screen: Screen): Promise<boolean> {
  const { path, hidden_lines } = offer;
  const but = hidden_lines === 0 ? "" : ` ${hidden_lines} lines of its diff are not shown.`;
  for (;;) {
    const reply = await asker.ask(`  Write ${oneLine(escapePath(path))}?${but} [y]es  [n]o > `);
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

function sayFault({ path, fault }: Offer, screen: Screen): void {
  screen.note(`${escapePath(path)} cannot be written: ${oneLine(fault ?? "", Infinity)}`, "bad");
}

function sayTaken(edit: Edit, screen: Screen): void {
  if (edit.state !== "applied") {
    const what = edit.state === "untouched" ? "Nothing was written" : "It was not written whole";
    screen.note(`${what}; the edit is ${standingOf(edit)}`, "bad");
    if (edit.state !== "untouched") screen.note(`See: mainstay edits ${edit.id}`);
    return;
  }
  fileLines(edit.files).forEach((line) => screen.print(line));
  if (edit.fault !== null) screen.note(oneLine(edit.fault, Infinity), "bad");
  screen.note(`To take it back: mainstay undo ${edit.id}`, "dim");
}
