import type { Clock } from "@mainstay/sdk/clock";
import type { CommandExtension } from "@mainstay/sdk/commands";
import { sql } from "kysely";
import { Refusal } from "../kernel/errors.ts";
import { timeOf } from "../kernel/time.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Store } from "../store/store.ts";
import type { AskExecutor } from "./ask-executor.ts";

/** What is given, to which command, by whom. */
export interface MoreTime {
  readonly command_id: string;
  readonly person_id: string;
  readonly extension: CommandExtension;
  readonly by: { readonly id: string };
}

/**
 * Gives running commands more time.
 *
 * 1. The wish is on record before it has its effect.
 * 2. A time limit is never made shorter, neither in the executor nor in the row.
 * 3. Wishes for one command are met one after another: each adds to what the last one gave.
 *
 * Throws Refusal `command_not_begun`, `command_ended`, `limit_too_long`, `executor_unavailable`.
 */
export type GiveTime = (wish: MoreTime) => Promise<void>;

export interface GiveTimeParts {
  readonly store: Store;
  readonly ask: AskExecutor;
  readonly clock: Clock;
  readonly longest_wall_ms: number;
}

export function createGiveTime({ store, ask, clock, longest_wall_ms }: GiveTimeParts): GiveTime {
  /** The last wish of each command that has one. */
  const last = new Map<string, Promise<void>>();

  async function give({ command_id, person_id, extension, by }: MoreTime): Promise<void> {
    const now = await ask((link) => link.state(command_id));
    if (now.state === "never") throw notBegun(command_id);
    if (now.state === "ended") throw hasEnded(command_id);
    const wall_ms = Math.ceil(wallOf(extension, now, clock.now()));
    if (wall_ms > longest_wall_ms) throw tooLong(longest_wall_ms);
    if (wall_ms <= now.wall_ms) return;
    await record(command_id, person_id, wall_ms, by.id);
    const holds = await ask((link) => link.extend(command_id, wall_ms));
    if (holds === null) throw hasEnded(command_id);
  }

  async function record(command_id: string, person_id: string, wall_ms: number, by: string) {
    const longer = store.sql
      .updateTable("command")
      .set({ wall_ms: sql<number>`max(wall_ms, ${wall_ms})` })
      .where("id", "=", command_id);
    await store.commit({
      writes: [
        longer.compile(),
        auditWrite(store, clock.now(), {
          ...{ kind: "command_extended", command_id, person_id, wall_ms, extended_by: by },
        }),
      ],
    });
  }

  return async (wish) => {
    const { command_id } = wish;
    const before = last.get(command_id)?.catch(() => undefined);
    const given = before === undefined ? give(wish) : before.then(() => give(wish));
    last.set(command_id, given);
    try {
      await given;
    } finally {
      if (last.get(command_id) === given) last.delete(command_id);
    }
  };
}

type Limit = { readonly elapsed_ms: number; readonly wall_ms: number };

/** The limit that is wanted, from the command's beginning. */
const wallOf = (extension: CommandExtension, now: Limit, now_ms: number): number =>
  "for_s" in extension
    ? now.wall_ms + extension.for_s * 1000
    : now.elapsed_ms + timeOf(extension.until) - now_ms;

export const hasEnded = (command_id: string) =>
  new Refusal("command_ended", `${command_id} has ended; its record tells how.`);

const notBegun = (command_id: string) =>
  new Refusal(
    "command_not_begun",
    `${command_id} still waits to begin, and so does its time; once it runs it can be given more.`,
    { retry_after_s: 2 },
  );

const tooLong = (longest_ms: number) =>
  new Refusal(
    "limit_too_long",
    `No command may run for longer than ${longest_ms / 3_600_000} h in all; nothing was changed.`,
  );
