import { Opening } from "@mainstay/sdk/network";
import { z } from "zod";
import { isSameOpening, type Opened, toldOpening } from "./openings.ts";

/**
 * How a command runs, beside its bytes: a person is shown it and it is kept with their card, so that a
 * word for one way is none for another.
 */
export const Terms = z.object({
  // Cards of older versions do not say: they were for the sandbox, in the call's time, opening nothing.
  sandboxed: z.boolean().default(true),
  background: z.boolean().default(false),
  /** At most; null of older versions. */
  wall_ms: z.number().nullable().default(null),
  opens: Opening.nullable().default(null),
  /** Those that it opens: another one may take a path meanwhile. */
  folders: z
    .array(z.object({ path: z.string(), ino: z.string(), owner_uid: z.number() }))
    .default([]),
});
export type Terms = z.infer<typeof Terms>;

export interface TermsParts {
  /** An admin has given up the sandbox, here and for everybody. */
  readonly unsandboxed: boolean;
  readonly background: boolean;
  readonly wall_ms: number;
  readonly opened: Opened | null;
}

export const termsOf = ({ unsandboxed, background, wall_ms, opened }: TermsParts): Terms => ({
  ...{ sandboxed: !unsandboxed, background, wall_ms },
  opens: opened === null ? null : toldOpening(opened),
  folders: (opened?.folders ?? []).map(({ path, ino, owner_uid }) => ({ path, ino, owner_uid })),
});

/** Whether a word for `agreed` is one for `wanted`: null, or what it was for instead, in words. */
export function agreedInstead(agreed: Terms, wanted: Terms): string | null {
  if (agreed.sandboxed !== wanted.sandboxed)
    return agreed.sandboxed ? "that it runs in the sandbox" : "that it runs without a sandbox";
  if (agreed.background !== wanted.background)
    return agreed.background ? "that it goes on in the background" : "that it ends with its call";
  if (agreed.wall_ms !== null && wanted.wall_ms !== null && agreed.wall_ms < wanted.wall_ms)
    return "that it is killed sooner";
  return isSameOpening(opening(agreed), opening(wanted)) ? null : "that it opens something else";
}

const opening = ({ opens, folders }: Terms) =>
  opens === null ? null : { hosts: opens.hosts, folders };
