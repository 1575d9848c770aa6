import type { Client } from "@mainstay/sdk/client";
import { exit, type ExitCode } from "../exit.ts";
import { ProblemError, Unreachable } from "@mainstay/sdk/call";
import { reportFault } from "../faults.ts";
import { placeOf, type PlaceOptions, type PlaceParts } from "../folder/place.ts";
import { escapePath } from "../terminal/escape.ts";
import { eitherOf } from "../terminal/interrupts.ts";
import { type LineReader, openLineReader, type Terminal } from "../terminal/line-reader.ts";
import { type ApprovalNotices, openApprovalNotices } from "./approval-notices.ts";
import { decidePending, printPending } from "./decide-pending.ts";
import { patientClient } from "./patient-client.ts";
import {
  decideLater,
  exitCodeOf,
  explainEnd,
  followOn,
  runTurn,
  type RunTurnParts,
  type TurnRun,
  type Waiting,
} from "./run-turn.ts";

export interface ChatParts extends RunTurnParts, PlaceParts {
  terminal: Terminal;
}

interface Chat {
  place: { session_id?: string; workspace?: string };
  json: boolean;
  reader: LineReader;
  /** Absent where nobody sits at a terminal. */
  notices: ApprovalNotices | undefined;
  /** The worst end of a turn so far. */
  worst: ExitCode;
  /** What `/approve` and `/deny` are about. */
  waiting: Waiting | undefined;
}

const from_best: readonly ExitCode[] = [
  exit.ok,
  exit.consent,
  exit.failed,
  exit.unreachable,
  exit.interrupted,
];
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
  const chat: Chat = {
    place,
    json: options.json === true,
    reader,
    notices: parts.asker && openApprovalNotices({ ...parts, reader }),
    worst: exit.ok,
    waiting: undefined,
  };
  if (parts.asker) {
    await showFolder(place, parts);
    parts.screen.note("Ctrl-C cancels what runs, Ctrl-D leaves, /help says more.", "dim");
  }
  try {
    for (;;) {
      const reply = await (chat.notices ?? reader).next("› ");
      if (reply.kind === "ended") return leave(chat, parts);
      if (reply.kind !== "line" || reply.text.trim() === "") continue;
      const then = await respond(reply.text, chat, parts).catch((fault: unknown) =>
        survived(fault, chat, parts),
      );
      if (then !== "go on") return then;
    }
  } finally {
    reader.close();
    await chat.notices?.close();
  }
}

/** The private folder was named when it was chosen. */
async function showFolder(place: Chat["place"], { client, screen }: ChatParts): Promise<void> {
  const named = place.workspace ?? (await workspaceOf(place.session_id, client));
  const { items } = await client.workspaces.list();
  const found = items.find(({ id, path }) => id === named || path === named);
  if (found) screen.note(`Working in ${escapePath(found.path)}`, "dim");
}

async function workspaceOf(session_id: string | undefined, client: Client) {
  if (session_id === undefined) return undefined;
  const { items } = await client.sessions.list();
  return items.find(({ id }) => id === session_id)?.workspace_id;
}

const leave = ({ worst }: Chat, { asker }: ChatParts) => (asker ? exit.ok : worst);

type Then = "go on" | ExitCode;

const help = `/new     start a new session
/approvals  what waits for your consent, of other turns too
/approve /deny  decide what you left for later
/status  where you are, and what the server can do
/exit    leave (or Ctrl-D)
!COMMAND runs a command without a model, with the same consent
Several lines at once: paste them; they are one message.`;

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
    case "/approvals":
      return decideAll(chat, parts);
    case "/approve":
    case "/deny":
      return decide(text.trim() === "/approve" ? "approve" : "deny", chat, parts);
    default:
      if (!/^\/[a-z]+$/.test(text.trim()))
        return turn(chat, parts, (how) => runTurn({ message: text, ...chat.place }, how));
      parts.screen.note(`There is no ${text.trim()}; /help lists what there is.`, "bad");
      return "go on";
  }
}

/**
 * A refused message does not end the chat, nor does a server that is away: the person reads why and
 * goes on. What comes through a pipe ends with the server, instead of waiting again at each line.
 */
function survived(fault: unknown, chat: Chat, { asker, config, screen }: ChatParts): Then {
  const is_away = fault instanceof Unreachable;
  if (!is_away && !(fault instanceof ProblemError)) throw fault;
  const code = reportFault(fault, config.server, screen);
  chat.worst = worse(chat.worst, code);
  return is_away && !asker ? code : "go on";
}

async function showStatus({ place }: Chat, { client, screen }: { client: Client } & ChatParts) {
  const [me, ready] = await Promise.all([client.me(), client.readyz()]);
  screen.note(`session    ${place.session_id ?? "new with your next message"}`);
  screen.note(`workspace  ${place.workspace ?? "your private folder, or the session's"}`);
  screen.note(`you        ${me.name} (${me.role}, ${me.tier})`);
  screen.note(`server     ${ready.level}, version ${ready.version}`);
}

async function decide(decision: "approve" | "deny", chat: Chat, parts: ChatParts): Promise<Then> {
  const { waiting } = chat;
  if (!waiting) {
    parts.screen.note("You left nothing for later in this chat; see: /approvals");
    return "go on";
  }
  chat.notices?.told(waiting.approval_id, "decides");
  return turn(chat, parts, (how) => decideLater(waiting, { decision }, how));
}

/** A turn of this chat is followed on; what others do is theirs to follow. */
async function decideAll(chat: Chat, parts: ChatParts): Promise<Then> {
  const { notices, reader } = chat;
  if (!notices) {
    await printPending(parts.client, parts.screen);
    return "go on";
  }
  let then: Then = "go on";
  await decidePending({
    ...parts,
    asker: reader,
    notices,
    async decided(turn_id, after) {
      if (turn_id === chat.waiting?.turn_id)
        then = await turn(chat, parts, (how) => followOn(turn_id, after, how));
      else parts.screen.note(`Its turn goes on: mainstay status ${turn_id}`, "dim");
    },
  });
  return then;
}

async function turn(
  chat: Chat,
  parts: ChatParts,
  show: (how: RunTurnParts) => Promise<TurnRun>,
): Promise<Then> {
  const { reader, place, json } = chat;
  const screen = json ? { ...parts.screen, answer: () => undefined } : parts.screen;
  const run = await show({
    ...parts,
    screen,
    interrupts: eitherOf(parts.interrupts, reader),
    asker: parts.asker && reader,
  });
  if (run.turn) place.session_id = run.turn.session_id;
  noteWaiting(run, chat);
  chat.worst = worse(chat.worst, exitCodeOf(run));
  explainEnd(run, parts.screen);
  if (run.later !== undefined) parts.screen.note("or here: /approve, /deny, /approvals");
  if (json && run.turn) parts.screen.json(await patientClient(parts).turns.get(run.turn.id));
  return run.end === "left" ? exit.interrupted : "go on";
}

/** A later turn of the session cannot get past the one that waits, so there is one at a time. */
function noteWaiting({ turn, later, end }: TurnRun, chat: Chat): void {
  if (later !== undefined) chat.notices?.told(later, "waits");
  if (turn && later !== undefined) chat.waiting = { turn_id: turn.id, approval_id: later };
  else if (turn?.id === chat.waiting?.turn_id && end !== "left") chat.waiting = undefined;
}
