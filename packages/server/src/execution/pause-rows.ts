import type { Pause, PauseScope } from "../kernel/pause.ts";
import type { Statement, Store } from "../store/store.ts";

/** A pause as it is kept. */
interface KeptPause {
  readonly what: PauseScope;
  readonly pause: Pause;
  readonly set_by_id: string;
}

/** What was paused last, each; `lifter` is the name of who lifted it, null while it holds. */
export async function pauseRows(
  store: Store,
): Promise<(KeptPause & { readonly lifter: string | null })[]> {
  const rows = await store.query(
    store.sql
      .selectFrom("pause")
      .innerJoin("person as setter", "setter.id", "pause.set_by")
      .leftJoin("person as lifter", "lifter.id", "pause.lifted_by")
      .selectAll("pause")
      .select(["setter.name as by", "lifter.name as lifter"]),
  );
  return rows.map(({ scope, subject, by, set_by, since, reason, ends_running, lifter }) => ({
    what: scopeOf(scope, subject),
    pause: { scope, by, since, reason, ends_running: ends_running === 1 },
    set_by_id: set_by,
    lifter,
  }));
}

/** Takes the place of what is kept of the same scope. */
export function writePause(
  store: Store,
  { what, pause, set_by_id, lifted_by }: KeptPause & { readonly lifted_by: string | null },
): Statement {
  const { since, reason, ends_running } = pause;
  const row = { set_by: set_by_id, since, reason, ends_running: Number(ends_running), lifted_by };
  return store.sql
    .insertInto("pause")
    .values({ scope: what.scope, subject: subjectOf(what), ...row })
    .onConflict((known) => known.columns(["scope", "subject"]).doUpdateSet(row))
    .compile();
}

/** Whom or what the scope means; empty where it means everybody. */
export function subjectOf(what: PauseScope): string {
  switch (what.scope) {
    case "commands":
      return "";
    case "person":
      return what.person_id;
    case "provider":
      return what.provider;
  }
}

function scopeOf(scope: PauseScope["scope"], subject: string): PauseScope {
  switch (scope) {
    case "commands":
      return { scope };
    case "person":
      return { scope, person_id: subject };
    case "provider":
      return { scope, provider: subject };
  }
}
