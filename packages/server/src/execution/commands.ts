import type { ExecutorLink } from "@mainstay/executor/launch";
import { LOG_READ_LIMIT_BYTES } from "@mainstay/executor/protocol";
import type { Clock } from "@mainstay/sdk/clock";
import type {
  Command,
  CommandExtension,
  CommandOutput,
  CommandsFilter,
} from "@mainstay/sdk/commands";
import { sql } from "kysely";
import type { Person } from "../identity/identity.ts";
import { Refusal, StoreFault } from "../kernel/errors.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Store } from "../store/store.ts";
import { type AskExecutor } from "./ask-executor.ts";
import type { CommandJournal } from "./command-journal.ts";
import { AGENT, commandResource, type CommandRow, commandRows } from "./command-rows.ts";
import { createGiveTime, hasEnded } from "./more-time.ts";
import { type Order, type Page, pageOf, type PageWish } from "../store/page.ts";
import type { ProgressWatch } from "./progress-watch.ts";

/** Who looks after commands: their own, and an admin after everybody's. */
export type Looker = Pick<Person, "id" | "role">;

/** Where the agent looks after commands: in a turn of this person's. */
export interface AgentPlace {
  readonly turn_id: string;
  readonly person: { readonly id: string };
}

/** The background commands of one session, which its agent began; no other is there. */
export interface AgentCommands {
  get(command_id: string): Promise<Command>;
  /** As of `Commands`. */
  output(command_id: string, from: number): Promise<CommandOutput>;
  /** As of `Commands`. */
  stop(command_id: string): Promise<Command>;
}

/**
 * Commands as jobs: what runs and has run, what it printed, more time for it, its end.
 *
 * 1. A wish is on record before it has its effect; only a stop has it even where the disk takes
 *    nothing.
 * 2. A person sees their own, an admin all; the agent sees the background commands of its session.
 *
 * Throws Refusal `not_found` for what is not there or not theirs.
 */
export interface Commands {
  /** The newest first. */
  list(who: Looker, filter: CommandsFilter, page: PageWish): Promise<Page<Command>>;
  get(who: Looker, command_id: string): Promise<Command>;
  /**
   * What it printed from byte `from` on, at most 256 KiB. @throws Refusal `output_gone`,
   * `executor_unavailable`
   */
  output(who: Looker, command_id: string, from: number): Promise<CommandOutput>;
  /** @throws Refusal `command_ended`, StoreFault: it is ended all the same */
  stop(who: Person, command_id: string): Promise<Command>;
  ofAgent(place: AgentPlace): AgentCommands;
  /** @throws Refusal `command_not_begun`, `command_ended`, `limit_too_long`, `executor_unavailable` */
  extend(who: Person, command_id: string, extension: CommandExtension): Promise<Command>;
}

export interface CommandsParts {
  readonly store: Store;
  readonly journal: Pick<CommandJournal, "stop">;
  readonly progress: Pick<ProgressWatch, "now">;
  readonly ask: AskExecutor;
  readonly clock: Clock;
  readonly longest_wall_ms: number;
}

