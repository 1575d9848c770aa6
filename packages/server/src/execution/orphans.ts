import { sql } from "kysely";
import { messageOf, Stopping } from "../kernel/errors.ts";
import type { Actor } from "../kernel/lifecycle.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { Execution, StartedCommand } from "./execution.ts";
import { nobody } from "./follow.ts";

/** Of each kind, looked after in one run of the server; what is left waits for the next. */
const AT_MOST = 500;
/** Of the trail's records, for what has no row; a start does not wait for a look at years. */
const LATEST = 50_000;

export interface OrphansParts {
  readonly store: Store;
  readonly execution: Pick<Execution, "enter" | "recover" | "forget" | "isFollowed">;
  readonly log: Log;
}

/**
 * Puts on record how commands ended that no call waits for: they went on in the background when the
 * last server stopped, or their turn has settled without their result, because its journal is
 * damaged, it was given up, or the store failed at the wrong moment. One that still runs is followed
 * to its end: one in the background by nobody else, whether its turn goes on or not.
 */
export function createOrphans({ store, execution, log }: OrphansParts): Actor {
  let looking: Promise<void> | null = null;

  async function look(): Promise<void> {
    try {
      const found = await orphans(store);
      // What this run began is not handed over yet, perhaps: to be told that it never was is no end.
      const left = found.filter(({ command_id }) => !execution.isFollowed(command_id));
      await Promise.all(left.map(follow));
    } catch (fault) {
      log.error({ fault: messageOf(fault) }, "commands without a result could not be looked for");
    }
  }

  async function follow({ is_open, ...command }: Orphan): Promise<void> {
    // No turn's wish ends it, but an operator's or its person's.
    const passage = execution.enter(command.person_id, new AbortController().signal);
    try {
      const found = await execution.recover(command, passage, nobody);
      if (found.state === "running") await found.ended();
      if (!is_open) execution.forget(command.command_id);
    } catch (fault) {
      if (fault instanceof Stopping) return;
      const { command_id } = command;
      log.error({ command_id, fault: messageOf(fault) }, "a command's end was not put on record");
    } finally {
      passage.leave();
    }
  }

  return {
    start() {
      looking ??= look();
    },
    async stop() {
      await looking;
    },
  };
}

interface Orphan extends StartedCommand {
  /** Its turn goes on, and may yet ask for what it printed. */
  readonly is_open: boolean;
}

async function orphans(store: Store): Promise<Orphan[]> {
  const found = await Promise.all([store.query(unended(store)), store.query(unlisted(store))]);
  return found
    .flat()
    .map(({ settled_at, ...command }) => ({ ...command, is_open: settled_at === null }));
}

/** However long ago they began. */
const unended = (store: Store) =>
  store.sql
    .selectFrom("command")
    .innerJoin("turn", "turn.id", "command.turn_id")
    .select(["command.id as command_id", "turn.person_id", "turn.settled_at"])
    .where("command.ended_at", "is", null)
    .where((is) => is.or([is("turn.settled_at", "is not", null), is("command.background", "=", 1)]))
    .limit(AT_MOST);

/** Searches, and commands of before there was a list of them: they have no row. */
const unlisted = (store: Store) =>
  store.sql
    .selectFrom("audit as intent")
    .innerJoin("turn", (on) => on.onRef("turn.id", "=", sql<string>`intent.body ->> 'turn_id'`))
    .leftJoin("command", "command.id", "intent.command_id")
    .select([sql<string>`intent.command_id`.as("command_id"), "turn.person_id", "turn.settled_at"])
    .where("intent.seq", ">", sql<number>`(select max(seq) from audit) - ${LATEST}`)
    .where("intent.kind", "=", "command_intent")
    .where("turn.settled_at", "is not", null)
    .where("command.id", "is", null)
    .where((of) =>
      of.not(
        of.exists(
          of
            .selectFrom("audit as result")
            .select("result.seq")
            .whereRef("result.command_id", "=", "intent.command_id")
            .where("result.once", "=", "command_result"),
        ),
      ),
    )
    .limit(AT_MOST);
