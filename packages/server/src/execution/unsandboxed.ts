import type { Clock } from "@mainstay/sdk/clock";
import type { People } from "../identity/identity.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Store } from "../store/store.ts";

/** What everybody is told who works on a server without a sandbox. */
export const BANNER =
  "Commands run here WITHOUT A SANDBOX, with all that the server's own user can do: each one is asked " +
  "about. Take `unsandboxed` out of mainstay.json to have the sandbox again.";

export interface UnsandboxedParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly people: Pick<People, "list">;
}

/**
 * Begins a run without a sandbox, on record. That is for one person on a machine of their own: nothing
 * keeps people's commands apart here, so that nobody may be added either.
 *
 * @throws Error where there are more people than one
 */
export async function beginUnsandboxed({ store, clock, people }: UnsandboxedParts): Promise<void> {
  const known = await people.list();
  if (known.length > 1)
    throw new Error(
      `unsandboxed is for one person alone, and ${known.length} have keys here: ` +
        "take `unsandboxed` out of mainstay.json",
    );
  const record = { kind: "unsandboxed", incarnation: store.incarnation } as const;
  const { committed } = await store.commit({ writes: [auditWrite(store, clock.now(), record)] });
  if (!committed) throw new Error("nothing runs without a sandbox that is not on record");
}
