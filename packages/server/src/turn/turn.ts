import type { Clock } from "@mainstay/sdk/clock";
import { Cancelled, LeaseLost, messageOf, Stopping, StoreFault } from "../kernel/errors.ts";
import type { Limits } from "../kernel/limits.ts";
import { type ModelPort, type ModelRequest, NoModelAnswered } from "../kernel/model.ts";
import type { Memory } from "../memory/memory.ts";
import type { Journal } from "../store/journal.ts";
import { prepared } from "../store/prepared.ts";
import type { Store } from "../store/store.ts";
import { foldTurn, type TurnRecord } from "../store/turn-record.ts";
import { type Lease, releaseSession, settleTurn, suspendTurn } from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";
import type { Toolbox } from "../tools/tools.ts";
import { act, type ActParts, letGo, toolEnded } from "./act.ts";
import type { Live } from "./live.ts";
import { type Move, nextMove, workDone } from "./moves.ts";
import { openPen } from "./pen.ts";
import { systemMessage } from "./prompt.ts";
import { think } from "./think.ts";

export type { Live } from "./live.ts";

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
      const run = await openRun(parts, lease);
      for (;;) {
        try {
          const ending = await run.advance(signal);
          if (ending !== null) return ending;
        } catch (fault) {
          if (fault instanceof LeaseLost || fault instanceof StoreFault) throw fault;
          if (signal.reason instanceof Stopping) throw signal.reason;
          if (signal.reason instanceof Cancelled) await run.reload();
          else return await run.breakDown(fault);
        }
      }
    },
  };
}

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
    suspend: () => suspendTurn(store, lease, "awaiting_approval"),
  };

  async function advance(signal: AbortSignal): Promise<Ending | null> {
    const record = foldTurn(pen.events());
    const move = nextMove(record, limits);
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
        await pen.commit(actParts.suspend());
        return "awaiting";
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
      await park(fault);
      return "parked";
    }
  }

  async function makeCall(
    { step, call, record }: Pick<Extract<Move, { move: "act" }>, "step" | "call" | "record">,
    signal: AbortSignal,
  ): Promise<Ending | null> {
    const decision = record.state === "decided" ? record : null;
    const scene = { ...scenery, call_id: call.id, decision };
    const ended = await act(actParts, step, call, scene, pen, signal);
    return ended === "ended" ? null : "awaiting";
  }

  async function recover(
    { step, call, record }: Extract<Move, { move: "recover" }>,
    signal: AbortSignal,
  ): Promise<Ending | null> {
    const read = toolbox.read(call);
    const scene = { ...scenery, call_id: call.id, decision: null, intent: record.intent };
    const found = read.ok ? await read.tool.recover(record.effect, scene) : neverStarted;
    signal.throwIfAborted();
    // The effect certainly never began: it may begin now, once.
    if (found.kind === "never_started") return await makeCall({ step, call, record }, signal);
    pen.note(toolEnded(step, call.id, found.end, limits.tool_result_chars));
    letGo(found.end, pen);
    return null;
  }

  async function park(fault: NoModelAnswered): Promise<void> {
    const done = workDone(foldTurn(pen.events()));
    const answer = `No model could answer: ${fault.message}. ${done} Your request is kept; try again with retry, or cancel it.`;
    pen.note({ type: "parked", answer, cause: fault.message });
    await pen.commit(suspendTurn(store, lease, "parked"));
  }

  async function settle(
    { mode, provider, model, usage }: TurnRecord,
    { state, answer, error }: Pick<Extract<Move, { move: "settle" }>, "state" | "answer" | "error">,
  ): Promise<void> {
    pen.note({
      ...{ type: "settled", state, answer, provider, model, usage, error },
      mode: mode ?? "full",
    });
    await pen.commit([
      settleTurn(store, turn_id, state, clock.now()),
      releaseSession(store, lease.session_id),
    ]);
  }

  /** A fault of ours: the person gets an honest end instead of a turn that hangs. */
  async function breakDown(fault: unknown): Promise<Ending> {
    parts.log.error({ turn: turn_id, fault: messageOf(fault) }, "a turn broke down");
    await pen.reload();
    const record = foldTurn(pen.events());
    await settle(record, {
      state: "failed",
      answer: `Something broke inside Mainstay, so this turn was stopped. ${workDone(record)}`,
      error: { code: "internal", message: messageOf(fault) },
    });
    return "settled";
  }

  const scenery = { turn_id, person: place.person, workspace: place.workspace };

  return { advance, breakDown, reload: () => pen.reload() };
}

const neverStarted = { kind: "never_started" } as const;

const placeRow = prepared<{ turn_id: string }, PlaceRow>((sql, slot) =>
  sql
    .selectFrom("turn")
    .innerJoin("person", "person.id", "turn.person_id")
    .innerJoin("workspace", "workspace.id", "turn.workspace_id")
    .select(["person.id as person_id", "person.number"])
    .select(["workspace.id as workspace_id", "workspace.path", "workspace.trusted"])
    .where("turn.id", "=", slot("turn_id")),
);

interface PlaceRow {
  readonly person_id: string;
  readonly number: number;
  readonly workspace_id: string;
  readonly path: string;
  readonly trusted: number;
}

async function placeOf(store: Store, turn_id: string) {
  const [row] = await store.query(placeRow(store, { turn_id }));
  if (row === undefined) throw new Error(`turn ${turn_id} has no person or workspace`);
  return {
    person: { id: row.person_id, number: row.number },
    workspace: { id: row.workspace_id, path: row.path, trusted: row.trusted === 1 },
  };
}
