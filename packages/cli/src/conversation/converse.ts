import { exit, type ExitCode } from "../exit.ts";
import { ProblemError, Unreachable } from "@mainstay/sdk/call";
import { reportFault } from "../faults.ts";
import { placeOf, type PlaceOptions, type PlaceParts } from "../folder/place.ts";
import type { Approval } from "@mainstay/sdk/resources";
import type { Turn } from "@mainstay/sdk/turn";
import { eitherOf } from "../terminal/interrupts.ts";
import { aboveTyped } from "../terminal/above-typed.ts";
import { type LineReader, openLineReader, type Terminal } from "../terminal/line-reader.ts";
import { type ApprovalNotices, openApprovalNotices } from "./approval-notices.ts";
import { openBackgroundNotices } from "./background-notices.ts";
import { showBanner } from "./banner.ts";
import { type ChatPlace, showFolder, showRunning, showStatus } from "./chat-facts.ts";
import { decideLeft } from "./consent.ts";
import { decidePending, listPending, pendingOf, printPending } from "./decide-pending.ts";
import { tellLeft } from "./left-to-decide.ts";
import { patientClient } from "./patient-client.ts";
import { openParkedQuestions, type ParkedQuestions } from "./parked-questions.ts";
import { createPromptNews, type PromptNews } from "./prompt-news.ts";
import {
  decideLater,
  exitCodeOf,
  explainEnd,
  offerUndo,
  followOn,
  isParked,
  runTurn,
  type RunTurnParts,
  type TurnRun,
  type Waiting,
} from "./run-turn.ts";

export interface ChatParts extends RunTurnParts, PlaceParts {
  terminal: Terminal;
}

interface Chat {
  place: ChatPlace;
  json: boolean;
  reader: LineReader;
  /** All three absent where nobody sits at a terminal. */
  news: PromptNews | undefined;
  notices: ApprovalNotices | undefined;
  parked: ParkedQuestions | undefined;
  /** The worst end of a turn so far. */
  worst: ExitCode;
  /** What `/approve` and `/deny` are about. */
  waiting: Waiting | undefined;
}

const from_best: readonly ExitCode[] = [
  exit.ok,
  exit.consent,
  exit.parked,
  exit.failed,
  exit.blocked,
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
  await showBanner(parts.client, parts.screen);
  const place = await placeOf(options, parts);
  const reader = openLineReader(parts.terminal);
  const news = parts.asker && createPromptNews(parts.screen, reader);
  const background = news && openBackgroundNotices({ ...parts, news });
  const json = options.json === true;
  const chat: Chat = {
    place,
    json,
    reader,
    news,
    notices: news && openApprovalNotices({ ...parts, news }),
    parked: news && openParkedQuestions({ ...parts, news, json }),
    worst: exit.ok,
    waiting: undefined,
  };
  if (parts.asker) {
    await showFolder(place, parts);
    parts.screen.note("Ctrl-C cancels what runs, Ctrl-D leaves, /help says more.", "dim");
    if (place.session_id !== undefined) chat.parked?.find(place.session_id);
  }
  try {
    for (;;) {
      const reply = await (news ?? reader).next("› ");
      if (reply.kind === "ended") return leave(chat, parts);
      if (reply.kind !== "line" || reply.text.trim() === "") continue;
      const then = await respond(reply.text, chat, parts).catch((fault: unknown) =>
        survived(fault, chat, parts),
      );
      if (then !== "go on") return then;
    }
  } finally {
    reader.close();
    await Promise.all([chat.notices?.close(), chat.parked?.close(), background?.close()]);
  }
}

const leave = ({ worst }: Chat, { asker }: ChatParts) => (asker ? exit.ok : worst);

type Then = "go on" | ExitCode;

/** How many words each may have after it. */
const words = new Map([
  ...["/new", "/approvals", "/commands", "/status", "/help", "/exit"].map(
    (word) => [word, 0] as const,
  ),
  ...["/approve", "/deny", "/retry", "/accept"].map((word) => [word, 1] as const),
]);

