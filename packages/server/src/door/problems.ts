import { randomBytes } from "node:crypto";
import type { Problem, ProblemCode } from "@mainstay/sdk/problem";
import { JournalCorrupt } from "../store/journal-corrupt.ts";
import { Refusal, Stopping, StoreFault, type StoreFaultKind } from "../kernel/errors.ts";

/** The one place where refusals become HTTP. Total: a code without a status does not compile. */
const PROBLEMS: Record<ProblemCode, { readonly status: number; readonly title: string }> = {
  invalid_request: { status: 400, title: "The request does not fit" },
  malformed_json: { status: 400, title: "The body is not JSON" },
  body_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body's type is not supported" },
  unauthenticated: { status: 401, title: "No valid key" },
  forbidden: { status: 403, title: "Not allowed" },
  misdirected_host: { status: 421, title: "Wrong host" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  idempotency_conflict: { status: 409, title: "The idempotency key was used for another request" },
  queue_full: { status: 503, title: "The queue is full" },
  too_many_waiting: { status: 429, title: "Too many waiting turns" },
  turn_settled: { status: 409, title: "The turn is settled" },
  turn_not_parked: { status: 409, title: "The turn is not parked" },
  paused: { status: 403, title: "Paused by an operator" },
  one_person_only: { status: 409, title: "This server is for one person" },
  name_taken: { status: 409, title: "The name is taken" },
  approval_decided: { status: 409, title: "The approval is decided" },
  approval_expired: { status: 409, title: "The approval has expired" },
  rule_impossible: { status: 422, title: "No rule can say this" },
  too_many_rules: { status: 409, title: "Too many rules" },
  override_impossible: { status: 422, title: "There is nothing to override" },
  too_many_overrides: { status: 409, title: "Too many open overrides" },
  override_closed: { status: 409, title: "The override is not open" },
  command_not_begun: { status: 409, title: "The command has not begun" },
  command_ended: { status: 409, title: "The command has ended" },
  limit_too_long: { status: 422, title: "No command may run that long" },
  output_gone: { status: 410, title: "The output is not kept any more" },
  edit_conflict: { status: 409, title: "The files were changed since" },
  edit_refused: { status: 422, title: "The edit was not done" },
  edit_not_standing: { status: 409, title: "The edit does not stand" },
  nothing_to_undo: { status: 409, title: "There is nothing to undo" },
  undo_too_large: { status: 422, title: "One undo cannot take back so much" },
  backup_gone: { status: 410, title: "What it was before is not kept any more" },
  offer_gone: { status: 409, title: "The offer cannot be taken" },
  executor_unavailable: { status: 503, title: "The executor cannot be asked" },
  workspace_refused: { status: 422, title: "The folder cannot be a workspace" },
  workspace_unproven: { status: 403, title: "The folder is not proven to be yours" },
  too_many_hosts: { status: 409, title: "Too many allowed hosts" },
  shutting_down: { status: 503, title: "The server is stopping" },
  storage_unavailable: { status: 503, title: "The storage does not take writes" },
  journal_damaged: { status: 500, title: "The record of the turn is damaged" },
  audit_damaged: { status: 500, title: "The audit trail is damaged" },
  journal_full: { status: 507, title: "The journals have no room left" },
  disk_full: { status: 507, title: "A disk is full" },
  disk_nearly_full: { status: 507, title: "The server's disk is nearly full" },
  internal: { status: 500, title: "The server failed" },
};

const STORE_RETRY_S = 5;
const RESTART_RETRY_S = 2;

/** What is told to the operator of a failure that nobody foresaw; the client gets its id only. */
export interface Fault {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly error: unknown;
}
export type ReportFault = (fault: Fault) => void;

/** The refusal that a client hears for `error`. What is unknown is reported, never told. */
export function refusalOf(
  error: unknown,
  at: { method: string; path: string },
  report: ReportFault,
): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof Stopping) {
    return new Refusal("shutting_down", "The server is stopping; ask again in a moment.", {
      retry_after_s: RESTART_RETRY_S,
    });
  }
  if (error instanceof StoreFault && error.cause_kind !== null)
    return storeRefusal(error.cause_kind);
  const id = `fault_${randomBytes(8).toString("hex")}`;
  report({ id, ...at, error });
  if (error instanceof JournalCorrupt)
    return new Refusal("journal_damaged", `${error.message} (the server's log has it as ${id}).`);
  return error instanceof StoreFault
    ? new Refusal("storage_unavailable", `This was not taken in (${id}); ask again later.`, {
        retry_after_s: STORE_RETRY_S,
      })
    : new Refusal("internal", `Something unforeseen went wrong; the server's log has it as ${id}.`);
}

/** The operator's log has the store's fault once, when it began; a request adds nothing to it. */
function storeRefusal(kind: StoreFaultKind): Refusal {
  const code = kind === "disk_full" ? "disk_full" : "storage_unavailable";
  return new Refusal(code, `${STORE_FAULTS[kind]} ${STORE_PROMISE}`, {
    retry_after_s: STORE_RETRY_S,
  });
}

const STORE_FAULTS: Record<StoreFaultKind, string> = {
  disk_full: "The server's disk is full.",
  io: "The server's disk does not take what is written.",
  held: "Another program (a backup, a shell) holds the server's data.",
  displaced: "Another server has taken over the data of this one, which ends.",
};

/** Not "nothing was kept": what failed half way may be found when the server starts again. */
const STORE_PROMISE =
  "This was not taken in. What was accepted before is safe and can be read, and new work is taken " +
  "in again as soon as the disk allows it. Ask again with the same Idempotency-Key, if you sent one.";

export function problemOf(refusal: Refusal): Problem {
  const { status, title } = PROBLEMS[refusal.code];
  return {
    type: `urn:mainstay:problem:${refusal.code}`,
    title,
    status,
    detail: refusal.message,
    code: refusal.code,
    ...refusal.extra,
  };
}

/** `application/problem+json`, with `Retry-After` where the problem has one. */
export function problemResponse(refusal: Refusal, headers: Record<string, string> = {}): Response {
  const problem = problemOf(refusal);
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: { "content-type": "application/problem+json", ...extraHeaders(problem), ...headers },
  });
}

function extraHeaders(problem: Problem): Record<string, string> {
  if (problem.retry_after_s !== undefined) {
    return { "retry-after": String(Math.ceil(problem.retry_after_s)) };
  }
  return problem.code === "unauthenticated" ? { "www-authenticate": "Bearer" } : {};
}
