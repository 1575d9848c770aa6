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
import { messageOf, Refusal, Stopping, StoreFault } from "../kernel/errors.ts";
import { timeOf } from "../kernel/time.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Store } from "../store/store.ts";
import type { CommandJournal } from "./command-journal.ts";
import { AGENT, commandResource, type CommandRow, commandRows } from "./command-rows.ts";
import type { ExecutorKeeper } from "./executor-link.ts";
import { type Order, type Page, pageOf, type PageWish } from "./page.ts";
import type { ProgressWatch } from "./progress-watch.ts";

/** Starting an executor takes a fraction of it; who asks is not left waiting for longer. */
const LINK_MS = 5_000;

/** Who looks after commands: their own, and an admin after everybody's. */
export type Looker = Pick<Person, "id" | "role">;

/**
 * Commands as jobs: what runs and has run, what it printed, more time for it, its end.
 *
 * 1. A wish is on record before it has its effect; only a stop has it even where the disk takes
 *    nothing.
 * 2. A time limit is never made shorter.
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
  /** As `stop`, of a tool of theirs. */
  stopByAgent(who: Looker, command_id: string): Promise<Command>;
  /** @throws Refusal `command_ended`, `limit_too_long`, `executor_unavailable` */
  extend(who: Person, command_id: string, extension: CommandExtension): Promise<Command>;
}

export interface CommandsParts {
  readonly store: Store;
  readonly journal: Pick<CommandJournal, "stop">;
  readonly progress: Pick<ProgressWatch, "now">;
  readonly keeper: Pick<ExecutorKeeper, "link">;
  readonly clock: Clock;
  readonly longest_wall_ms: number;
}

export function createCommands(parts: CommandsParts): Commands {
  const { store, journal, progress, keeper, clock } = parts;

  async function rowOf(who: Looker, command_id: string): Promise<CommandRow> {
    const [row] = await store.query(theirs(store, who).where("command.id", "=", command_id));
    if (row !== undefined) return row;
    throw new Refusal("not_found", "There is no such command of yours.");
  }

  async function runningRow(who: Looker, command_id: string): Promise<CommandRow> {
    const row = await rowOf(who, command_id);
    if (row.ended_at === null) return row;
    throw hasEnded(command_id);
  }

  const resource = async (row: CommandRow): Promise<Command> =>
    commandResource(row, row.ended_at === null ? await progress.now(row.id) : null);

  const get = async (who: Looker, command_id: string) => resource(await rowOf(who, command_id));

  /** A link to ask, started where there is none. */
  async function link(): Promise<ExecutorLink> {
    const late = Promise.withResolvers<never>();
    const disarm = clock.after(LINK_MS, () => late.reject(new Error("it does not answer")));
    try {
      return await Promise.race([keeper.link(() => undefined), late.promise]);
    } catch (fault) {
      if (fault instanceof Stopping) throw fault;
      throw unavailable(fault);
    } finally {
      disarm();
    }
  }

  async function asked<T>(ask: (link: ExecutorLink) => Promise<T>): Promise<T> {
    const open = await link();
    return ask(open).catch((fault: unknown) => {
      throw unavailable(fault);
    });
  }

  async function stop(
    who: Looker,
    command_id: string,
    by: { id: string | null; name: string },
  ): Promise<Command> {
    const { person_id } = await runningRow(who, command_id);
    const recorded = store.commit({
      writes: [
        store.sql
          .updateTable("command")
          .set({ stopped_by: by.id ?? AGENT.id })
          .where("id", "=", command_id)
          .where("stopped_by", "is", null)
          .where("ended_at", "is", null)
          .compile(),
        auditWrite(store, clock.now(), {
          ...{ kind: "command_stopped", command_id, person_id, stopped_by: by.id },
        }),
      ],
    });
    const fault = await recorded.then(() => null, faultOfStore);
    if (!journal.stop(command_id, by.name)) await asked((open) => open.cancel(command_id));
    if (fault !== null) throw fault;
    return get(who, command_id);
  }

  async function extend(
    who: Person,
    command_id: string,
    extension: CommandExtension,
  ): Promise<Command> {
    const { person_id } = await runningRow(who, command_id);
    const now = await asked((open) => open.state(command_id));
    if (now.state !== "running") throw hasEnded(command_id);
    const wall_ms = Math.ceil(wallOf(extension, now, clock.now()));
    if (wall_ms > parts.longest_wall_ms) throw tooLong(parts.longest_wall_ms);
    if (wall_ms > now.wall_ms) {
      await recordLimit(person_id, command_id, wall_ms, who);
      const holds = await asked((open) => open.extend(command_id, wall_ms));
      if (holds === null) throw hasEnded(command_id);
    }
    return get(who, command_id);
  }

  async function recordLimit(
    person_id: string,
    command_id: string,
    wall_ms: number,
    by: Person,
  ): Promise<void> {
    const update = store.sql.updateTable("command").set({ wall_ms }).where("id", "=", command_id);
    await store.commit({
      writes: [
        update.compile(),
        auditWrite(store, clock.now(), {
          ...{ kind: "command_extended", command_id, person_id, wall_ms, extended_by: by.id },
        }),
      ],
    });
  }

  return {
    async list(who, { state, session_id, turn_id }, page) {
      let rows = theirs(store, who);
      if (state === "running") rows = rows.where("command.ended_at", "is", null);
      if (state === "ended") rows = rows.where("command.ended_at", "is not", null);
      if (session_id !== undefined) rows = rows.where("command.session_id", "=", session_id);
      if (turn_id !== undefined) rows = rows.where("command.turn_id", "=", turn_id);
      const { items, next } = await pageOf(store, rows, newest, page);
      return { items: await Promise.all(items.map(resource)), next };
    },
    get,
    async output(who, command_id, from) {
      const row = await rowOf(who, command_id);
      const piece = await asked((open) => open.readLog(command_id, from, LOG_READ_LIMIT_BYTES));
      return outputOf(row, piece, from);
    },
    stop: (who, command_id) => stop(who, command_id, who),
    stopByAgent: (who, command_id) => stop(who, command_id, { id: null, name: AGENT.name }),
    extend,
  };
}

function theirs(store: Store, { id, role }: Looker) {
  const rows = commandRows(store);
  return role === "admin" ? rows : rows.where("command.person_id", "=", id);
}

const newest: Order<CommandRow> = {
  direction: "desc",
  columns: [sql.ref("command.began_at"), sql.ref("command.id")],
  keysOf: ({ began_at, id }) => [began_at, id],
};

type Limit = { readonly elapsed_ms: number; readonly wall_ms: number };

/** The limit that is wanted, from the command's beginning. */
const wallOf = (extension: CommandExtension, now: Limit, now_ms: number): number =>
  "for_s" in extension
    ? now.wall_ms + extension.for_s * 1000
    : now.elapsed_ms + timeOf(extension.until) - now_ms;

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

const hasEnded = (command_id: string) =>
  new Refusal("command_ended", `${command_id} has ended; its record tells how.`);

const tooLong = (longest_ms: number) =>
  new Refusal(
    "limit_too_long",
    `No command may run for longer than ${longest_ms / 3_600_000} h in all; nothing was changed.`,
  );

const unavailable = (fault: unknown) =>
  new Refusal(
    "executor_unavailable",
    `The executor, which has the commands, cannot be asked right now: ${messageOf(fault)}.`,
    { retry_after_s: 2 },
  );
