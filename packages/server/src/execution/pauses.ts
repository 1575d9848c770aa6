import type { Clock } from "@mainstay/sdk/clock";
import type { Person } from "../identity/identity.ts";
import { StoreFault } from "../kernel/errors.ts";
import type { Pause, PauseBoard, PauseScope } from "../kernel/pause.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Statement, Store } from "../store/store.ts";
import { createPassages, type Passage } from "./passages.ts";

export type { Passage } from "./passages.ts";

/** An executor that does not say whether a command began holds no emergency stop up for longer. */
const ORDERS_ANSWER_MS = 10_000;
const COMMANDS = "commands";

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
  /** False where the disk did not take it: it holds until the server ends. */
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
 */
export interface Pauses extends PauseBoard {
  /** Takes up what was paused when the last run ended. Before anything runs. */
  load(): Promise<void>;
  /** Of each person that is paused. */
  people(): ReadonlyMap<string, Pause>;
  /** What keeps a command of this person from beginning; null: nothing does. */
  forCommandOf(person_id: string): Pause | null;
  set(what: PauseScope, wish: PauseWish): Promise<PauseSet>;
  /** False where nothing was paused. @throws StoreFault, and it is paused as before. */
  lift(what: PauseScope, by: Person): Promise<boolean>;
  /** Every command goes through one: see `Passage`. `signal` is the turn's. */
  enter(person_id: string, signal: AbortSignal): Passage;
}

export interface PausesParts {
  readonly store: Store;
  readonly clock: Clock;
}

export function createPauses({ store, clock }: PausesParts): Pauses {
  /** By person, or `commands`. */
  const now = new Map<string, Pause>();
  const lifted_by = new Map<string, string>();
  const listeners = new Set<() => void>();
  const passages = createPassages(forCommandOf);

  function forCommandOf(person_id: string): Pause | null {
    return now.get(COMMANDS) ?? now.get(person_id) ?? null;
  }

  function change(subject: string, pause: Pause | null): void {
    if (pause === null) now.delete(subject);
    else now.set(subject, pause);
    for (const listener of listeners) listener();
  }

  async function load(): Promise<void> {
    const rows = await store.query(
      store.sql
        .selectFrom("pause")
        .innerJoin("person as setter", "setter.id", "pause.set_by")
        .leftJoin("person as lifter", "lifter.id", "pause.lifted_by")
        .selectAll("pause")
        .select(["setter.name as by", "lifter.name as lifter"]),
    );
    for (const { subject, by, since, reason, ends_running, lifter } of rows) {
      if (lifter !== null) {
        lifted_by.set(subject, lifter);
        continue;
      }
      const scope = subject === COMMANDS ? "commands" : "person";
      now.set(subject, { scope, by, since, reason, ends_running: ends_running === 1 });
    }
  }

  async function set(what: PauseScope, wish: PauseWish): Promise<PauseSet> {
    const subject = subjectOf(what);
    const known = now.get(subject);
    const pause: Pause = {
      scope: what.scope,
      by: known?.by ?? wish.by.name,
      since: known?.since ?? clock.now(),
      reason: known === undefined ? wish.reason : known.reason,
      ends_running: wish.ends_running || known?.ends_running === true,
    };
    lifted_by.delete(subject);
    change(subject, pause);
    const meant = (person_id: string) => what.scope === "commands" || person_id === subject;
    const running = passages.begun(meant);
    if (pause.ends_running) passages.end(meant, pause);
    const kept = await keep(subject, pause, what, wish.by);
    await withinBound(passages.ordersAnswered(meant));
    return { pause, running, unanswered: passages.ordersOut(meant), kept };
  }

  async function keep(
    subject: string,
    { since, reason, ends_running }: Pause,
    what: PauseScope,
    by: Person,
  ): Promise<boolean> {
    const row = { since, reason, ends_running: Number(ends_running), lifted_by: null };
    const upsert = store.sql
      .insertInto("pause")
      .values({ subject, set_by: by.id, ...row })
      .onConflict((known) => known.column("subject").doUpdateSet({ set_by: by.id, ...row }))
      .compile();
    const record = { kind: "pause_set", ...auditedScope(what), set_by: by.id } as const;
    try {
      await write([upsert, auditWrite(store, clock.now(), record)]);
      return true;
    } catch (fault) {
      if (fault instanceof StoreFault) return false;
      throw fault;
    }
  }

  async function lift(what: PauseScope, by: Person): Promise<boolean> {
    const subject = subjectOf(what);
    const pause = now.get(subject);
    if (pause === undefined) return false;
    const mark = store.sql
      .updateTable("pause")
      .set({ lifted_by: by.id })
      .where("subject", "=", subject)
      .compile();
    const record = { kind: "pause_lifted", ...auditedScope(what), lifted_by: by.id } as const;
    await write([mark, auditWrite(store, clock.now(), record)]);
    if (now.get(subject) !== pause) return true;
    lifted_by.set(subject, by.name);
    change(subject, null);
    return true;
  }

  async function write(writes: Statement[]): Promise<void> {
    const commit = await store.commit({ writes });
    if (!commit.committed) throw new Error(`a pause met the guard ${commit.guard}`);
  }

  async function withinBound(answered: Promise<void>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const disarm = clock.after(ORDERS_ANSWER_MS, late.resolve);
    await Promise.race([answered, late.promise]).finally(disarm);
  }

  return {
    load,
    commands: () => now.get(COMMANDS) ?? null,
    person: (person_id) => now.get(person_id) ?? null,
    liftedBy: (what) => lifted_by.get(subjectOf(what)) ?? null,
    people: () => new Map([...now].filter(([subject]) => subject !== COMMANDS)),
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

const subjectOf = (what: PauseScope): string =>
  what.scope === "commands" ? COMMANDS : what.person_id;

const auditedScope = (what: PauseScope) => ({
  scope: what.scope,
  person_id: what.scope === "commands" ? null : what.person_id,
});
