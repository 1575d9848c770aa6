import type { Clock } from "@mainstay/sdk/clock";
import { type ClientEvent, isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import type { JournalType, LiveEvent } from "@mainstay/sdk/events";
import type { Admission } from "../admission/admission.ts";
import type { Journal } from "../store/journal.ts";
import type { Store } from "../store/store.ts";
import type { Live } from "../turn/turn.ts";
import type { EventSink } from "./sse.ts";

const QUEUE_NEWS_MS = 2_000;
/** Less than the time between two looks: a place that is known is not taken for one that came since. */
const QUEUE_AGE_MS = 1_000;
/** Events that wait for a slow client; past it they go, and journal and snapshot take their place. */
const WAITING_EVENTS = 1_000;

/** After these a turn waits for a seat again. */
const queues: ReadonlySet<JournalType> = new Set<JournalType>(["approval_decided", "retried"]);

export interface TurnStreamParts {
  readonly store: Pick<Store, "onStatus">;
  readonly journal: Pick<Journal, "read" | "subscribe">;
  readonly live: Pick<Live, "now" | "subscribe">;
  readonly admission: Pick<Admission, "place">;
  readonly clock: Clock;
}

/**
 * Fills a sink with the journal of a turn, then with what happens, until the turn has settled.
 *
 * 1. Every journal event after `after` is sent once, in order, without a gap (J4): listening begins
 *    before the journal is read, and what arrives out of step is read from the journal.
 * 2. Live text follows the journal events that came before it; a client that is too slow for it
 *    misses some, and gets what `live.now` has of it.
 * 3. After a fault of the store the journal is read again: of what was refused and kept nobody is told.
 * 4. A number that the journal has not reached is another journal's: all is sent.
 *
 * @returns whether the turn has settled; false when the stream ended before.
 */
export async function followTurn(
  { store, journal, live, admission, clock }: TurnStreamParts,
  turn_id: string,
  after: number,
  sink: EventSink,
): Promise<boolean> {
  let sent = after;
  let settled = false;
  const inbox = createInbox();
  const queue = createQueueNews(admission, clock, turn_id, inbox.put);
  const unsubscribe = [
    journal.subscribe((id, event) => {
      if (id !== turn_id) return;
      inbox.put(event);
      if (queues.has(event.type)) queue.look();
    }),
    live.subscribe(turn_id, inbox.put),
    store.onStatus(({ state }) => {
      if (state !== "writing") return;
      inbox.miss();
      queue.look();
    }),
  ];
  sink.ended.addEventListener("abort", inbox.wake, { once: true });
  queue.look();
  try {
    // The event before is read too: where it is the last of all there is nothing to wait for.
    if (after > 0 && (await replay(after - 1)) === 0) sent = 0;
    await catchUp();
    while (!settled && !sink.ended.aborted) {
      await inbox.news();
      const { events, missed } = inbox.take();
      if (missed) await catchUp();
      for (const event of events) await pass(event);
    }
  } finally {
    queue.stop();
    for (const each of unsubscribe) each();
  }
  return settled;

  async function catchUp(): Promise<void> {
    await replay(sent);
    if (settled) return;
    for (const event of live.now(turn_id)) sink.send(event);
  }

  async function pass(event: ClientEvent): Promise<void> {
    if (!isJournalEvent(event)) return sink.send(event);
    if (event.seq > sent + 1) await replay(sent);
    else take(event);
  }

  /** How many events the journal has after `from`; those not sent yet are. */
  async function replay(from: number): Promise<number> {
    const events = await journal.read(turn_id, from);
    for (const event of events) {
      await sink.room();
      take(event);
    }
    return events.length;
  }

  function take(event: JournalEvent): void {
    settled ||= event.type === "settled";
    if (event.seq <= sent) return;
    sink.send(event, event.seq);
    sent = event.seq;
  }
}

/** What happened while the client was busy, within bounds. */
function createInbox() {
  let events: ClientEvent[] = [];
  let missed = false;
  let news = Promise.withResolvers<void>();
  const wake = () => news.resolve();
  return {
    wake,
    put(event: ClientEvent): void {
      if (events.length === WAITING_EVENTS) {
        events = [];
        missed = true;
      }
      events.push(event);
      wake();
    },
    /** Something happened that was not told. */
    miss(): void {
      missed = true;
      wake();
    },
    news: () => news.promise,
    take() {
      const taken = { events, missed };
      events = [];
      missed = false;
      news = Promise.withResolvers();
      return taken;
    },
  };
}

/** Tells a waiting turn's place whenever it has changed; rests while the turn does not wait. */
function createQueueNews(
  admission: Pick<Admission, "place">,
  clock: Clock,
  turn_id: string,
  tell: (event: LiveEvent) => void,
) {
  let last = "";
  /** Who begins to wait during a look may have come too late for it: there is one more. */
  let state: "resting" | "looking" | "to look again" | "stopped" = "resting";
  let cancel = () => {};

  function begin(max_age_ms: number): void {
    state = "looking";
    void look(max_age_ms);
  }

  async function look(max_age_ms: number): Promise<void> {
    // Where the store does not answer, the stream itself says so; this is only news.
    const place = await admission.place(turn_id, max_age_ms).catch(() => null);
    if (state === "stopped") return;
    const text = JSON.stringify(place);
    if (place !== null && text !== last) tell({ type: "queue", place });
    last = text;
    if (place !== null) cancel = clock.after(QUEUE_NEWS_MS, () => begin(QUEUE_AGE_MS));
    else if (state === "to look again") begin(0);
    else state = "resting";
  }

  return {
    look() {
      if (state === "resting") begin(0);
      else if (state === "looking") state = "to look again";
    },
    stop() {
      state = "stopped";
      cancel();
    },
  };
}
