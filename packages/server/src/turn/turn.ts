import type { Clock } from "@mainstay/sdk/clock";
import type { JournalBody } from "@mainstay/sdk/events";
import { Cancelled, LeaseLost, messageOf, Stopping, StoreFault } from "../kernel/errors.ts";
import type { Limits } from "../kernel/limits.ts";
import { type ModelPort, type ModelRequest, NoModelAnswered } from "../kernel/model.ts";
import type { Memory } from "../memory/memory.ts";
import type { Journal } from "../store/journal.ts";
import { prepared } from "../store/prepared.ts";
import type { Store } from "../store/store.ts";
import { foldTurn, type TurnRecord } from "../store/turn-record.ts";
import {
  type Lease,
  leaseGuard,
  releaseSession,
  settleTurn,
  suspendTurn,
} from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";
import type { ToolEnd, Toolbox } from "../tools/tools.ts";
import { act, type ActParts, letGo, toolEnded } from "./act.ts";
import type { Live } from "./live.ts";
import { type Move, nextMove, workDone } from "./moves.ts";
import { openPen } from "./pen.ts";
import { systemMessage } from "./prompt.ts";
import { think } from "./think.ts";

export type { Live } from "./live.ts";
export { workDone } from "./moves.ts";

/** How a run ended: the turn is over, or waits for a person or for a model. */
export type Ending = "settled" | "awaiting" | "parked";

export interface Turns {
  /**
   * Runs a turn from wherever its journal stands until it settles or must wait.
   *
   * 1. The journal is the truth: the next move is decided from it alone.
   * 2. Every write carries the lease; without it nothing is written (J2).
   * 3. What started and has no result is recovered, never silently run again (J3).
   *
   * @throws LeaseLost, Stopping, StoreFault; the journal then says where to go on.
   */
  run(lease: Lease, signal: AbortSignal): Promise<Ending>;
}

export interface TurnParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly model: ModelPort;
  readonly toolbox: Toolbox;
  readonly memory: Memory;
  readonly live: Live;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
}

export function createTurns(parts: TurnParts): Turns {
  return {
    async run(lease, signal) {
      try {
        return await runToEnd(await openRun(parts, lease), signal);
      } catch (fault) {
        if (isOfTheHouse(fault)) throw fault;
        return await breakDown(parts, lease, fault);
      }
    },
  };
}

async function runToEnd(run: Run, signal: AbortSignal): Promise<Ending> {
  for (;;) {
    try {
      const ending = await run.advance(signal);
      if (ending !== null) return ending;
    } catch (fault) {
      // The wish to cancel is in the journal already: read it, and settle.
      if (!(fault instanceof Cancelled)) throw fault;
      await run.reload();
    }
  }
}

/** The turn's own end is not the answer to these: its journal says where to go on. */
const isOfTheHouse = (fault: unknown): boolean =>
  fault instanceof LeaseLost || fault instanceof StoreFault || fault instanceof Stopping;

/** A fault of ours: an honest end instead of a turn that hangs, also where the journal is the fault. */
async function breakDown(
  { store, journal, clock, log }: TurnParts,
  lease: Lease,
  fault: unknown,
): Promise<Ending> {
  const { turn_id } = lease;
  const message = messageOf(fault);
  log.error({ turn: turn_id, fault: message }, "a turn broke down");
  const settled: JournalBody = {
    type: "settled",
    state: "failed",
    answer: "Something broke inside Mainstay, so this turn was stopped. What it did before stands.",
    mode: "full",
    provider: null,
    model: null,
    usage: { input_tokens: 0, output_tokens: 0 },
    error: { code: "internal", message },
  };
  const commit = await journal.commit(
    { guards: [leaseGuard(store, lease)], writes: endWrites(store, lease, "failed", clock.now()) },
    [{ turn_id, body: settled }],
  );
  if (!commit.committed) throw new LeaseLost(turn_id);
  return "settled";
}

const endWrites = (
  store: Store,
  { turn_id, session_id }: Lease,
  state: "done" | "failed" | "cancelled",
  at: number,
) => [settleTurn(store, turn_id, state, at), releaseSession(store, session_id)];

type Run = Awaited<ReturnType<typeof openRun>>;

