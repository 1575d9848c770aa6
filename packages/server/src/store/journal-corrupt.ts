import type { JournalEvent } from "@mainstay/sdk/events";

/**
 * A journal that cannot be true: a gap, a wrong first event, an event after the end (J4, J5), a row
 * whose checksum does not fit. Nothing of it is served.
 */
export class JournalCorrupt extends Error {
  /** The events before the fault, where it was the rows that told it. */
  readonly intact: readonly JournalEvent[];

  constructor(fault: string, rows?: { turn_id: string; intact: readonly JournalEvent[] }) {
    super(`the journal${rows === undefined ? "" : ` of ${rows.turn_id}`} is damaged: ${fault}`);
    this.name = "JournalCorrupt";
    this.intact = rows?.intact ?? [];
  }
}
