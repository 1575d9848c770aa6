import type { AuditRecord } from "@mainstay/sdk/audit";
import type { Clock } from "@mainstay/sdk/clock";
import type { Person } from "../identity/identity.ts";
import { StoreFault } from "../kernel/errors.ts";
import type { Pause, PauseBoard, PauseChange, PauseListener, PauseScope } from "../kernel/pause.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Store } from "../store/store.ts";
import { createPassages, type Passage } from "./passages.ts";
import { pauseRows, subjectOf, writePause } from "./pause-rows.ts";

export type { Passage } from "./passages.ts";

/** An executor that does not say whether a command began holds no emergency stop up for longer. */
const ORDERS_ANSWER_MS = 10_000;

export interface PauseWish {
  readonly by: Person;
  readonly reason: string | null;
  /** What runs already is ended too. */
  readonly ends_running: boolean;
}

/** What a pause met when it was set. */
export interface PauseSet {
  readonly pause: Pause;
  /** Commands that had begun: they run on, or are being ended. */
  readonly running: number;
  /** Of so many the executor did not say in time whether they began: they may, still. */
  readonly unanswered: number;
  /** False where the disk did not take it: it holds, and is written once the disk takes writes. */
  readonly kept: boolean;
}

/**
 * The operator's emergency stop.
 *
 * 1. A pause holds from the moment it is asked for, before it is on disk; whatever the disk says.
 * 2. Once `set` has resolved no command begins: the last look and the order to begin are one step
 *    (`Passage.begin`), and orders that were out are waited for; past a bound it says how many are.
 * 3. A lift counts once it is on disk, and not if the pause was set again meanwhile.
 * 4. What is paused already stays as it is, by whom, since when and why; it can only begin to end
 *    what runs.
 * 5. What the disk did not take is written, with its record, as soon as the store takes writes again;
 *    where it had been written after all, its record stands twice.
 */
export interface Pauses extends PauseBoard {
  /** Takes up what was paused when the last run ended. Before anything runs. */
  load(): Promise<void>;
  /** Of each person that is paused. */
  people(): ReadonlyMap<string, Pause>;
  /** Of each provider that is paused, configured or not. */
  providers(): ReadonlyMap<string, Pause>;
  /** What keeps a command of this person from beginning; null: nothing does. */
  forCommandOf(person_id: string): Pause | null;
  set(what: PauseScope, wish: PauseWish): Promise<PauseSet>;
  /**
   * False where nothing was paused, or it was set again meanwhile and holds.
   * @throws StoreFault, and it is paused as before.
   */
  lift(what: PauseScope, by: Person): Promise<boolean>;
  /** Every command goes through one: see `Passage`. `signal` is the turn's. */
  enter(person_id: string, signal: AbortSignal): Passage;
}

export interface PausesParts {
  readonly store: Store;
  readonly clock: Clock;
}

interface Held {
  readonly what: PauseScope;
  readonly pause: Pause;
  readonly set_by_id: string;
  /** Who asked for it, as the trail is yet to say: the disk has not taken it. */
  readonly owed: AuditRecord[];
}