const help = `/new            start a new session
/approvals      what waits for your consent, of other turns too
/approve /deny  decide what you left for later; with an id, just that
/retry          try a parked question again now; with an id, just that
/accept         keep a parked question's answer as it is; with an id, just that
/commands       what runs, in the background too
/status         where you are, and what the server can do
/exit           leave (or Ctrl-D)
!COMMAND        runs a command without a model, with the same consent
Several lines at once: paste them; they are one message.`;

/** What begins with a word of the chat's own is never sent: it was not meant for the model. */
async function respond(text: string, chat: Chat, parts: ChatParts): Promise<Then> {
  const [word = "", ...rest] = text.trim().split(/\s+/);
  const takes = words.get(word);
  if (takes !== undefined && rest.length > takes) {
    const most = takes === 0 ? "no words" : "one id and nothing more";
    parts.screen.note(`${word} takes ${most} after it; it was not sent.`, "bad");
    return "go on";
  }
  switch (word) {
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
      await showStatus(chat.place, parts);
      return "go on";
    case "/commands":
      await showRunning(parts);
      return "go on";
    case "/approvals":
      return decideAll(chat, parts);
    case "/approve":
    case "/deny":
      return decide(word === "/approve" ? "approve" : "deny", rest[0], chat, parts);
    case "/retry":
      return goOnWithParked(rest[0], chat, parts);
    case "/accept":
      return acceptParked(rest[0], chat, parts);
    default:
      if (!/^\/[a-z]+$/.test(text.trim())) return send(text, chat, parts);
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

/** Without an id it is about what was left for later in this chat. */
async function decide(
  decision: "approve" | "deny",
  approval_id: string | undefined,
  chat: Chat,
  parts: ChatParts,
): Promise<Then> {
  const { waiting, notices } = chat;
  const id = approval_id ?? waiting?.approval_id;
  if (id === undefined) {
    parts.screen.note("You left nothing for later in this chat; see: /approvals");
    return "go on";
  }
  notices?.told(id, "decides");
  if (id === waiting?.approval_id)
    return turn(chat, parts, (how) => decideLater(waiting, { decision }, how));
  return decideOther(id, decision, chat, parts);
}

async function decideOther(
  approval_id: string,
  decision: "approve" | "deny",
  chat: Chat,
  parts: ChatParts,
): Promise<Then> {
  const client = patientClient(parts);
  const { turn_id } = await client.approvals.get(approval_id);
  const before = await client.turns.get(turn_id);
  const { screen } = parts;
  if ((await decideLeft(approval_id, { decision }, { client, screen })) === "settled")
    return "go on";
  return goOn(before, chat, parts);
}

/** A turn of this chat is followed on; what others do is theirs to follow. */
async function goOn({ id, session_id, last_event }: Turn, chat: Chat, parts: ChatParts) {
  if (session_id === chat.place.session_id || id === chat.waiting?.turn_id)
    return turn(chat, parts, (how) => followOn(id, last_event, how));
  parts.screen.note(`Its turn goes on: mainstay status ${id}`, "dim");
  return "go on";
}

/** Without an id it is about what parked last in this chat. */
async function goOnWithParked(
  turn_id: string | undefined,
  chat: Chat,
  parts: ChatParts,
): Promise<Then> {
  const retried = await decideParked(turn_id, chat, parts, async (id) => {
    const before = await parts.client.turns.get(id);
    await parts.client.turns.retry(id);
    return before;
  });
  if (retried === undefined) return "go on";
  if (retried.session_id === chat.place.session_id) return goOn(retried, chat, parts);
  chat.parked?.follow(retried, retried.last_event, false);
  parts.screen.note(`It is tried again: mainstay status ${retried.id}`, "dim");
  return "go on";
}

async function acceptParked(
  turn_id: string | undefined,
  chat: Chat,
  parts: ChatParts,
): Promise<Then> {
  const accepted = await decideParked(turn_id, chat, parts, parts.client.turns.accept);
  if (accepted) parts.screen.note(`Its answer stands: mainstay status ${accepted.id}`, "dim");
  return "go on";
}

/** Who decides it hears what comes of it; where that is refused it is followed on. */
async function decideParked(
  turn_id: string | undefined,
  { parked }: Chat,
  { screen }: ChatParts,
  decide: (turn_id: string) => Promise<Turn>,
): Promise<Turn | undefined> {
  const id = turn_id ?? parked?.newest();
  if (id === undefined) {
    screen.note("Nothing is parked in this chat; see: mainstay turns --state parked");
    return undefined;
  }
  const followOnParked = parked?.take(id);
  try {
    return await decide(id);
  } catch (fault) {
    followOnParked?.();
    throw fault;
  }
}

/** All of it is listed before the first is asked about. */
async function decideAll(chat: Chat, parts: ChatParts): Promise<Then> {
  if (!chat.notices) {
    await printPending(parts.client, parts.screen);
    return "go on";
  }
  const waiting = await pendingOf(parts.client);
  listPending(waiting, parts.screen);
  return decideEach(waiting, chat, parts);
}

async function decideEach(
  waiting: readonly Approval[],
  chat: Chat,
  parts: ChatParts,
): Promise<Then> {
  const { notices, reader } = chat;
  if (!notices) return "go on";
  let then: Then = "go on";
  await decidePending(waiting, {
    ...parts,
    asker: reader,
    notices,
    async decided(before) {
      then = await goOn(before, chat, parts);
    },
  });
  return then;
}

/** Behind a turn that waits for consent a message would wait unseen, so the consent is asked first. */
async function send(text: string, chat: Chat, parts: ChatParts): Promise<Then> {
  const { screen } = parts;
  const first = await pendingHere(chat, parts);
  if (first.length > 0) {
    screen.note("What waits for your consent comes first in this session:", "dim");
    const then = await decideEach(first, chat, parts);
    if (then !== "go on") return then;
    if ((await pendingHere(chat, parts)).length > 0) {
      screen.note(
        "Not sent: it would wait for that decision. /approve or /deny it, or begin a /new",
      );
      screen.note("session.");
      return "go on";
    }
  }
  chat.parked?.pass(chat.place.session_id);
  return turn(chat, parts, async (how) => {
    const run = await runTurn({ message: text, ...chat.place }, how);
    if (run.turn) chat.place.session_id = run.turn.session_id;
    return run;
  });
}

/** What this chat's session waits for; nobody can be asked where there is no terminal. */
async function pendingHere({ place, waiting, notices }: Chat, parts: ChatParts) {
  const { session_id } = place;
  if (!notices || session_id === undefined || !(waiting || notices.anyWaits())) return [];
  const client = patientClient(parts);
  const here: Approval[] = [];
  for (const approval of await pendingOf(parts.client))
    if ((await client.turns.get(approval.turn_id)).session_id === session_id) here.push(approval);
  return here;
}

async function turn(
  chat: Chat,
  parts: ChatParts,
  show: (how: RunTurnParts) => Promise<TurnRun>,
): Promise<Then> {
  const { reader, json } = chat;
  const above = aboveTyped(parts.screen, reader);
  const screen = json ? { ...above, answer: () => undefined } : above;
  const run = await show({
    ...parts,
    screen,
    interrupts: eitherOf(parts.interrupts, reader),
    asker: parts.asker && reader,
  });
  noteWaiting(run, chat);
  if (run.turn && isParked(run.end))
    chat.parked?.follow(run.turn, run.seen, run.end === "unanswered");
  chat.worst = worse(chat.worst, exitCodeOf(run));
  explainEnd(run, parts.screen);
  if (!json) offerUndo(run, parts.screen);
  if (run.ended) await tellLeft(run.ended, parts);
  if (run.later !== undefined) parts.screen.note("or here: /approve, /deny, /approvals");
  if (chat.parked && isParked(run.end)) parts.screen.note("or here: /retry, /accept", "dim");
  if (json && run.turn) parts.screen.json(await patientClient(parts).turns.get(run.turn.id));
  return run.end === "left" ? exit.interrupted : "go on";
}

/** A later turn of the session cannot get past the one that waits, so there is one at a time. */
function noteWaiting({ turn, later, end, seen }: TurnRun, chat: Chat): void {
  if (later !== undefined) chat.notices?.told(later, "waits");
  if (turn && later !== undefined) chat.waiting = { turn_id: turn.id, approval_id: later, seen };
  else if (turn?.id === chat.waiting?.turn_id && end !== "left") chat.waiting = undefined;
}