/** One run of one turn: its journal so far, and the moves that lengthen it. */
async function openRun(parts: TurnParts, lease: Lease) {
  const { store, toolbox, live, clock, limits } = parts;
  const { turn_id } = lease;
  const [pen, place, conversation] = await Promise.all([
    openPen(parts, lease),
    placeOf(store, turn_id),
    parts.memory.conversation(lease.session_id, turn_id),
  ]);
  const actParts: ActParts = {
    toolbox,
    result_chars: limits.tool_result_chars,
    tellOutput: (call_id, text) => live.tell(turn_id, { type: "output", call_id, text }),
    waiting: () => suspendTurn(store, lease, "awaiting_approval"),
  };

  async function advance(signal: AbortSignal): Promise<Ending | null> {
    const record = foldTurn(pen.events());
    const move = nextMove(record, limits);
    if (move.move === "ask" || move.move === "act" || move.move === "await")
      signal.throwIfAborted();
    switch (move.move) {
      case "ask":
        return await ask(record, move, signal);
      case "nudge": {
        const { step, reason, matched } = move;
        pen.note({ type: "nudged", step, reason, matched });
        return null;
      }
      case "act":
        return await makeCall(move, signal);
      case "recover":
        return await recover(move, signal);
      case "await":
        return (await pen.suspend(null, actParts.waiting())) ? "awaiting" : null;
      case "settle":
        await settle(record, move);
        return "settled";
    }
  }

  async function ask(
    record: TurnRecord,
    { step, attempt, again }: Extract<Move, { move: "ask" }>,
    signal: AbortSignal,
  ): Promise<Ending | null> {
    if (again) {
      pen.note({ type: "step_restarted", step, attempt, cause: "it is asked again" });
      await pen.commit();
    }
    const request: ModelRequest = {
      turn_id,
      messages: [systemMessage(place.workspace.path), ...conversation(pen.events())],
      tools: toolbox.specs,
      model: record.preferred_model,
    };
    try {
      await think(parts, { turn_id, step, attempt }, request, pen, signal);
      return null;
    } catch (fault) {
      if (!(fault instanceof NoModelAnswered)) throw fault;
      return (await park(fault)) ? "parked" : null;
    }
  }

  async function makeCall(
    { step, call, record }: Pick<Extract<Move, { move: "act" }>, "step" | "call" | "record">,
    signal: AbortSignal,
  ): Promise<Ending | null> {
    const decision = record.state === "decided" ? record : null;
    const scene = { ...scenery, call_id: call.id, decision };
    const ended = await act(actParts, step, call, scene, pen, signal);
    return ended === "awaiting" ? "awaiting" : null;
  }

  async function recover(
    { step, call, record, may_begin }: Extract<Move, { move: "recover" }>,
    signal: AbortSignal,
  ): Promise<Ending | null> {
    const read = toolbox.read(call);
    const { intent } = record;
    const scene = { ...scenery, step, call_id: call.id, decision: null, intent };
    const found = read.ok ? await read.tool.recover(record.effect, scene) : neverStarted;
    // The effect certainly never began: it may begin now, once.
    if (found.kind === "never_started" && may_begin) {
      signal.throwIfAborted();
      return await makeCall({ step, call, record }, signal);
    }
    const end = found.kind === "ended" ? found.end : neverBegan;
    pen.note(toolEnded(step, call.id, end, limits.tool_result_chars));
    letGo(end, pen);
    return null;
  }

  function park(fault: NoModelAnswered): Promise<boolean> {
    const done = workDone(foldTurn(pen.events()));
    const answer = `No model could answer: ${fault.message}. ${done} Your request is kept; try again with retry, or cancel it.`;
    const parked: JournalBody = { type: "parked", answer, cause: fault.message };
    return pen.suspend(parked, suspendTurn(store, lease, "parked"));
  }

  async function settle(
    { mode, provider, model, usage }: TurnRecord,
    { state, answer, error }: Pick<Extract<Move, { move: "settle" }>, "state" | "answer" | "error">,
  ): Promise<void> {
    pen.note({
      ...{ type: "settled", state, answer, provider, model, usage, error },
      mode: mode ?? "full",
    });
    await pen.commit(endWrites(store, lease, state, clock.now()));
  }

  const scenery = { turn_id, person: place.person, workspace: place.workspace };

  return { advance, reload: () => pen.reload() };
}

const neverStarted = { kind: "never_started" } as const;

const neverBegan: ToolEnd = {
  outcome: "cancelled",
  result: "Stopped before it began; it did not run.",
  command: null,
};

const placeRow = prepared<{ turn_id: string }, PlaceRow>((sql, slot) =>
  sql
    .selectFrom("turn")
    .innerJoin("person", "person.id", "turn.person_id")
    .innerJoin("workspace", "workspace.id", "turn.workspace_id")
    .select(["person.id as person_id", "person.number"])
    .select(["workspace.id as workspace_id", "workspace.path", "workspace.ino"])
    .select(["workspace.owner_uid", "workspace.trusted"])
    .where("turn.id", "=", slot("turn_id")),
);

interface PlaceRow {
  readonly person_id: string;
  readonly number: number;
  readonly workspace_id: string;
  readonly path: string;
  readonly ino: string;
  readonly owner_uid: number;
  readonly trusted: number;
}

async function placeOf(store: Store, turn_id: string) {
  const [row] = await store.query(placeRow(store, { turn_id }));
  if (row === undefined) throw new Error(`turn ${turn_id} has no person or workspace`);
  return {
    person: { id: row.person_id, number: row.number },
    workspace: {
      ...{ id: row.workspace_id, path: row.path, ino: row.ino, owner_uid: row.owner_uid },
      trusted: row.trusted === 1,
    },
  };
}
