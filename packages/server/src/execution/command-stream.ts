import type { OutputPiece } from "@mainstay/executor/protocol";
import type { CommandEvent, CommandNews } from "@mainstay/sdk/commands";
import { Refusal } from "../kernel/errors.ts";
import type { Store } from "../store/store.ts";
import { unlessAborted } from "./abort.ts";
import type { AskExecutor } from "./ask-executor.ts";
import type { CommandChange, CommandJournal } from "./command-journal.ts";
import type { Commands, Looker } from "./commands.ts";
import type { OutputDesk } from "./output-desk.ts";
import { LARGEST_PAGE } from "../store/page.ts";
import type { ProgressWatch } from "./progress-watch.ts";

/** Changes that wait to be looked up; past it they go, and a snapshot takes their place. */
const WAITING_CHANGES = 1_000;

/**
 * What happens to commands, as it happens, until the signal aborts.
 *
 * 1. Listening begins before the first look, so that nothing falls between.
 * 2. A change says only what to look up: what is told is what the table says. After a fault of the
 *    store all is looked up again: of what was refused and kept nobody is told.
 */
export interface CommandStream {
  /** Ends after `ended`. @throws Refusal `not_found`, StoreFault */
  follow(
    who: Looker,
    command_id: string,
    tell: (event: CommandEvent) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Of all commands of this person. @throws StoreFault */
  news(who: Looker, tell: (news: CommandNews) => void, signal: AbortSignal): Promise<void>;
}

export interface CommandStreamParts {
  readonly store: Pick<Store, "onStatus">;
  readonly journal: Pick<CommandJournal, "onChange">;
  readonly commands: Pick<Commands, "get" | "list">;
  readonly progress: Pick<ProgressWatch, "watch">;
  readonly ask: AskExecutor;
  readonly desk: Pick<OutputDesk, "tapHeld">;
}

export function createCommandStream(parts: CommandStreamParts): CommandStream {
  const { commands, progress, desk, ask } = parts;

  async function follow(
    who: Looker,
    command_id: string,
    tell: (event: CommandEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const changes = listen(parts, signal, (change) => change.command_id === command_id);
    const output = desk.tapHeld(command_id, (offset, text) =>
      tell({ type: "output", offset, text }),
    );
    let unwatch = () => {};
    try {
      let command = await commands.get(who, command_id);
      if (command.state === "running") {
        tell({ type: "snapshot", command });
        output.release(await keptOutput(command_id, signal));
        unwatch = progress.watch(command_id, (now) => tell({ type: "progress", ...now }));
      }
      while (command.state === "running" && !signal.aborted) {
        await changes.next();
        command = await commands.get(who, command_id);
      }
      if (command.state === "ended") tell({ type: "ended", command });
    } finally {
      changes.end();
      output.end();
      unwatch();
    }
  }

  /** What runs has an executor; where nobody can be asked, the stream begins with what comes. */
  async function keptOutput(command_id: string, signal: AbortSignal): Promise<OutputPiece | null> {
    const kept = ask((link) => link.output(command_id));
    return await unlessAborted(kept, signal).catch(() => null);
  }

  async function news(
    who: Looker,
    tell: (news: CommandNews) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const own: Looker = { id: who.id, role: "member" };
    const changes = listen(parts, signal, ({ person_id }) => person_id === who.id);
    try {
      await snapshot(own, tell);
      while (!signal.aborted) {
        const seen = await changes.next();
        if (seen === "missed") await snapshot(own, tell);
        else for (const change of seen) await tellChange(own, change, tell);
      }
    } finally {
      changes.end();
    }
  }

  async function snapshot(own: Looker, tell: (news: CommandNews) => void): Promise<void> {
    const page = await commands.list(own, { state: "running" }, { limit: LARGEST_PAGE });
    tell({ type: "snapshot", items: page.items });
  }

  async function tellChange(
    own: Looker,
    { change, command_id }: CommandChange,
    tell: (news: CommandNews) => void,
  ): Promise<void> {
    const command = await commands.get(own, command_id).catch(nullIfNone);
    if (command !== null) tell({ type: change, command });
  }

  return { follow, news };
}

/** What nobody looks after, as a search, has no row. */
function nullIfNone(fault: unknown): null {
  if (fault instanceof Refusal && fault.code === "not_found") return null;
  throw fault;
}

/** Changes that concern somebody, in order and within bounds. */
function listen(
  { journal, store }: Pick<CommandStreamParts, "journal" | "store">,
  signal: AbortSignal,
  concerns: (change: CommandChange) => boolean,
) {
  let seen: CommandChange[] | "missed" = [];
  let come = Promise.withResolvers<void>();
  const wake = () => come.resolve();
  const miss = () => {
    seen = "missed";
    wake();
  };
  const unsubscribe = [
    journal.onChange((change) => {
      if (!concerns(change)) return;
      if (seen !== "missed" && seen.length < WAITING_CHANGES) seen.push(change);
      else seen = "missed";
      wake();
    }),
    store.onStatus(miss),
  ];
  signal.addEventListener("abort", wake, { once: true });
  return {
    async next(): Promise<CommandChange[] | "missed"> {
      if (!signal.aborted) await come.promise;
      const taken = seen;
      seen = [];
      come = Promise.withResolvers();
      return taken;
    },
    end() {
      signal.removeEventListener("abort", wake);
      for (const each of unsubscribe) each();
    },
  };
}
