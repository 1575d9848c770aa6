import type { Clock } from "@mainstay/sdk/clock";
import type { JournalBody, JournalEvent } from "@mainstay/sdk/events";
import { Cancelled, LeaseLost, messageOf, Stopping, StoreFault } from "../kernel/errors.ts";
import type { Limits } from "../kernel/limits.ts";
import { type ModelPort, type ModelRequest, NoModelAnswered } from "../kernel/model.ts";
import type { Conversation, Memory } from "../memory/memory.ts";
import type { Journal } from "../store/journal.ts";
import type { Statement, Store } from "../store/store.ts";
import { foldTurn, type TurnRecord } from "../store/turn-record.ts";
import {
  type Lease,
  leaseGuard,
  releaseSession,
  settleTurn,
  suspendTurn,
} from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";
import type { Scene, Toolbox } from "../tools/tools.ts";
import { act, type Pen, toolEnded } from "./act.ts";
import type { Live } from "./live.ts";
import { type Move, nextMove, workDone } from "./moves.ts";
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
  const { store, journal, toolbox, live, clock, limits } = parts;
  const { turn_id } = lease;
  const events = await journal.read(turn_id);
  const place = await placeOf(store, turn_id);
  let conversation: Conversation | null = null;

  const pen: Pen = {
    append: (...bodies) => write([], bodies),
    async appendAndSuspend(writes, body) {
      await write([...writes, ...suspendTurn(store, lease, "awaiting_approval")], [body]);
    },
  };

  async function write(
    writes: readonly Statement[],
    bodies: readonly JournalBody[],
  ): Promise<readonly JournalEvent[]> {
    const commit = await journal.commit(
      { guards: [leaseGuard(store, lease)], writes },
      bodies.map((body) => ({ turn_id, body })),
    );
    if (!commit.committed) throw new LeaseLost(turn_id);
    if (commit.events[0]?.seq === (events.at(-1)?.seq ?? 0) + 1) events.push(...commit.events);
    else await reload();
    return commit.events;
  }

  /** Somebody else appended too: a cancellation, say. */
  async function reload(): Promise<void> {
    events.push(...(await journal.read(turn_id, events.at(-1)?.seq ?? 0)));
  }

  async function advance(signal: AbortSignal): Promise<Ending | null> {
    const record = foldTurn(events);
    const move = nextMove(record, limits);
    switch (move.move) {
      case "ask":
        return await ask(record, move, signal);
      case "nudge":
        await pen.append({
          type: "nudged",
          step: move.step,
          reason: move.reason,
          matched: move.matched,
        });
        return null;
      case "act":
        return await makeCall(move, signal);
      case "recover":
        await recover(move, signal);
        return null;
      case "await":
        await write(suspendTurn(store, lease, "awaiting_approval"), []);
        return "awaiting";
      case "settle":
        await settle(record, move);
        return "settled";
    }
  }

  async function ask(
    record: TurnRecord,
    move: Extract<Move, { move: "ask" }>,
    signal: AbortSignal,
  ): Promise<Ending | null> {
    const { step, attempt } = move;
    if (move.again)
      await pen.append({ type: "step_restarted", step, attempt, cause: "the step is asked again" });
    conversation ??= await parts.memory.conversation(lease.session_id, turn_id);
    const request: ModelRequest = {
      turn_id,
      messages: [systemMessage(place.workspace.path), ...conversation(events)],
      tools: toolbox.specs,
      model: record.preferred_model,
    };
    try {
      const append = async (body: JournalBody) => (await pen.append(body))[0]!;
      await think(parts, { turn_id, step, attempt }, request, append, signal);
      return null;
    } catch (fault) {
      if (!(fault instanceof NoModelAnswered)) throw fault;
      await park(fault);
      return "parked";
    }
  }

  async function makeCall(
    move: Extract<Move, { move: "act" }>,
    signal: AbortSignal,
  ): Promise<Ending | null> {
    const decision = move.record.state === "decided" ? move.record : null;
    const ended = await act(
      {
        toolbox,
        result_chars: limits.tool_result_chars,
        tellOutput: (call_id, text) => live.tell(turn_id, { type: "output", call_id, text }),
      },
      move.step,
      move.call,
      sceneOf(move.call.id, decision),
      pen,
      signal,
    );
    return ended === "ended" ? null : "awaiting";
  }

  async function recover(
    move: Extract<Move, { move: "recover" }>,
    signal: AbortSignal,
  ): Promise<void> {
    const read = toolbox.read(move.call);
    const { effect, intent } = move.record;
    const scene = { ...sceneOf(move.call.id, null), intent };
    const found = read.ok
      ? await read.tool.recover(effect, scene)
      : ({ kind: "never_started" } as const);
    signal.throwIfAborted();
    if (found.kind === "never_started") return await begin(move, signal);
    await pen.append(toolEnded(move.step, move.call.id, found.end, limits.tool_result_chars));
    found.end.journaled?.();
  }

  /** The effect certainly never began: it may begin now, once. */
  async function begin(
    move: Extract<Move, { move: "recover" }>,
    signal: AbortSignal,
  ): Promise<void> {
    await makeCall({ ...move, move: "act" }, signal);
  }

  async function park(fault: NoModelAnswered): Promise<void> {
    const record = foldTurn(events);
    const answer = `No model could answer: ${fault.message}. ${workDone(record)} Your request is kept; try again with retry, or cancel it.`;
    await write(suspendTurn(store, lease, "parked"), [
      { type: "parked", answer, cause: fault.message },
    ]);
  }

  async function settle(
    record: TurnRecord,
    move: Pick<Extract<Move, { move: "settle" }>, "state" | "answer" | "error">,
  ): Promise<void> {
    const { state, answer, error } = move;
    const { mode, provider, model, usage } = record;
    await write(
      [settleTurn(store, turn_id, state, clock.now()), releaseSession(store, lease.session_id)],
      [{ type: "settled", state, answer, mode: mode ?? "full", provider, model, usage, error }],
    );
  }

  /** A fault of ours: the person gets an honest end instead of a turn that hangs. */
  async function breakDown(fault: unknown): Promise<Ending> {
    parts.log.error({ turn: turn_id, fault: messageOf(fault) }, "a turn broke down");
    await reload();
    const record = foldTurn(events);
    await settle(record, {
      state: "failed",
      answer: `Something broke inside Mainstay, so this turn was stopped. ${workDone(record)}`,
      error: { code: "internal", message: messageOf(fault) },
    });
    return "settled";
  }

  function sceneOf(call_id: string, decision: Scene["decision"]): Omit<Scene, "intent"> {
    return { turn_id, call_id, person: place.person, workspace: place.workspace, decision };
  }

  return { advance, reload, breakDown };
}

async function placeOf(store: Store, turn_id: string) {
  const [row] = await store.query(
    store.sql
      .selectFrom("turn")
      .innerJoin("person", "person.id", "turn.person_id")
      .innerJoin("workspace", "workspace.id", "turn.workspace_id")
      .select(["person.id as person_id", "person.number"])
      .select(["workspace.id as workspace_id", "workspace.path", "workspace.trusted"])
      .where("turn.id", "=", turn_id),
  );
  if (row === undefined) throw new Error(`turn ${turn_id} has no person or workspace`);
  return {
    person: { id: row.person_id, number: row.number },
    workspace: { id: row.workspace_id, path: row.path, trusted: row.trusted === 1 },
  };
}
