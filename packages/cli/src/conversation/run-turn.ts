import { Unreachable } from "@mainstay/sdk/call";
import { isJournalEvent } from "@mainstay/sdk/events";
import type { Decision } from "@mainstay/sdk/resources";
import type { NewTurn, Turn } from "@mainstay/sdk/turn";
import { exit, type ExitCode } from "../exit.ts";
import { StayedAway } from "../faults.ts";
import type { Interrupts } from "../terminal/interrupts.ts";
import type { Asker } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";
import { askConsent, decideLeft, denyConsent } from "./consent.ts";
import { type Followed, followTurn, type TurnEnd } from "./follow-turn.ts";
import { type PatientClient, patientClient, type PatientParts } from "./patient-client.ts";
import { createTurnView, type TurnView } from "./turn-view.ts";
import { isBlocked, isTypedCommand, ranWell } from "./typed-command.ts";

export interface RunTurnParts extends PatientParts {
  interrupts: Interrupts;
  /** Absent where there is no terminal to ask on. */
  asker: Asker | undefined;
  /** A new random word at each call. */
  newKey: () => string;
}

export interface TurnRun {
  /** Absent when the person left before the server had answered. */
  turn: Turn | undefined;
  end: TurnEnd;
  /** Absent while it is not over. */
  ended: Pick<Turn, "id" | "state" | "answer"> | undefined;
  refused: boolean;
  /** The approval that the person left for later. */
  later: string | undefined;
  interrupted: boolean;
  /** The message was a command, and it did not run or did not end well. */
  command_failed: boolean;
  /** The message was a command that no policy would allow. */
  command_blocked: boolean;
  /** The last event of the journal that was shown. */
  seen: number;
  /** An edit was shown that was done. */
  edited: boolean;
}

/** Sends a request and shows its turn until it ends. Throws `StayedAway` as `showTurn` does. */
export function runTurn(request: NewTurn, parts: RunTurnParts): Promise<TurnRun> {
  // The request is accepted once, however often it has to be sent.
  const key = { idempotency_key: parts.newKey() };
  return showTurn(parts, async (client) => ({
    turn: await client.turns.create(request, key),
    message: request.message,
    after: 0,
  }));
}

/** An approval that was left for later. */
export interface Waiting {
  turn_id: string;
  approval_id: string;
  /** The last event of its journal that was shown. */
  seen: number;
}

/** Decides what was left for later, where nobody has, and shows how its turn went on since. */
export async function decideLater(
  { turn_id, approval_id, seen }: Waiting,
  decision: Decision,
  parts: RunTurnParts,
): Promise<TurnRun> {
  return showTurn(parts, async (client) => {
    const turn = await client.turns.get(turn_id);
    await decideLeft(approval_id, decision, { client, screen: parts.screen });
    return { turn, message: turn.message, after: seen };
  });
}

/** Shows how a turn goes on after number `after` of its journal. */
export function followOn(turn_id: string, after: number, parts: RunTurnParts): Promise<TurnRun> {
  return showTurn(parts, async (client) => {
    const turn = await client.turns.get(turn_id);
    return { turn, message: turn.message, after };
  });
}

interface Beginning {
  turn: Turn;
  message: string;
  /** The last journal event that was shown. */
  after: number;
}

/**
 * Shows a turn until it ends. Ctrl-C asks the server to cancel the turn and waits for its end; a
 * second one leaves at once and the turn goes on. A server that is away is waited for; throws
 * `StayedAway` when it does not come back.
 */
