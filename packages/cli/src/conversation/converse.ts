import type { Client } from "@mainstay/sdk/client";
import { exit, type ExitCode } from "../exit.ts";
import { ProblemError } from "@mainstay/sdk/call";
import { problemLines } from "../faults.ts";
import { placeOf, type PlaceOptions, type PlaceParts } from "../folder/place.ts";
import { eitherOf } from "../terminal/interrupts.ts";
import { type LineReader, openLineReader, type Terminal } from "../terminal/line-reader.ts";
import { exitCodeOf, explainEnd, runTurn, type RunTurnParts } from "./run-turn.ts";

export interface ChatParts extends RunTurnParts, PlaceParts {
  terminal: Terminal;
}

interface Chat {
  place: { session_id?: string; workspace?: string };
  json: boolean;
  reader: LineReader;
  /** The worst end of a turn so far. */
  worst: ExitCode;
}

const from_best: readonly ExitCode[] = [exit.ok, exit.consent, exit.failed, exit.interrupted];
const worse = (a: ExitCode, b: ExitCode) => (from_best.indexOf(a) < from_best.indexOf(b) ? b : a);

/**
 * One session, message by message, until the person leaves. A person at a terminal has seen how each
 * turn ended; who reads the exit code of a pipe gets the worst of them.
 */
export async function converse(
  options: PlaceOptions & { json?: boolean },
  parts: ChatParts,
): Promise<ExitCode> {
  const place = await placeOf(options, parts);
  const reader = openLineReader(parts.terminal);
  const chat: Chat = { place, json: options.json === true, reader, worst: exit.ok };
  if (parts.asker)
    parts.screen.note("Ctrl-C cancels what runs, Ctrl-D leaves, /help says more.", "dim");
  try {
    for (;;) {
      const reply = await reader.next("› ");
      if (reply.kind === "ended") return leave(chat, parts);
      if (reply.kind !== "line" || reply.text.trim() === "") continue;
      const then = await respond(reply.text, chat, parts);
      if (then !== "go on") return then;
    }
  } finally {
    reader.close();
  }
}

const leave = ({ worst }: Chat, { asker }: ChatParts) => (asker ? exit.ok : worst);

type Then = "go on" | ExitCode;

const help = `/new     start a new session
/status  where you are, and what the server can do
/exit    leave (or Ctrl-D)
!COMMAND runs a command without a model, with the same consent`;

async function respond(text: string, chat: Chat, parts: ChatParts): Promise<Then> {
  switch (text.trim()) {
    case "/exit":
      return leave(chat, parts);
    case "/help":
      parts.screen.note(help);
      return "go on";
    case "/new":
      delete chat.place.session_id;
      parts.screen.note("A new session starts with your next message.");
      return "go on";
    case "/status":
      await showStatus(chat, parts);
      return "go on";
    default:
      if (!/^\/[a-z]+$/.test(text.trim())) return turn(text, chat, parts);
      parts.screen.note(`There is no ${text.trim()}; /help lists what there is.`, "bad");
      return "go on";
  }
}

async function showStatus({ place }: Chat, { client, screen }: { client: Client } & ChatParts) {
  const [me, ready] = await Promise.all([client.me(), client.readyz()]);
  screen.note(`session    ${place.session_id ?? "new with your next message"}`);
  screen.note(`workspace  ${place.workspace ?? "your private folder, or the session's"}`);
  screen.note(`you        ${me.name} (${me.role}, ${me.tier})`);
  screen.note(`server     ${ready.level}, version ${ready.version}`);
}

/** A refused message does not end the chat: the person reads why and goes on. */
async function turn(message: string, chat: Chat, parts: ChatParts): Promise<Then> {
  const { reader, place, json } = chat;
  const screen = json ? { ...parts.screen, answer: () => undefined } : parts.screen;
  try {
    const run = await runTurn(
      { message, ...place },
      {
        ...parts,
        screen,
        interrupts: eitherOf(parts.interrupts, reader),
        asker: parts.asker && reader,
      },
    );
    if (run.turn) place.session_id = run.turn.session_id;
    chat.worst = worse(chat.worst, exitCodeOf(run));
    explainEnd(run, parts.screen);
    if (json && run.turn) parts.screen.json(await parts.client.turns.get(run.turn.id));
    return run.end === "left" ? exit.interrupted : "go on";
  } catch (fault) {
    if (!(fault instanceof ProblemError)) throw fault;
    chat.worst = worse(chat.worst, exit.failed);
    for (const line of problemLines(fault.problem)) parts.screen.note(line, "bad");
    return "go on";
  }
}
