import type { ExecutorLink } from "@mainstay/executor/launch";

/** Opens a link to an executor; assemble binds it to the data folder. */
export type OpenLink = () => Promise<ExecutorLink>;

type Registration = Parameters<ExecutorLink["registerWorkspace"]>[0];

/**
 * Keeps one link to an executor, and opens a new one after a loss.
 *
 * 1. Callers that come while a link is being opened share it.
 * 2. A workspace is registered once a link, before its first command.
 */
export interface ExecutorKeeper {
  link(): Promise<ExecutorLink>;
  register(workspace: Registration): Promise<ExecutorLink>;
  close(): Promise<void>;
}

export function createExecutorKeeper(
  open: OpenLink,
  onOutput: (command_id: string, text: string) => void,
): ExecutorKeeper {
  let current: Promise<ExecutorLink> | null = null;
  let closed = false;
  const registered = new WeakMap<ExecutorLink, Set<string>>();

  async function openLink(): Promise<ExecutorLink> {
    const link = await open();
    registered.set(link, new Set());
    link.onOutput(onOutput);
    return link;
  }

  function forget(lost: Promise<ExecutorLink>): void {
    if (current === lost) current = null;
  }

  function link(): Promise<ExecutorLink> {
    if (closed) return Promise.reject(new Error("the executor was closed"));
    if (current !== null) return current;
    const opening = openLink();
    current = opening;
    opening.then(
      (opened) => opened.closed.then(() => forget(opening)),
      () => forget(opening),
    );
    return opening;
  }

  return {
    link,
    async register(workspace) {
      const open = await link();
      const known = registered.get(open);
      const name = JSON.stringify(workspace);
      if (known?.has(name)) return open;
      await open.registerWorkspace(workspace);
      known?.add(name);
      return open;
    },
    async close() {
      closed = true;
      const open = await current?.catch(() => null);
      await open?.close();
    },
  };
}