async function showTurn(
  parts: RunTurnParts,
  begin: (client: PatientClient) => Promise<Beginning>,
): Promise<TurnRun> {
  const { screen, interrupts } = parts;
  const leave = new AbortController();
  const client = patientClient(parts, leave.signal);
  let turn: Turn | undefined;
  let shown: TurnView | undefined;
  let presses = 0;
  let command_failed = false;
  let command_blocked = false;
  let ended: TurnRun["ended"];
  let seen = 0;
  const edits = new Set<string>();
  let edited = false;

  const cancel = (turn_id: string) =>
    void client.turns.cancel(turn_id).catch((fault: Error) => {
      // A turn that has ended took its answer along.
      if (!leave.signal.aborted) screen.note(`Not cancelled: ${fault.message}`, "bad");
    });
  const press = () => {
    presses++;
    // Without a turn there is nothing that could be cancelled later.
    if (presses > 1 || (!turn && client.isAway())) return leave.abort();
    const when = client.isAway() ? "Cancelling when the server is back" : "Cancelling";
    screen.note(`${when}; Ctrl-C again leaves and lets it go on.`, "dim");
    if (turn) cancel(turn.id);
  };

  const run = async () => {
    const { turn: begun, message, after } = await begin(client);
    turn = begun;
    const is_typed = isTypedCommand(message);
    command_failed = is_typed;
    seen = after;
    if (presses > 0) cancel(begun.id);
    const { clock } = parts;
    const { isAway } = client;
    shown = createTurnView(screen, { clock, isAway, is_typed, turn_id: begun.id });
    const { show } = shown;
    const view: Pick<TurnView, "show"> = {
      show(event) {
        if (isJournalEvent(event)) seen = event.seq;
        if (event.type === "tool_started" && event.effect.kind === "edit") edits.add(event.call_id);
        if (event.type === "tool_ended") {
          edited ||= event.outcome === "ok" && edits.has(event.call_id);
          command_failed &&= !ranWell(event);
          command_blocked ||= is_typed && isBlocked(event);
        }
        if (event.type === "settled")
          ended = { id: begun.id, state: event.state, answer: event.answer };
        show(event);
      },
    };
    if (begun.queue) view.show({ type: "queue", place: begun.queue });
    return followTurn(begun.id, after, {
      client,
      view,
      decideConsent: parts.asker
        ? askConsent({ client, screen, asker: parts.asker })
        : denyConsent({ client, screen }),
      interrupt: press,
      leave: leave.signal,
    });
  };

  const stop = interrupts.listen(press);
  try {
    const followed = await Promise.race([run(), left(leave.signal)]);
    const commands = { command_failed, command_blocked };
    return { turn, ...followed, ended, interrupted: presses > 0, ...commands, seen, edited };
  } catch (fault) {
    throw fault instanceof Unreachable ? new StayedAway(turn?.id, fault) : fault;
  } finally {
    // The answer to a cancel may be on its way still: that the connection goes now is no loss.
    leave.abort();
    stop();
    shown?.close();
  }
}

function left(leave: AbortSignal): Promise<Followed> {
  return new Promise((resolve) => {
    leave.addEventListener(
      "abort",
      () => resolve({ end: "left", refused: false, later: undefined }),
      { once: true },
    );
  });
}

/** How to take back what a turn edited that came to its end; of any other it is told with what it left. */
export function offerUndo({ turn, end, edited }: TurnRun, screen: Screen): void {
  if (turn && end === "done" && edited)
    screen.note(`To take back what it edited: mainstay undo --turn ${turn.id}`, "dim");
}

/** What the person should do next, where the turn is not over. */
export function explainEnd({ turn, end, later }: TurnRun, screen: Screen): void {
  if (!turn) return screen.note("Left. If the request was accepted: mainstay turns");
  const { id } = turn;
  if (end === "parked" || end === "unanswered")
    screen.note(`To try it now: mainstay retry ${id}, to give it up: mainstay cancel ${id}`);
  if (end === "paused")
    screen.note(`To look: mainstay status ${id}, to give it up: mainstay cancel ${id}`);
  if (later !== undefined) {
    screen.note(`${id} waits for your decision:`);
    screen.note(`  mainstay approve ${later}`);
    screen.note(`  mainstay deny ${later}`);
  }
  if (end === "left") screen.note(`Left; it goes on: mainstay status ${id}`);
}

/** The answer is provisional, whatever it waits for. */
export const isParked = (end: TurnEnd): boolean =>
  end === "parked" || end === "unanswered" || end === "paused";

export function exitCodeOf(run: TurnRun): ExitCode {
  const { end, refused, interrupted, command_failed, command_blocked } = run;
  if (interrupted || end === "left") return exit.interrupted;
  if (end === "later") return exit.consent;
  if (isParked(end)) return exit.parked;
  if (end === "done" && refused) return exit.consent;
  if (end === "done" && command_blocked) return exit.blocked;
  return end === "done" && !command_failed ? exit.ok : exit.failed;
}
