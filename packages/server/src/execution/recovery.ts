import type { CommandEnd } from "@mainstay/executor/command";
import type { CommandJournal } from "./command-journal.ts";
import type { StartedCommand } from "./execution.ts";
import type { Follower, Onlooker, Standing } from "./follow.ts";
import type { Passage } from "./pauses.ts";

/** To be called when it is followed no more. */
export type Leave = () => void;

export interface RecoveryParts {
  readonly follower: Pick<Follower, "find">;
  readonly journal: Pick<CommandJournal, "ended">;
  readonly watch: (command_id: string, passage: Passage, onlooker: Onlooker) => Leave;
}

type Running = Extract<Standing, { state: "running" }>;
type Over = Exclude<Standing, Running>;

export type Looked = Over | { readonly state: "running" };

export function createRecovery({ follower, journal, watch }: RecoveryParts) {
  /** What certainly did not begin, for whatever reason, may be planned anew, under a new id. */
  async function recover(
    { command_id, person_id }: StartedCommand,
    passage: Passage,
    onlooker: Onlooker,
  ): Promise<Standing> {
    const leave = watch(command_id, passage, onlooker);
    const onRecord = recording({ command_id, person_id }, passage.signal);
    const found = await follower
      .find(command_id, passage.signal, onlooker)
      .then(async (standing): Promise<Standing> =>
        standing.state === "running" ? standing : await recorded(standing, onRecord),
      )
      .catch((fault: unknown) => {
        leave();
        throw fault;
      });
    if (found.state !== "running") {
      leave();
      return found;
    }
    passage.adopt();
    return {
      state: "running",
      async ended() {
        try {
          const end = await found.ended();
          await onRecord(end);
          return end;
        } finally {
          leave();
        }
      },
      letGo() {
        found.letGo();
        leave();
      },
    };
  }

  async function look(
    command: StartedCommand,
    signal: AbortSignal,
    onlooker: Onlooker,
  ): Promise<Looked> {
    const found = await follower.find(command.command_id, signal, onlooker);
    if (found.state !== "running") return recorded(found, recording(command, signal));
    found.letGo();
    return { state: "running" };
  }

  const recording =
    ({ command_id, person_id }: StartedCommand, signal: AbortSignal): OnRecord =>
    (end) =>
      journal.ended(command_id, person_id, end, signal);

  return { recover, look };
}

type OnRecord = (end: CommandEnd) => Promise<void>;

const neverStarted: Over = { state: "never_started" };

/** What has ended, with its end on record. */
async function recorded(found: Over, onRecord: OnRecord): Promise<Over> {
  switch (found.state) {
    case "never_started":
      await onRecord({ outcome: "not_started", why: "no executor has heard of it" });
      return found;
    case "ended":
      await onRecord(found.end);
      return hadNoEffect(found.end) ? neverStarted : found;
  }
}

const hadNoEffect = (end: CommandEnd): boolean =>
  end.outcome === "not_started" || (end.outcome === "interrupted" && end.ran === "no");
