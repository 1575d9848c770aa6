/** Asks for a sync that begins from now on; resolves when it has ended. */
export type SharedSync = () => Promise<void>;

/**
 * One sync for all who ask while another one runs: what they wrote is written when it begins.
 * Who asks after it has begun waits for the next.
 */
export function sharedSync(sync: () => Promise<void>): SharedSync {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  async function run(after: Promise<void> | null): Promise<void> {
    // Its own callers hear how it ended.
    await after?.catch(() => {});
    running = next;
    next = null;
    return sync();
  }

  return () => (next ??= run(running));
}
