import type { CommandEnd } from "@mainstay/executor/command";
import type { Changes } from "@mainstay/sdk/changes";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf, Stopping } from "../kernel/errors.ts";
import type { Batch, Store } from "../store/store.ts";
import { outcomeOf } from "./command-outcome.ts";
import {
  beganWrite,
  commandRows,
  endedWrite,
  type NewCommand,
  roomInBackground,
  stopperOf,
} from "./command-rows.ts";
import type { GateAudit } from "./gate-audit.ts";
import type { Passage } from "./passages.ts";

export interface CommandChange {
  readonly change: "began" | "ended";
  readonly command_id: string;
  readonly person_id: string;
}
export type ChangeListener = (change: CommandChange) => void;

type Intent = Parameters<GateAudit["intend"]>[0];

/**
 * What becomes of commands, on record: in the trail, and in the row that people look at.
 *
 * 1. Row and record are one batch: a command is on the list from before it begins, and has ended
 *    there when its result is on the trail.
 * 2. A change is told when it is on disk.
 * 3. Who wants a command to end that is followed here ends its passage, wherever it stands on it;
 *    what is still on its way then does not begin.
 */
export interface CommandJournal {
  /**
   * Writes intent and row with what they rest on; `command` is null of what no person looks after.
   * @returns null; or why the command must not run, and then nothing was written
   */
  intend(
    intent: Intent,
    command: NewCommand | null,
    rests_on: Required<Batch>,
  ): Promise<string | null>;
  /** @throws Stopping */
  ended(command_id: string, person_id: string, end: CommandEnd, signal: AbortSignal): Promise<void>;
  /** Who or what wanted it to end, in words; `signal` is its passage's. */
  whyKilled(command_id: string, signal: AbortSignal): Promise<string>;
  /** It is followed on this way until the returned function is called. */
  follow(command_id: string, passage: Passage): () => void;
  isFollowed(command_id: string): boolean;
  /** Ends what is followed; false where it is not. */
  stop(command_id: string, by: string): boolean;
  onChange(listener: ChangeListener): () => void;
}

/** What commands changed that went on when their calls had ended. */
export interface BackgroundChanges {
  /** Null of every other command. */
  sinceItWentOn(command_id: string): Promise<Changes | null>;
  /** It is on record. */
  forget(command_id: string): void;
}

export interface CommandJournalParts {
  readonly store: Store;
  readonly audit: Pick<GateAudit, "intend" | "ended">;
  readonly clock: Clock;
  readonly background_commands: number;
  readonly changes: BackgroundChanges;
}

export function createCommandJournal(parts: CommandJournalParts): CommandJournal {
  const { store, audit, clock } = parts;
  const followed = new Map<string, Passage>();
  const listeners = new Set<ChangeListener>();

  function tell(change: CommandChange["change"], command_id: string, person_id: string): void {
    for (const listener of listeners) listener({ change, command_id, person_id });
  }

  async function whyKilled(command_id: string, signal: AbortSignal): Promise<string> {
    if (signal.aborted && !(signal.reason instanceof Stopping)) return messageOf(signal.reason);
    const [row] = await store.query(commandRows(store).where("command.id", "=", command_id));
    const by = row === undefined ? null : stopperOf(row);
    return by === null ? "it was cancelled" : `cancelled by ${by}`;
  }

  function restingOn({ guards, writes }: Required<Batch>, command: NewCommand): Required<Batch> {
    const room = roomInBackground(store, command.person_id, parts.background_commands);
    return {
      guards: command.background === 1 ? [...guards, room] : guards,
      writes: [...writes, beganWrite(store, command)],
    };
  }

  return {
    async intend(intent, command, rests_on) {
      if (command === null) return audit.intend(intent, rests_on);
      const hindrance = await audit.intend(intent, restingOn(rests_on, command));
      if (hindrance === null) tell("began", command.id, command.person_id);
      return hindrance;
    },
    async ended(id, person_id, end, signal) {
      const is_cancelled = end.outcome === "exited" && end.cancelled;
      const changes = await parts.changes.sinceItWentOn(id);
      const outcome = {
        ...outcomeOf(end, is_cancelled ? await whyKilled(id, signal) : ""),
        ...(changes !== null && { changes }),
      };
      const output = "output" in end ? (end.output ?? "") : "";
      const row = endedWrite(store, { id, at: clock.now(), outcome, output });
      await audit.ended(id, person_id, end, [row]);
      if (changes !== null) parts.changes.forget(id);
      tell("ended", id, person_id);
    },
    whyKilled,
    follow(command_id, passage) {
      followed.set(command_id, passage);
      return () => {
        if (followed.get(command_id) === passage) followed.delete(command_id);
      };
    },
    isFollowed: (command_id) => followed.has(command_id),
    stop(command_id, by) {
      const passage = followed.get(command_id);
      passage?.stop(by);
      return passage !== undefined;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
