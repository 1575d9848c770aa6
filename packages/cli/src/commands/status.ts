import type { Client } from "@mainstay/sdk/client";
import { type Clock, isoTime } from "@mainstay/sdk/clock";
import { ProblemError } from "@mainstay/sdk/call";
import { isSettled, type QueuePlace, type Turn } from "@mainstay/sdk/turn";
import { Command } from "commander";
import { minute, standingOf } from "../conversation/command-lines.ts";
import { tellLeft } from "../conversation/left-to-decide.ts";
import {
  never_parked,
  type ParkedTime,
  parkedText,
  withParking,
} from "../conversation/parked-time.ts";
import { span } from "../conversation/progress-text.ts";
import { commandEnd } from "../conversation/tool-lines.ts";
import { turnJournal } from "../conversation/turn-journal.ts";
import { heard, no_wait, type WaitedFor } from "../conversation/waited-for.ts";
import { isTypedCommand } from "../conversation/typed-command.ts";
import { pauseLine } from "../conversation/pause-line.ts";
import { wholeList } from "../conversation/whole-list.ts";
import { exit } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import type { WithServer } from "../program.ts";
import { commandLine, escapePath, oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

export interface StatusParts {
  withServer: WithServer;
  screen: Screen;
  clock: Clock;
}

export function statusCommand({ withServer, screen, clock }: StatusParts): Command {
  return new Command("status")
    .description("show one turn: where it stands, what it did, its answer")
    .argument("<turn-id>")
    .option("--json", "print the turn as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay status turn_0123456789abcdef")
    .action((turn_id: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        if (turn_id.trim() === "") throw new UsageFault("No turn is named; see: mainstay turns");
        const turn = await client.turns.get(turn_id);
        if (json) screen.json(turn);
        else describe(turn, await besideOf(turn, client, clock), screen);
        if (!json) await tellLeft(turn, { client, screen });
        return exit.ok;
      }),
    );
}

/** What is known of a turn and stands elsewhere. */
interface Beside {
  waits: string[];
  parked: ParkedTime;
  now_ms: number;
  /** By the edit, the undo that took it back. */
  undos: ReadonlyMap<string, string>;
}

async function besideOf(turn: Turn, client: Client, clock: Clock): Promise<Beside> {
  return {
    waits: await waitOf(turn, client, clock),
    undos: await undosOf(turn, client),
    parked: await parkedTimeOf(turn, client),
    now_ms: clock.now(),
  };
}

/** The turn itself is known also where its journal is damaged. */
async function parkedTimeOf(turn: Turn, client: Client): Promise<ParkedTime> {
  let time = never_parked;
  if (!isSettled(turn.state) && turn.state !== "parked") return time;
  try {
    for await (const event of turnJournal(client, turn.id)) time = withParking(time, event);
  } catch (fault) {
    if (!(fault instanceof ProblemError)) throw fault;
  }
  return time;
}

async function undosOf({ id: turn_id, edits }: Turn, client: Client) {
  if (edits.length === 0) return new Map<string, string>();
  const { items } = await wholeList((page) => client.edits.list({ turn_id }, page));
  return new Map(items.flatMap(({ id, undone_by }) => (undone_by ? [[id, undone_by]] : [])));
}

/** For whom a running turn waits: a command of its own, or the model. */
async function waitOf(turn: Turn, client: Client, clock: Clock): Promise<string[]> {
  if (turn.state !== "running") return [];
  const { items } = await client.commands.list({ turn_id: turn.id, state: "running" });
  const waited = items.filter(({ background }) => !background);
  if (waited.length > 0)
    return waited.map((one) => `for the command ${one.id}: ${standingOf(one)}`);
  let wait = no_wait;
  for await (const event of turnJournal(client, turn.id)) wait = heard(wait, event, event.at);
  return wait.waited.kind === "model" ? [modelWait(wait.waited, clock.now())] : [];
}

/** Asked, says the journal: what it has said since is not in there yet. */
function modelWait({ name, since_ms }: ModelWait, now_ms: number): string {
  const who = name === null ? "" : ` ${oneLine(name)}`;
  return `for the model${who}, asked ${span(now_ms - since_ms)} ago`;
}

type ModelWait = Extract<WaitedFor, { kind: "model" }>;

function describe(turn: Turn, beside: Beside, screen: Screen): void {
  const { waits, undos } = beside;
  const fact = (name: string, value: string) => screen.print(`${name.padEnd(9)} ${value}`);
  fact("state", turn.state);
  for (const [name, value] of parkedFacts(turn, beside)) fact(name, value);
  fact("asked", isTypedCommand(turn.message) ? commandLine(turn.message) : oneLine(turn.message));
  if (turn.queue) fact("waits", placeLine(turn.queue));
  for (const wait of waits) fact("waits", wait);
  if (turn.pause)
    fact("waits", `${pauseLine(turn.pause)}; it goes on by itself when that is lifted`);
  if (turn.state === "awaiting_approval") fact("waits", "for your consent: mainstay approvals");
  if (turn.mode && turn.answer)
    fact("answered", [turn.mode, turn.provider, turn.model].filter(Boolean).join(" · "));
  if (turn.provider_why) fact("because", oneLine(turn.provider_why));
  if (turn.usage.input_tokens > 0)
    fact("tokens", `${turn.usage.input_tokens} in, ${turn.usage.output_tokens} out`);
  for (const command of turn.commands)
    fact("command", `${commandEnd(command)}  ${commandLine(command.command)}`);
  for (const { id, path } of turn.edits) {
    const undo = undos.get(id);
    fact("edit", `${escapePath(path)}${undo === undefined ? "" : ` (taken back by ${undo})`}`);
  }
  for (const approval of turn.approvals) fact("approval", approval);
  if (turn.error) fact("error", `${turn.error.code}: ${turn.error.message}`);
  if (turn.answer) screen.print(`\n${turn.answer}`);
}

const awaited = {
  model:
    "for a model, and goes on by itself unless its session went on; see: mainstay provider list",
  person: "for you to retry it, or to give it up",
  lift: "for the end of a pause",
} as const;

/** How long it is or was parked, and what its person can do about it. */
function parkedFacts({ id, pause }: Turn, { parked, now_ms }: Beside): [string, string][] {
  const text = parkedText(parked);
  if (text !== null) return [["was", text]];
  if (parked.state !== "parked") return [];
  const { since_ms, waits_for } = parked;
  const since = `${minute(isoTime(since_ms))}, for ${span(now_ms - since_ms)}`;
  return [
    ["since", since],
    ...(pause === null ? [["waits", awaited[waits_for]] as [string, string]] : []),
    ...(waits_for === "lift" ? [] : [["retry", `mainstay retry ${id}`] as [string, string]]),
    ["cancel", `mainstay cancel ${id}`],
  ];
}

function placeLine({ position, eta_s, reason }: QueuePlace): string {
  return `place ${position}${eta_s === null ? "" : `, about ${eta_s} s`}: ${reason}`;
}
