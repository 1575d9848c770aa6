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

export function createRecovery({ follower, journal, watch }: RecoveryParts) {
  /** What certainly did not begin, for whatever reason, may be planned anew, under a new id. */
  async function recover(
    { command_id, person_id }: StartedCommand,
    passage: Passage,
    onlooker: Onlooker,
  ): Promise<Standing> {
    const leave = watch(command_id, passage, onlooker);
    const onRecord = async (end: CommandEnd): Promise<CommandEnd> => {
      await journal.ended(command_id, person_id, end, passage.signal);
      return end;
    };
    const found = await follower
      .find(command_id, passage.signal, onlooker)
      .then((standing) => recorded(standing, onRecord))
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
      ended: () => found.ended().then(onRecord).finally(leave),
      letGo() {
        found.letGo();
        leave();
      },
    };
  }

  return recover;
}

const neverStarted: Standing = { state: "never_started" };

/** What has ended, with its end on record. */
async function recorded(
  found: Standing,
  onRecord: (end: CommandEnd) => Promise<CommandEnd>,
): Promise<Standing> {
  switch (found.state) {
    case "running":
      return found;
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
