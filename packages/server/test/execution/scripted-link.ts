import type { CommandEnd, CommandState, RunAnswer } from "@mainstay/executor/command";
import { ExecutorGone } from "@mainstay/executor/errors";
import type { ExecutorLink } from "@mainstay/executor/launch";
import type { OutputPiece } from "@mainstay/executor/protocol";

/** The one command that scripted links are asked for. */
export const ID = "cmd_1";

/** A link whose answers are given by hand, and which tells what was asked of it. */
export function scriptedLink(
  state: CommandState = {
    ...{ state: "running", elapsed_ms: 5, wall_ms: 60_000, output_bytes: 0 },
    ...{ last_line: null, percent: null },
  },
) {
  const answer = Promise.withResolvers<RunAnswer>();
  const end = Promise.withResolvers<CommandEnd>();
  const output = Promise.withResolvers<OutputPiece | null>();
  const closed = Promise.withResolvers<void>();
  const ran: string[] = [];
  const cancelled: string[] = [];
  let tell: Parameters<ExecutorLink["onOutput"]>[0] = () => undefined;
  const link = {
    pid: 7,
    closed: closed.promise,
    registerWorkspace: () => Promise.resolve(),
    run: ({ plan }: Parameters<ExecutorLink["run"]>[0]) => {
      ran.push(plan.command_id);
      return answer.promise;
    },
    state: () => Promise.resolve(state),
    wait: () => end.promise,
    output: () => output.promise,
    cancel: async (id: string) => void cancelled.push(id),
    onOutput: (listener: typeof tell) => (tell = listener),
    leave: () => Promise.resolve(lose()),
    close: () => Promise.resolve(lose()),
  } as unknown as ExecutorLink;
  function lose(): void {
    for (const { reject, promise } of [answer, end, output]) {
      reject(new ExecutorGone("gone"));
      promise.catch(() => undefined);
    }
    closed.resolve();
  }
  return {
    link,
    answer,
    end,
    output,
    ran,
    cancelled,
    lose,
    tell: (at: number, text: string) => tell(ID, at, text),
  };
}
