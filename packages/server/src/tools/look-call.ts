import { FileRefused } from "../files/files.ts";
import type { Prepared, Recovered, ToolEnd } from "./tool.ts";

/** What `read_file` and `list_files` have in common: they change nothing and may run again. */
export const prepareLook = (look: () => Promise<string>): Prepared => ({
  kind: "ready",
  effect: { kind: "none" },
  async execute(signal) {
    signal.throwIfAborted();
    return looked(look);
  },
});

export const recoverLook = (): Promise<Recovered> => Promise.resolve({ kind: "never_started" });

async function looked(look: () => Promise<string>): Promise<ToolEnd> {
  try {
    return { outcome: "ok", result: await look(), command: null };
  } catch (fault) {
    if (!(fault instanceof FileRefused)) throw fault;
    return { outcome: "error", result: fault.message, command: null };
  }
}
