import type { InputFault, ProblemCode } from "@mainstay/sdk/problem";

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

/** This process no longer holds the turn's lease: somebody else writes it now. Stop, write nothing. */
export class LeaseLost extends Error {
  constructor(turn_id: string) {
    super(`the lease of ${turn_id} is held by another writer`);
    this.name = "LeaseLost";
  }
}

/** The disk did not take what was written. Nothing of the batch is kept, nothing was acknowledged. */
export class StoreFault extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreFault";
  }
}

/** The reason of an AbortSignal: a person, or the turn's end, wants this to stop. */
export class Cancelled extends Error {
  constructor(by: string) {
    super(`cancelled by ${by}`);
    this.name = "Cancelled";
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
