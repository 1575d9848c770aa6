/**
 * A ticket is the server's word that one plan was agreed to: canonical JSON of plan and consent,
 * an expiry and a nonce, under an HMAC. It names script bytes, a workspace id, a profile and
 * limits; the executor composes everything else.
 *
 * Where server and executor share a uid this is an integrity check: it stops replays, altered
 * plans, restored databases and confused code, not a server that was taken over.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { ConsentKind } from "@mainstay/sdk/audit";
import { GRANTS_LIMIT, HostGrant } from "@mainstay/sdk/network";
import canonicalize from "canonicalize";
import { z } from "zod";

/** One argument of execve may hold 128 KiB; the script is one argument. */
const ARGUMENT_LIMIT_BYTES = 120_000;
const STDIN_LIMIT_BYTES = 1 << 20;
const PATH_LIMIT_CHARS = 4_096;
const PINS_LIMIT = 32;
const OPENINGS_LIMIT = 8;
const WALL_LIMIT_MS = 24 * 60 * 60 * 1000;
/** Bounds how long a burned nonce must be remembered, and how long to doubt after one was lost. */
export const TICKET_LIFE_LIMIT_MS = 2 * 60 * 1000;

const argument = z
  .string()
  .refine((text) => !text.includes("\0"), "must not contain NUL")
  .refine(
    (text) => Buffer.byteLength(text) <= ARGUMENT_LIMIT_BYTES,
    `must be at most ${ARGUMENT_LIMIT_BYTES} bytes`,
  );

export const CommandId = z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/);
/** Also the name of a folder, hence no dots. */
export const WorkspaceId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
/** `n` of the host uid `0x70000000 + n`; 0 is the self-test's. */
export const PersonUidNumber = z.int().min(1).max(0x0ffffffe);

export const WallMs = z.int().min(1).max(WALL_LIMIT_MS);

/** Relative, in normal form: it names one place in the workspace, whatever stands there. */
const pathBeneath = z
  .string()
  .max(PATH_LIMIT_CHARS)
  .refine((path) => !path.includes("\0"), "must not contain NUL")
  .refine(
    (path) => path.split("/").every((part) => !["", ".", ".."].includes(part)),
    "must be relative and in normal form",
  );

/** A program of the workspace that the plan runs, as it was when it was agreed to. */
export const PinnedFile = z.strictObject({
  path: pathBeneath,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Those bytes stay over the path while the command runs; without it they may change then. */
  hold: z.boolean(),
});
export type PinnedFile = z.infer<typeof PinnedFile>;

export const Plan = z.strictObject({
  command_id: CommandId,
  person_id: z.string().min(1).max(128),
  person_uid_number: PersonUidNumber,
  workspace_id: WorkspaceId,
  run: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("script"), script: argument.min(1) }),
    z.strictObject({ kind: z.literal("argv"), argv: z.array(argument).min(1).max(1024) }),
  ]),
  stdin: z
    .string()
    .refine((text) => Buffer.byteLength(text) <= STDIN_LIMIT_BYTES, "must be at most 1 MiB")
    .nullish(),
  /** `search` sees the workspace read-only and finds ripgrep on its PATH. */
  profile: z.enum(["agent", "search"]),
  pins: z.array(PinnedFile).max(PINS_LIMIT),
  /**
   * Null: none at all. Else a proxy lets through what is listed; with an empty list nothing, but the
   * end then says what the command wanted to reach.
   */
  network: z.strictObject({ hosts: z.array(HostGrant).max(GRANTS_LIMIT) }).nullable(),
  /** Folders that are registered as openings: it may read them for this once. */
  openings: z.array(WorkspaceId).max(OPENINGS_LIMIT),
  limits: z.strictObject({
    wall_ms: WallMs,
    /** What is kept of the output; worst-case JSON escaping still fits one line of the link. */
    output_bytes: z
      .int()
      .min(1024)
      .max(1 << 19),
  }),
});
export type Plan = z.infer<typeof Plan>;

const Verdict = z.enum(["safe", "ask", "blocked"]);

/** What each kind of consent can let through. */
const LETS_THROUGH: Record<ConsentKind, readonly z.infer<typeof Verdict>[]> = {
  policy: ["safe"],
  trust: ["safe", "ask"],
  person: ["safe", "ask"],
  rule: ["safe", "ask"],
  override: ["blocked"],
};

const Consent = z.strictObject({
  verdict: Verdict,
  kind: ConsentKind,
  /** A policy's name or a person's id. */
  decided_by: z.string().min(1).max(256),
  /** Of the approval, rule or override. */
  agreement_id: z.string().max(128).nullable(),
});
export type Consent = z.infer<typeof Consent>;

export const Ticket = z.strictObject({
  plan: Plan,
  consent: Consent,
  /** Wall time, milliseconds since 1970. */
  expires_at: z.int(),
  nonce: z.string().regex(/^[A-Za-z0-9_-]{16,128}$/),
  mac: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Ticket = z.infer<typeof Ticket>;

export type TicketFault = "malformed" | "bad_mac" | "expired" | "expires_too_late";
export type Verified =
  | { ok: true; ticket: Ticket; digest: string }
  | { ok: false; code: TicketFault; message: string };

/** Whether this kind of consent is one to a command of this verdict. */
export const letsThrough = ({ kind, verdict }: Pick<Consent, "kind" | "verdict">): boolean =>
  LETS_THROUGH[kind].includes(verdict);

/** SHA-256 (hex) over the plan's RFC 8785 canonical JSON. */
export function planDigest(plan: Plan): string {
  return createHash("sha256").update(canonical(plan)).digest("hex");
}

export function signTicket(key: Uint8Array, agreed: Omit<Ticket, "mac">): Ticket {
  const { plan, consent, expires_at, nonce } = agreed;
  return { plan, consent, expires_at, nonce, mac: macOf(key, agreed) };
}

/** Judges anything at all; `now` is wall time in milliseconds. */
export function verifyTicket(key: Uint8Array, claimed: unknown, now: number): Verified {
  const parsed = Ticket.safeParse(claimed);
  if (!parsed.success) {
    return { ok: false, code: "malformed", message: z.prettifyError(parsed.error) };
  }
  const ticket = parsed.data;
  if (!timingSafeEqual(Buffer.from(ticket.mac, "hex"), Buffer.from(macOf(key, ticket), "hex"))) {
    return { ok: false, code: "bad_mac", message: "the ticket was not signed with this key" };
  }
  if (now >= ticket.expires_at) {
    return { ok: false, code: "expired", message: "the ticket has expired; agree to it again" };
  }
  if (ticket.expires_at - now > TICKET_LIFE_LIMIT_MS) {
    return {
      ok: false,
      code: "expires_too_late",
      message: "a ticket may live for 2 minutes at most",
    };
  }
  return { ok: true, ticket, digest: planDigest(ticket.plan) };
}

function macOf(key: Uint8Array, { plan, consent, expires_at, nonce }: Omit<Ticket, "mac">): string {
  return createHmac("sha256", key)
    .update(canonical({ plan, consent, expires_at, nonce }))
    .digest("hex");
}

function canonical(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("a ticket must be JSON");
  return text;
}