export function createCommands(parts: CommandsParts): Commands {
  const { store, journal, progress, ask, clock } = parts;
  const giveTime = createGiveTime(parts);

  async function rowOf({ rows, none }: Reach, command_id: string): Promise<CommandRow> {
    const [row] = await store.query(rows.where("command.id", "=", command_id));
    if (row !== undefined) return row;
    throw new Refusal("not_found", none);
  }

  async function runningRow(reach: Reach, command_id: string): Promise<CommandRow> {
    const row = await rowOf(reach, command_id);
    if (row.ended_at === null) return row;
    throw hasEnded(command_id);
  }

  const resource = async (row: CommandRow): Promise<Command> =>
    commandResource(row, row.ended_at === null ? await progress.now(row.id) : null);

  const get = async (reach: Reach, command_id: string) => resource(await rowOf(reach, command_id));

  async function output(reach: Reach, command_id: string, from: number): Promise<CommandOutput> {
    const row = await rowOf(reach, command_id);
    const piece = await ask((link) => link.readLog(command_id, from, LOG_READ_LIMIT_BYTES));
    return outputOf(row, piece, from);
  }

  async function stop(reach: Reach, command_id: string, by: Stopper): Promise<Command> {
    const { person_id } = await runningRow(reach, command_id);
    const recorded = store.commit({
      writes: [
        store.sql
          .updateTable("command")
          .set({ stopped_by: by.id })
          .where("id", "=", command_id)
          .where("stopped_by", "is", null)
          .where("ended_at", "is", null)
          .compile(),
        auditWrite(store, clock.now(), {
          ...{ kind: "command_stopped", command_id, person_id, ...by.recorded },
        }),
      ],
    });
    const fault = await recorded.then(() => null, faultOfStore);
    if (!journal.stop(command_id, by.name)) await ask((link) => link.cancel(command_id));
    if (fault !== null) throw fault;
    return get(reach, command_id);
  }

  return {
    async list(who, { state, session_id, turn_id }, page) {
      let { rows } = theirs(store, who);
      if (state === "running") rows = rows.where("command.ended_at", "is", null);
      if (state === "ended") rows = rows.where("command.ended_at", "is not", null);
      if (session_id !== undefined) rows = rows.where("command.session_id", "=", session_id);
      if (turn_id !== undefined) rows = rows.where("command.turn_id", "=", turn_id);
      const { items, next } = await pageOf(store, rows, newest, page);
      return { items: await Promise.all(items.map(resource)), next };
    },
    get: (who, command_id) => get(theirs(store, who), command_id),
    output: (who, command_id, from) => output(theirs(store, who), command_id, from),
    stop: (who, command_id) => stop(theirs(store, who), command_id, person(who)),
    ofAgent(place) {
      const reach = ofSession(store, place);
      return {
        get: (command_id) => get(reach, command_id),
        output: (command_id, from) => output(reach, command_id, from),
        stop: (command_id) => stop(reach, command_id, agent(place)),
      };
    },
    async extend(who, command_id, extension) {
      const reach = theirs(store, who);
      const { person_id } = await runningRow(reach, command_id);
      await giveTime({ command_id, person_id, extension, by: who });
      return get(reach, command_id);
    },
  };
}

/** The commands that somebody may look after, and what is said of any other. */
interface Reach {
  readonly rows: ReturnType<typeof commandRows>;
  readonly none: string;
}

function theirs(store: Store, { id, role }: Looker): Reach {
  const rows = commandRows(store);
  return {
    rows: role === "admin" ? rows : rows.where("command.person_id", "=", id),
    none: "There is no such command of yours.",
  };
}

const ofSession = (store: Store, { turn_id, person: { id } }: AgentPlace): Reach => ({
  rows: commandRows(store)
    .where("command.person_id", "=", id)
    .where("command.background", "=", 1)
    .where("command.session_id", "=", (from) =>
      from.selectFrom("turn").select("session_id").where("turn.id", "=", turn_id),
    ),
  none: "There is no such command here; background commands of this session can be looked after, no others.",
});

/** Who ends a command: in the row, in words, and on the trail. */
interface Stopper {
  readonly id: string;
  readonly name: string;
  readonly recorded: { readonly stopped_by: string | null; readonly turn_id?: string };
}

const person = ({ id, name }: Person): Stopper => ({ id, name, recorded: { stopped_by: id } });

const agent = ({ turn_id }: AgentPlace): Stopper => ({
  ...AGENT,
  recorded: { stopped_by: null, turn_id },
});

const newest: Order<CommandRow> = {
  direction: "desc",
  columns: [sql.ref("command.began_at"), sql.ref("command.id")],
  keysOf: ({ began_at, id }) => [began_at, id],
};

type LogPiece = Awaited<ReturnType<ExecutorLink["readLog"]>>;

function outputOf(row: CommandRow, piece: LogPiece, asked_from: number): CommandOutput {
  const ended = row.ended_at !== null;
  if (piece === null)
    return { from: 0, next: 0, base64: "", output_bytes: 0, kept_bytes: 0, ended };
  const { from, bytes, log_bytes, printed_bytes, has_ended } = piece;
  const output_bytes = printed_bytes ?? outcomeBytes(row) ?? log_bytes;
  if (log_bytes === 0 && output_bytes > 0 && has_ended)
    throw new Refusal(
      "output_gone",
      `It printed ${output_bytes} bytes; outputs are kept for a while, the latest longest, and this one is not any more.`,
    );
  return {
    ...{ from: Math.min(from, asked_from), next: from + bytes.length },
    ...{ base64: bytes.toString("base64"), output_bytes, kept_bytes: log_bytes },
    ended: has_ended,
  };
}

const outcomeBytes = ({ outcome }: CommandRow): number | null =>
  outcome === null ? null : (JSON.parse(outcome) as { output_bytes: number | null }).output_bytes;

function faultOfStore(fault: unknown): StoreFault {
  if (fault instanceof StoreFault) return fault;
  throw fault;
}
