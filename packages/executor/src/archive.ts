/**
 * What is known of commands that do not run. A command that is not found *never ran*, which lets its
 * caller start it: so whatever is unsure is told as *interrupted, maybe*.
 */
import type { Clock } from "@mainstay/sdk/clock";
import type { CommandEnd, CommandState, RunAnswer } from "./command.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { LedgerRow } from "./ledger/row.ts";
import type { Spool } from "./spool/spool.ts";
import { TICKET_LIFE_LIMIT_MS, type Ticket } from "./ticket.ts";
import { keepUnwritten } from "./unwritten.ts";

export interface Archive {
  state(command_id: string): CommandState;
  /** Null for a ticket that nobody has used. */
  answer(ticket: Ticket): RunAnswer | null;
  /** Writes the end and lets go of what the command had on disk before. Never rejects. */
  end(command_id: string, end: CommandEnd): Promise<void>;
  forgetOutput(command_id: string): void;
  /** Ends that were not written yet are tried once more. */
  stop(): Promise<void>;
}

export interface ArchiveParts {
  ledger: Ledger;
  spool: Spool;
  clock: Clock;
  log(text: string): void;
}

export function createArchive({ ledger, spool, clock, log }: ArchiveParts): Archive {
  const unwritten = keepUnwritten({ write, clock, log });

  async function write(command_id: string, end: CommandEnd): Promise<void> {
    await ledger.end(command_id, end, clock.now());
    spool.discard(command_id);
  }

  function state(command_id: string): CommandState {
    const end = unwritten.find(command_id) ?? writtenEnd(command_id);
    return end === null ? { state: "never" } : { state: "ended", end };
  }

  function writtenEnd(command_id: string): CommandEnd | null {
    const row = ledger.find(command_id) ?? ledger.search(command_id);
    const markers = row?.markers;
    switch (markers?.state) {
      case undefined:
        return ledger.doubt === null ? null : maybe(ledger.doubt.why);
      case "ended":
        return markers.end;
      case "damaged":
        return maybe(markers.why);
      case "released":
        return maybe(UNFINISHED);
      case "started":
        return { outcome: "interrupted", ran: "no", why: UNFINISHED };
    }
  }

  function answer({ plan, nonce, mac, expires_at }: Ticket): RunAnswer | null {
    const { command_id } = plan;
    const row = ledger.find(command_id);
    const end = unwritten.find(command_id) ?? (row === null ? null : endIn(row));
    if (row?.mac === mac && end !== null) return { state: "ended", end };
    if (row === null && !ledger.isBurned(nonce)) {
      // Only a ticket that was not there yet when the damage was found is certainly unused.
      const until = (ledger.doubt?.since ?? -Infinity) + TICKET_LIFE_LIMIT_MS;
      if (expires_at > until) return null;
      return { state: "refused", code: "doubtful", message: doubtful(until - expires_at) };
    }
    const message = `${command_id} or its ticket was used before${end === null ? "" : fate(end)}`;
    return { state: "refused", code: "replayed", message };
  }

  return {
    state,
    answer,
    end: unwritten.write,
    forgetOutput: ledger.forgetOutput,
    stop: unwritten.stop,
  };
}

const endIn = ({ markers }: LedgerRow) => (markers.state === "ended" ? markers.end : null);

/** For the caller that asks under a new ticket, not knowing of this end. */
const fate = (end: CommandEnd) =>
  end.outcome === "exited" ? ", and ended" : `: ${end.outcome.replace("_", " ")}: ${end.why}`;

/** A ticket with the life of the refused one is taken again when it is made `left_ms` after that one. */
const doubtful = (left_ms: number) =>
  `the executor's memory of earlier commands was found damaged, so it begins none for another ${Math.floor(left_ms / 1000) + 1} s, lest one runs twice; ask again then`;

const UNFINISHED = "its end could not be written";

const maybe = (why: string): CommandEnd => ({ outcome: "interrupted", ran: "maybe", why });
