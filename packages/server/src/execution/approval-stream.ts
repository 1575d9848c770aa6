import type { ApprovalNews } from "@mainstay/sdk/consent";
import type { JournalType } from "@mainstay/sdk/events";
import type { Approval } from "@mainstay/sdk/resources";
import type { Person } from "../identity/identity.ts";
import type { Journal } from "../store/journal.ts";
import type { Store } from "../store/store.ts";
import type { Approvals } from "./approvals.ts";
import { LARGEST_PAGE } from "../store/page.ts";

export interface ApprovalStream {
  /**
   * Tells what waits for the person, then every change, until the signal aborts.
   *
   * 1. What is told is what the table says: an event of a journal only says when to look again. So
   *    nothing is told twice, and what happened between two looks is found by the next.
   * 2. One look at a time; what happens meanwhile makes one look more.
   * 3. Of more than a page the oldest are told; the others as soon as these are decided.
   * 4. After a fault of the store it is looked again: of what was refused and kept nobody is told.
   *
   * @throws StoreFault
   */
  follow(person: Person, tell: (news: ApprovalNews) => void, signal: AbortSignal): Promise<void>;
}

export interface ApprovalStreamParts {
  readonly store: Pick<Store, "onStatus">;
  readonly journal: Pick<Journal, "subscribe">;
  readonly approvals: Pick<Approvals, "pending" | "get">;
}

export function createApprovalStream(parts: ApprovalStreamParts): ApprovalStream {
  const { store, journal, approvals } = parts;

  const pending = async (person: Person): Promise<Approval[]> =>
    (await approvals.pending(person, { limit: LARGEST_PAGE })).items;

  async function follow(
    person: Person,
    tell: (news: ApprovalNews) => void,
    signal: AbortSignal,
  ): Promise<void> {
    /** Null during a look: then whatever happens may concern it. */
    let known: Map<string, Approval> | null = null;
    let news = Promise.withResolvers<void>();
    const look = () => news.resolve();
    const unsubscribe = [
      journal.subscribe((turn_id, { type }) => {
        if (type === "approval_requested" || (ends.has(type) && concerns(known, turn_id))) look();
      }),
      store.onStatus(look),
    ];
    signal.addEventListener("abort", look, { once: true });
    try {
      const first = await pending(person);
      tell({ type: "snapshot", items: first });
      for (let last = byId(first); !signal.aborted;) {
        known = last;
        await news.promise;
        news = Promise.withResolvers();
        known = null;
        if (!signal.aborted) last = await tellChanges(person, last, tell);
      }
    } finally {
      signal.removeEventListener("abort", look);
      for (const each of unsubscribe) each();
    }
  }

  async function tellChanges(
    person: Person,
    before: ReadonlyMap<string, Approval>,
    tell: (news: ApprovalNews) => void,
  ): Promise<Map<string, Approval>> {
    const now = byId(await pending(person));
    for (const [id, approval] of now) if (!before.has(id)) tell({ type: "requested", approval });
    for (const id of before.keys()) {
      if (now.has(id)) continue;
      const { state, decided_by, because } = await approvals.get(person, id);
      const by = decided_by ?? "nobody";
      if (state !== "pending")
        tell({ type: "decided", id, state, by, ...(because && { because }) });
    }
    return now;
  }

  return { follow };
}

/** After these a turn does not wait for what it asked. */
const ends: ReadonlySet<JournalType> = new Set<JournalType>(["approval_decided", "settled"]);

const concerns = (known: ReadonlyMap<string, Approval> | null, turn_id: string): boolean =>
  known === null || [...known.values()].some((one) => one.turn_id === turn_id);

const byId = (items: readonly Approval[]): Map<string, Approval> =>
  new Map(items.map((approval) => [approval.id, approval]));
