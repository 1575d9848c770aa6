import { Unreachable } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import type { Clock } from "@mainstay/sdk/clock";
import type { NewTurn, Turn } from "@mainstay/sdk/turn";
import { exit, type ExitCode } from "../exit.ts";
import type { Interrupts } from "../terminal/interrupts.ts";
import type { Asker } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";
import { askConsent, denyConsent } from "./consent.ts";
import { type Followed, followTurn, type TurnEnd } from "./follow-turn.ts";
import { createTurnView, type TurnView } from "./turn-view.ts";
import { isTypedCommand, ranWell } from "./typed-command.ts";

export interface RunTurnParts {
  client: Client;
  screen: Screen;
  clock: Clock;
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
  refused: boolean;
  /** The approval that the person left for later. */
  later: string | undefined;
  interrupted: boolean;
  /** The message was a command, and it did not run or did not end well. */
  command_failed: boolean;
}

/** Sends a request and shows its turn until it ends. */
export function runTurn(request: NewTurn, parts: RunTurnParts): Promise<TurnRun> {
  return showTurn(request.message, parts, async () => ({
    turn: await submit(request, parts),
    after: 0,
  }));
}

/** An approval that was left for later. */
export interface Waiting {
  turn_id: string;
  approval_id: string;
}

/** Decides what was left for later and shows how its turn goes on. */
export async function decideLater(
  { turn_id, approval_id }: Waiting,
  decision: "approve" | "deny",
  parts: RunTurnParts,
): Promise<TurnRun> {
  const turn = await parts.client.turns.get(turn_id);
  await parts.client.approvals.decide(approval_id, decision);
  return showTurn(turn.message, parts, async () => ({ turn, after: turn.last_event }));
}

interface Beginning {
  turn: Turn;
  /** The last journal event that was shown. */
  after: number;
}

/**
 * Shows a turn until it ends. Ctrl-C asks the server to cancel the turn and waits for its end; a
 * second one leaves at once and the turn goes on.
 */
async function showTurn(
  message: string,
  parts: RunTurnParts,
  begin: () => Promise<Beginning>,
): Promise<TurnRun> {
  const { client, screen, interrupts } = parts;
  const leave = new AbortController();
  let turn: Turn | undefined;
  let presses = 0;
  let over = false;
  let lost = false;
  let command_failed = isTypedCommand(message);
  const shown = createTurnView(screen, {
    is_typed: isTypedCommand(message),
    turnId: () => turn?.id,
  });
  const view: TurnView = {
    show(event) {
      if (lost) screen.note("Connected again.", "dim");
      lost = false;
      if (event.type === "tool_ended") command_failed &&= !ranWell(event);
      shown.show(event);
    },
  };

  const cancel = (turn_id: string) =>
    void client.turns.cancel(turn_id).catch((fault: Error) => {
      // A turn that has ended took its answer along.
      if (!over) screen.note(`Not cancelled: ${fault.message}`, "bad");
    });
  const press = () => {
    presses++;
    if (presses > 1) return leave.abort();
    screen.note("Cancelling; Ctrl-C again leaves and lets it go on.", "dim");
    if (turn) cancel(turn.id);
  };

  const run = async () => {
    const { turn: begun, after } = await begin();
    turn = begun;
    if (presses > 0) cancel(begun.id);
    if (begun.queue) view.show({ type: "queue", place: begun.queue });
    return followTurn(begun.id, after, {
      client,
      view,
      decideConsent: parts.asker
        ? askConsent({ client, screen, asker: parts.asker })
        : denyConsent({ client, screen }),
      interrupt: press,
      on_lost() {
        if (!lost) screen.note("Connection lost; trying again…", "dim");
        lost = true;
      },
      leave: leave.signal,
    });
  };

  const stop = interrupts.listen(press);
  try {
    const followed = await Promise.race([run(), left(leave.signal)]);
    return { turn, ...followed, interrupted: presses > 0, command_failed };
  } finally {
    over = true;
    stop();
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

const SUBMIT_ATTEMPTS = 3;
const SUBMIT_PAUSE_MS = 500;

/** A lost answer is asked for again under the same key: the request is accepted once. */
async function submit(request: NewTurn, { client, clock, newKey }: RunTurnParts): Promise<Turn> {
  const idempotency_key = newKey();
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.turns.create(request, { idempotency_key });
    } catch (fault) {
      if (!(fault instanceof Unreachable) || attempt === SUBMIT_ATTEMPTS) throw fault;
      await clock.sleep(SUBMIT_PAUSE_MS);
    }
  }
}

/** What the person should do next, where the turn is not over. */
export function explainEnd({ turn, end, later }: TurnRun, screen: Screen): void {
  if (!turn) return screen.note("Left. If the request was accepted: mainstay turns");
  const { id } = turn;
  if (end === "parked") {
    screen.note("This answer is provisional: no model could be reached. The turn stays parked");
    screen.note("until you try it again, or give it up:");
    screen.note(`  mainstay retry ${id}`);
    screen.note(`  mainstay cancel ${id}`);
  }
  if (later !== undefined) {
    screen.note(`${id} waits for your decision:`);
    screen.note(`  mainstay approve ${later}`);
    screen.note(`  mainstay deny ${later}`);
  }
  if (end === "left") screen.note(`Left; it goes on: mainstay status ${id}`);
}

export function exitCodeOf({ end, refused, interrupted, command_failed }: TurnRun): ExitCode {
  if (interrupted || end === "left") return exit.interrupted;
  if (end === "later") return exit.consent;
  if (end === "done" && refused) return exit.consent;
  return end === "done" && !command_failed ? exit.ok : exit.failed;
}
