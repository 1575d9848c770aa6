import type { CommandProgress } from "@mainstay/sdk/commands";
import { type Command, CommandOutcome } from "@mainstay/sdk/commands";
import { sql } from "kysely";
import { isoTime } from "../kernel/time.ts";
import { prepared } from "../store/prepared.ts";
import type { Row } from "../store/schema.ts";
import type { Guard, Statement, Store } from "../store/store.ts";

const TEXT_CHARS = 4_000;
/** Kept of what a background command printed last: as much as a note tells a model. */
const TAIL_CHARS = 2_000;

/** What is known of a command when it may begin. */
export interface NewCommand {
  readonly id: string;
  readonly turn_id: string;
  readonly person_id: string;
  readonly workspace_id: string;
  readonly step: number;
  readonly call_id: string;
  readonly intent: string;
  readonly text: string;
  readonly background: number;
  readonly began_at: number;
  readonly wall_ms: number;
}

/** The row of a command that may begin, for the batch of its intent. */
export const beganWrite = (store: Store, command: NewCommand): Statement =>
  insertCommand(store, { ...command, text: command.text.slice(0, TEXT_CHARS).toWellFormed() });

const insertCommand = prepared<NewCommand>((db, slot) => ({
  compile: () =>
    sql`
    insert into command (id, turn_id, session_id, person_id, workspace_id, step, call_id, intent,
      text, background, began_at, wall_ms)
    select ${slot("id")}, id, session_id, ${slot("person_id")}, ${slot("workspace_id")},
      ${slot("step")}, ${slot("call_id")}, ${slot("intent")}, ${slot("text")},
      ${slot("background")}, ${slot("began_at")}, ${slot("wall_ms")}
    from turn where id = ${slot("turn_id")}
    on conflict (id) do nothing`.compile(db),
}));

export interface EndedCommand {
  readonly id: string;
  readonly at: number;
  readonly outcome: CommandOutcome;
  /** All that is kept of what it printed. */
  readonly output: string;
}

/** How a command ended, for the batch of its result; the first end counts. */
export const endedWrite = (store: Store, { id, at, outcome, output }: EndedCommand): Statement =>
  endCommand(store, {
    ...{ id, at, outcome: JSON.stringify(outcome) },
    tail: output.slice(-TAIL_CHARS).toWellFormed(),
  });

const endCommand = prepared<{ id: string; at: number; outcome: string; tail: string }>(
  (db, slot) => ({
    compile: () =>
      sql`
    update command set ended_at = ${slot("at")}, outcome = ${slot("outcome")},
      tail = case background when 1 then ${slot("tail")} end
    where id = ${slot("id")} and ended_at is null`.compile(db),
  }),
);

/** Holds while the person may have one more command in the background. */
export const roomInBackground = (store: Store, person_id: string, limit: number): Guard => ({
  name: `room for another command in the background (${limit} of a person run at most)`,
  expect: "none",
  query: inBackground(store, person_id)
    .offset(limit - 1)
    .limit(1)
    .compile(),
});

export const inBackground = (store: Store, person_id: string) =>
  store.sql
    .selectFrom("command")
    .select("id")
    .where("person_id", "=", person_id)
    .where("ended_at", "is", null)
    .where("background", "=", 1);

export interface CommandRow extends Row<"command"> {
  readonly person_name: string;
  /** Null where nobody stopped it, or no person did. */
  readonly stopper_name: string | null;
}

/** Commands with the names that people know. */
export const commandRows = (store: Store) =>
  store.sql
    .selectFrom("command")
    .innerJoin("person", "person.id", "command.person_id")
    .leftJoin("person as stopper", "stopper.id", "command.stopped_by")
    .selectAll("command")
    .select(["person.name as person_name", "stopper.name as stopper_name"]);

/** What `stopped_by` holds where the agent stopped it, in a turn of the person's. */
export const AGENT = { id: "agent", name: "the agent" };

/** Who wanted it to end, whatever became of the wish. */
export const stopperOf = ({ stopped_by, stopper_name }: CommandRow): string | null =>
  stopper_name ?? (stopped_by === AGENT.id ? AGENT.name : stopped_by);

/** It may have ended by itself before the wish reached it: nobody stopped it then. */
const wasStopped = ({ cancelled, ran }: CommandOutcome): boolean =>
  cancelled || ran === "never_started";

export function commandResource(row: CommandRow, progress: CommandProgress | null): Command {
  const outcome = row.outcome === null ? null : CommandOutcome.parse(JSON.parse(row.outcome));
  return {
    ...standing(row, progress),
    stopped_by: outcome === null || wasStopped(outcome) ? stopperOf(row) : null,
    outcome,
  };
}

const standing = (row: CommandRow, progress: CommandProgress | null) => ({
  id: row.id,
  turn_id: row.turn_id,
  session_id: row.session_id,
  workspace_id: row.workspace_id,
  person: { id: row.person_id, name: row.person_name },
  step: row.step,
  call_id: row.call_id,
  intent: row.intent,
  command: row.text,
  background: row.background === 1,
  state: row.ended_at === null ? ("running" as const) : ("ended" as const),
  began_at: isoTime(row.began_at),
  ended_at: row.ended_at === null ? null : isoTime(row.ended_at),
  wall_ms: progress?.wall_ms ?? row.wall_ms,
  progress,
});