export function createPauses({ store, clock }: PausesParts): Pauses {
  const now = new Map<string, Held>();
  const lifted_by = new Map<string, string>();
  const listeners = new Set<PauseListener>();
  const passages = createPassages(forCommandOf);

  store.onStatus(({ state }) => {
    if (state === "writing") void keepOwed();
  });

  const held = (what: PauseScope): Pause | null => now.get(keyOf(what))?.pause ?? null;
  const person = (person_id: string) => held({ scope: "person", person_id });

  const pausesOf = (scope: PauseScope["scope"]): ReadonlyMap<string, Pause> =>
    new Map(
      [...now.values()]
        .filter(({ what }) => what.scope === scope)
        .map(({ what, pause }) => [subjectOf(what), pause]),
    );

  function forCommandOf(person_id: string): Pause | null {
    return held(commands) ?? person(person_id);
  }

  function tell(change: PauseChange): void {
    for (const listener of listeners) listener(change);
  }

  async function load(): Promise<void> {
    for (const { what, pause, set_by_id, lifter } of await pauseRows(store)) {
      if (lifter === null) now.set(keyOf(what), { what, pause, set_by_id, owed: [] });
      else lifted_by.set(keyOf(what), lifter);
    }
  }

  async function set(what: PauseScope, wish: PauseWish): Promise<PauseSet> {
    const key = keyOf(what);
    const known = now.get(key) ?? asWished(what, wish);
    const ends_running = wish.ends_running || known.pause.ends_running;
    const next: Held = { ...known, pause: { ...known.pause, ends_running } };
    next.owed.push({ kind: "pause_set", ...auditedScope(what), set_by: wish.by.id });
    now.set(key, next);
    lifted_by.delete(key);
    tell("set");
    const { pause } = next;
    const meant = commandsMeant(what);
    const running = passages.begun(meant);
    if (pause.ends_running) passages.end(meant, pause);
    const kept = await keep(next);
    await withinBound(passages.ordersAnswered(meant));
    return { pause, running, unanswered: passages.ordersOut(meant), kept };
  }

  const asWished = (what: PauseScope, { by, reason, ends_running }: PauseWish): Held => ({
    what,
    pause: { scope: what.scope, by: by.name, since: clock.now(), reason, ends_running },
    set_by_id: by.id,
    owed: [],
  });

  async function keep(pause: Held): Promise<boolean> {
    try {
      await write(pause, null);
      return true;
    } catch (fault) {
      if (fault instanceof StoreFault) return false;
      throw fault;
    }
  }

  async function keepOwed(): Promise<void> {
    await Promise.all([...now.values()].filter(({ owed }) => owed.length > 0).map(keep));
  }

  async function lift(what: PauseScope, by: Person): Promise<boolean> {
    const key = keyOf(what);
    const paused = now.get(key);
    if (paused === undefined) return false;
    await write(paused, by);
    if ((now.get(key) ?? paused) !== paused) return false;
    now.delete(key);
    lifted_by.set(key, by.name);
    tell("lifted");
    return true;
  }

  /** The pause as it stands, with whatever is owed of it. */
  async function write({ owed, ...pause }: Held, lifter: Person | null): Promise<void> {
    const records = owed.splice(0);
    const lift: AuditRecord[] =
      lifter === null
        ? []
        : [{ kind: "pause_lifted", ...auditedScope(pause.what), lifted_by: lifter.id }];
    const at = clock.now();
    const trail = [...records, ...lift].map((record) => auditWrite(store, at, record));
    const row = writePause(store, { ...pause, lifted_by: lifter?.id ?? null });
    try {
      const commit = await store.commit({ writes: [row, ...trail] });
      if (!commit.committed) throw new Error(`a pause met the guard ${commit.guard}`);
    } catch (fault) {
      owed.unshift(...records);
      throw fault;
    }
  }

  async function withinBound(answered: Promise<void>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const disarm = clock.after(ORDERS_ANSWER_MS, late.resolve);
    await Promise.race([answered, late.promise]).finally(disarm);
  }

  return {
    load,
    commands: () => held(commands),
    person,
    liftedBy: (what) => lifted_by.get(keyOf(what)) ?? null,
    provider: (id) => held({ scope: "provider", provider: id }),
    people: () => pausesOf("person"),
    providers: () => pausesOf("provider"),
    forCommandOf,
    set,
    lift,
    enter: passages.enter,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const commands: PauseScope = { scope: "commands" };

const keyOf = (what: PauseScope): string => `${what.scope} ${subjectOf(what)}`;

/** Whose commands it stops: a provider runs none. */
function commandsMeant(what: PauseScope): (person_id: string) => boolean {
  switch (what.scope) {
    case "commands":
      return () => true;
    case "person":
      return (person_id) => person_id === what.person_id;
    case "provider":
      return () => false;
  }
}

const auditedScope = (what: PauseScope) => ({
  scope: what.scope,
  person_id: what.scope === "person" ? what.person_id : null,
  ...(what.scope === "provider" && { provider: what.provider }),
});
