import type { InputFault, ProblemCode } from "@mainstay/sdk/problem";
import { type Pause, pauseInWords, pauseSentence } from "./pause.ts";

/** A refusal with a stable code. Only the door turns it into HTTP. */
export class Refusal extends Error {
  readonly code: ProblemCode;
  readonly extra: RefusalExtra;

  constructor(code: ProblemCode, detail: string, extra: RefusalExtra = {}) {
    super(detail);
    this.name = "Refusal";
    this.code = code;
    this.extra = extra;
  }
}

export interface RefusalExtra {
  readonly errors?: InputFault[];
  readonly retry_after_s?: number;
  readonly proof?: { file: string; expires_in_s: number };
}

/** @throws Refusal `paused` */
export function refusePaused(pause: Pause | null): void {
  if (pause === null) return;
  throw new Refusal(
    "paused",
    `${pauseSentence(pause)} What waits goes on by itself when the pause is lifted; everything can be read meanwhile.`,
  );
}

/** This process no longer holds the turn's lease: somebody else writes it now. Stop, write nothing. */
export class LeaseLost extends Error {
  constructor(turn_id: string) {
    super(`the lease of ${turn_id} is held by another writer`);
    this.name = "LeaseLost";
  }
}

/**
 * What is wrong with the store itself: its disk is full or faulty, another program holds its file (a
 * backup, a shell), or another server has the data.
 */
export type StoreFaultKind = "disk_full" | "io" | "held" | "displaced";

/**
 * A batch was not acknowledged, or a query not answered. With a `cause_kind` the fault is the
 * store's; without one it is the request's own. A batch whose commit failed on the disk may still be
 * found after a restart, whole: read before you try it again, or give it a key that makes it one.
 */
export class StoreFault extends Error {
  readonly cause_kind: StoreFaultKind | null;

  constructor(
    message: string,
    options: ErrorOptions & { readonly cause_kind?: StoreFaultKind | null } = {},
  ) {
    super(message, options);
    this.name = "StoreFault";
    this.cause_kind = options.cause_kind ?? null;
  }
}

/** The reason of an AbortSignal: a person, or the turn's end, wants this to stop. */
export class Cancelled extends Error {
  constructor(by: string) {
    super(`cancelled by ${by}`);
    this.name = "Cancelled";
  }
}

/** An operator's pause keeps this from beginning; nothing of it was done. */
export class Paused extends Error {
  readonly pause: Pause;

  constructor(pause: Pause) {
    super(pauseInWords(pause));
    this.name = "Paused";
    this.pause = pause;
  }
}

/** The reason of an AbortSignal: the server stops; the turn stays as the journal has it. */
export class Stopping extends Error {
  constructor() {
    super("the server is stopping");
    this.name = "Stopping";
  }
}

/** A fault as the operator's log has it: where it came from, and what lay behind it. */
export function traceOf(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  const trace = fault.stack ?? fault.message;
  return fault.cause === undefined ? trace : `${trace}\ncaused by ${traceOf(fault.cause)}`;
}

export const messageOf = (fault: unknown): string =>
  fault instanceof Error ? fault.message : String(fault);
