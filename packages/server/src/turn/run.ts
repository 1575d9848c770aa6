import type { JournalBody, ToolCall } from "@mainstay/sdk/events";
import { Cancelled, Paused } from "../kernel/errors.ts";
import { ContextTooLong, type ModelRequest, NoModelAnswered } from "../kernel/model.ts";
import { prepared } from "../store/prepared.ts";
import type { Statement, Store } from "../store/store.ts";
import { foldTurn, type TurnRecord } from "../store/turn-record.ts";
import { type Billed, billWrites } from "../store/usage-writes.ts";
import { endTurn, type Lease, suspendTurn } from "../store/turn-writes.ts";
import type { ReadCall, Recovered, ToolEnd } from "../tools/tools.ts";
import { act, type ActParts, letGo, toolEnded } from "./act.ts";
import { writtenOff } from "./lost-attempt.ts";
import { type Move, nextMove, type Settlement } from "./moves.ts";
import { modelParked, pauseParked } from "./parking.ts";
import { openPen } from "./pen.ts";
import { systemMessage } from "./prompt.ts";
import { think } from "./think.ts";
import { tooLong } from "./too-long.ts";
import type { Ending, TurnParts } from "./turn.ts";

/** One run of one turn: its journal so far, and the moves that lengthen it. */
export interface Run {
  /** Makes the next move. Null: the turn goes on. @throws as `Turns.run` says, or Cancelled. */
  advance(signal: AbortSignal): Promise<Ending | null>;
  /** Takes in what others appended meanwhile. */
  reload(): Promise<void>;
}

