import { BEGINNING, linkFault, type Place, type TrailRow } from "./chain-walk.ts";
import type { Testimony, Witness } from "./witnesses.ts";

/** Of a trail that is bad throughout; the rest is not told. */
const TOLD = 1_000;

export interface AuditFault {
  /** The bad record, or the first of those among which it is; null where it is no record's. */
  readonly seq: number | null;
  readonly fault: string;
}

/** What a walk over the trail came to. */
export interface Walk {
  readonly records: number;
  readonly bytes: number;
  /** The last record for which a good witness stands. */
  readonly vouched: number;
  readonly faults: readonly AuditFault[];
}

/**
 * Judges a trail record by record: each must follow the one before it, and be what the witnesses of its
 * number say. After a fault it goes on from what the row says of itself, so that what is whole behind it
 * is not called bad.
 */
export interface TrailJudge {
  record(row: TrailRow): void;
  /** Beside the records. */
  fault(seq: number | null, fault: string): void;
  end(): Walk;
}

/** `onWitness` hears every word that is judged. */
export function createTrailJudge(
  testimony: Iterator<Testimony>,
  onWitness: (witness: Witness) => void,
): TrailJudge {
  const faults: AuditFault[] = [];
  let place: Place = BEGINNING;
  let records = 0;
  let bytes = 0;
  let vouched = 0;
  let last_fault = 0;
  let pending = nextWitness();

  function found(seq: number | null, fault: string): void {
    if (faults.length < TOLD) faults.push({ seq, fault });
    last_fault = Math.max(last_fault, seq ?? 0);
  }

  /** What is wrong with checkpoints themselves is told on the way. */
  function nextWitness(): Witness | null {
    for (;;) {
      const { value, done } = testimony.next();
      if (done === true) return null;
      if (typeof value === "string") found(null, value);
      else {
        onWitness(value);
        return value;
      }
    }
  }

  function hear({ name, seq, hash }: Witness): void {
    if (place.seq === seq && place.hash === hash) vouched = seq;
    else if (last_fault <= vouched)
      found(
        vouched + 1,
        `something from here to record ${seq} was changed and hashed anew: ${name} has another ` +
          `hash for record ${seq}`,
      );
  }

  return {
    record(row) {
      const fault = linkFault(place, row);
      if (fault !== null) found(row.seq > place.seq ? place.seq + 1 : row.seq, fault);
      place = { seq: row.seq, hash: row.hash };
      records++;
      bytes += bytesOf(row);
      while (pending !== null && pending.seq <= place.seq) {
        hear(pending);
        pending = nextWitness();
      }
    },
    fault: found,
    end() {
      if (pending !== null)
        found(
          place.seq + 1,
          `the trail ends at record ${place.seq}, but ${pending.name} has record ${pending.seq}`,
        );
      while (pending !== null) pending = nextWitness();
      return { records, bytes, vouched, faults };
    },
  };
}

const INTEGERS_BYTES = 16;

const bytesOf = ({ body, hash }: TrailRow): number =>
  Buffer.byteLength(body) + hash.length + INTEGERS_BYTES;