export async function openRun(parts: TurnParts, lease: Lease): Promise<Run> {
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
    lookOn: (call_id) => ({
      output: (offset, text) => live.output(turn_id, call_id, offset, text),
      waits: (why) => live.waits(turn_id, why),
      began: () => undefined,
      progress: (progress) => live.progress(turn_id, call_id, progress),
    }),
    waiting: () => suspendTurn(store, lease, "awaiting_approval"),
  };

  async function advance(signal: AbortSignal): Promise<Ending | null> {
    try {
      return await makeMove(signal);
    } catch (fault) {
      if (!(fault instanceof Paused)) throw fault;
      return await park(pauseParked(foldTurn(pen.events()), fault.pause));
    }
  }

  async function makeMove(signal: AbortSignal): Promise<Ending | null> {
    const record = foldTurn(pen.events());
    const move = nextMove(record, limits);
    if (move.move === "ask" || move.move === "act" || move.move === "await")
      signal.throwIfAborted();
    switch (move.move) {
      case "ask":
        throwIfPaused();
        return await ask(record, move, signal);
      case "nudge": {
        const { step, reason, matched } = move;
        pen.note({ type: "nudged", step, reason, matched });
        return null;
      }
      case "write_off": {
        const { event, billed } = writtenOff(move.step, move.lost, parts.costOf);
        pen.note(event, billed === null ? [] : bills(billed));
        return null;
      }
      case "compact":
        return await compact(record, move);
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
      said: record.message,
      waiting: (text) => live.waits(turn_id, text),
      check: (call) => whatIsWrong(toolbox.read(call)),
      messages: [systemMessage(place.workspace.path), ...conversation.messages(pen.events())],
      tools: toolbox.specs,
      model: record.preferred_model,
    };
    try {
      await think({ ...parts, bills }, { turn_id, step, attempt }, request, pen, signal);
      return null;
    } catch (fault) {
      // The journal has it, and says what comes next.
      if (fault instanceof ContextTooLong && isTooLong(foldTurn(pen.events()))) return null;
      if (!(fault instanceof NoModelAnswered)) throw fault;
      const isPaused = (id: string) => parts.pauses.provider(id) !== null;
      return await park(modelParked(foldTurn(pen.events()), fault, { ...limits, isPaused }));
    }
  }

  function bills(billed: Billed): Statement[] {
    return billWrites(store, { ...billed, person_id: place.person.id, at: clock.now() });
  }

  async function compact(
    record: TurnRecord,
    { step, too_long_for }: Extract<Move, { move: "compact" }>,
  ): Promise<Ending | null> {
    const shortened = conversation.shortened(pen.events());
    if (shortened !== null) {
      pen.note({ type: "compacted", step, ...shortened });
      return null;
    }
    await settle(record, tooLong(record, too_long_for));
    return "settled";
  }

  async function makeCall(
    { step, call, record }: Pick<Extract<Move, { move: "act" }>, "step" | "call" | "record">,
    signal: AbortSignal,
  ): Promise<Ending | null> {
    throwIfPaused();
    const decision = record.state === "decided" ? record : null;
    const scene = { ...scenery, call_id: call.id, decision };
    const ended = await act(actParts, step, call, scene, pen, signal).finally(() =>
      live.callEnded(turn_id, call.id),
    );
    return ended === "awaiting" ? "awaiting" : null;
  }

  async function recover(
    { step, call, record, may_begin, cancelled_by }: Extract<Move, { move: "recover" }>,
    signal: AbortSignal,
  ): Promise<Ending | null> {
    const asked_ms = clock.monotonic();
    const found = await findOut(step, call, record, cancelled_by, signal);
    // The effect certainly never began: it may begin now, once.
    if (found.kind === "never_started" && may_begin) {
      signal.throwIfAborted();
      return await makeCall({ step, call, record }, signal);
    }
    if (found.kind === "running") {
      const took_ms = clock.monotonic() - asked_ms;
      pen.note({ type: "tool_adopted", step, call_id: call.id, took_ms });
      await pen.commit().catch((fault: unknown) => {
        found.letGo();
        throw fault;
      });
    }
    const end = await endOf(found).finally(() => live.callEnded(turn_id, call.id));
    pen.note(toolEnded(step, call.id, end, limits.tool_result_chars));
    letGo(end, pen);
    return null;
  }

  /** What a cancelled turn left running is cancelled again: the wish may not have reached it. */
  async function findOut(
    step: number,
    call: ToolCall,
    { effect, intent }: Extract<Move, { move: "recover" }>["record"],
    cancelled_by: string | null,
    signal: AbortSignal,
  ): Promise<Recovered> {
    const read = toolbox.read(call);
    if (!read.ok) return { kind: "never_started" };
    const scene = { ...scenery, step, call_id: call.id, decision: null, intent };
    const wish = cancelled_by === null ? signal : AbortSignal.abort(new Cancelled(cancelled_by));
    return await read.tool.recover(effect, scene, wish, actParts.lookOn(call.id));
  }

  /** What was done for a paused person ends at the next step; a command of theirs does not begin. */
  function throwIfPaused(): void {
    const pause = parts.pauses.person(place.person.id);
    if (pause !== null) throw new Paused(pause);
  }

  /** Null: a wish to cancel came first. */
  async function park(parked: JournalBody): Promise<Ending | null> {
    return (await pen.suspend(parked, suspendTurn(store, lease, "parked"))) ? "parked" : null;
  }

  async function settle(
    { mode, provider, model, usage }: TurnRecord,
    { state, answer, error }: Settlement,
  ): Promise<void> {
    pen.note({
      ...{ type: "settled", state, answer, provider, model, usage, error },
      mode: mode ?? "full",
    });
    await pen.commit(endTurn(store, lease, state, clock.now()));
  }

  const scenery = { turn_id, person: place.person, workspace: place.workspace };

  return { advance, reload: () => pen.reload() };
}

const isTooLong = ({ steps }: TurnRecord): boolean => steps.at(-1)?.too_long_for != null;

const whatIsWrong = (read: ReadCall): string | null => (read.ok ? null : read.message);

async function endOf(found: Recovered): Promise<ToolEnd> {
  switch (found.kind) {
    case "never_started":
      return neverBegan;
    case "ended":
      return found.end;
    case "running":
      return await found.ended();
  }
}

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
    .select(["workspace.owner_uid"])
    .where("turn.id", "=", slot("turn_id")),
);

interface PlaceRow {
  readonly person_id: string;
  readonly number: number;
  readonly workspace_id: string;
  readonly path: string;
  readonly ino: string;
  readonly owner_uid: number;
}

async function placeOf(store: Store, turn_id: string) {
  const [row] = await store.query(placeRow(store, { turn_id }));
  if (row === undefined) throw new Error(`turn ${turn_id} has no person or workspace`);
  return {
    person: { id: row.person_id, number: row.number },
    workspace: {
      ...{ id: row.workspace_id, path: row.path, ino: row.ino, owner_uid: row.owner_uid },
    },
  };
}
