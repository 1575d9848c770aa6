import type { Clock } from "@mainstay/sdk/clock";
import type { Ceiling, NewPolicy, Policy, PolicySubject } from "@mainstay/sdk/consent";
import type { Person } from "../../identity/identity.ts";
import { Refusal } from "../../kernel/errors.ts";
import { isoTime } from "../../kernel/time.ts";
import { auditWrite } from "../../store/audit-log.ts";
import { prepared } from "../../store/prepared.ts";
import type { Store } from "../../store/store.ts";
import { type Limit, lowest } from "./ceiling.ts";

/** A longer list is cut: policies for so many single people are better told as one for a tier. */
const LISTED = 1_000;
const TIERS: readonly string[] = ["free", "basic", "pro"];

/** Ceilings that admins set: for a tier, a workspace, a person. */
export interface Policies {
  list(): Promise<Policy[]>;
  /** @throws Refusal `not_found` for a subject that is not there. */
  set(by: Person, wish: NewPolicy): Promise<Policy>;
  /** @throws Refusal `not_found` */
  remove(by: Person, subject: PolicySubject): Promise<void>;
  /** The most that a command of this person may do in this workspace, which is trusted or not as of now. */
  limitFor(person_id: string, workspace_id: string): Promise<Limit>;
}

export interface PoliciesParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Somebody took something away: what was agreed to must be looked at again. */
  readonly onTightened: () => void;
}

export function createPolicies({ store, clock, onTightened }: PoliciesParts): Policies {
  async function list(): Promise<Policy[]> {
    const rows = await store.query(
      store.sql
        .selectFrom("policy")
        .innerJoin("person as setter", "setter.id", "policy.set_by")
        .leftJoin("person", "person.id", "policy.subject")
        .leftJoin("workspace", "workspace.id", "policy.subject")
        .select(["policy.scope", "policy.subject", "policy.ceiling", "policy.set_at"])
        .select(["setter.name as set_by", "person.name", "workspace.path"])
        .orderBy("policy.scope")
        .orderBy("policy.subject")
        .limit(LISTED),
    );
    return rows.map(({ name, path, set_at, ...row }) => ({
      ...row,
      subject_name: name ?? path ?? row.subject,
      set_at: isoTime(set_at),
    }));
  }

  async function set(by: Person, wish: NewPolicy): Promise<Policy> {
    const { id, name } = await subjectOf(wish);
    const { scope, ceiling } = wish;
    const set_at = clock.now();
    const row = { scope, subject: id, ceiling, set_by: by.id, set_at };
    const put = store.sql
      .insertInto("policy")
      .values(row)
      .onConflict((known) => known.columns(["scope", "subject"]).doUpdateSet(row))
      .compile();
    await store.commit({ writes: [put, record(by, scope, id, ceiling)] });
    onTightened();
    return { ...row, subject_name: name, set_by: by.name, set_at: isoTime(set_at) };
  }

  async function remove(by: Person, subject: PolicySubject): Promise<void> {
    const { scope } = subject;
    const { id } = await subjectOf(subject);
    const named = store.sql
      .selectFrom("policy")
      .where("scope", "=", scope)
      .where("subject", "=", id);
    const { committed } = await store.commit({
      guards: [{ name: "known", expect: "some", query: named.select("subject").compile() }],
      writes: [
        store.sql
          .deleteFrom("policy")
          .where("scope", "=", scope)
          .where("subject", "=", id)
          .compile(),
        record(by, scope, id, null),
      ],
    });
    if (!committed) throw new Refusal("not_found", `There is no policy for this ${scope}.`);
  }

  const record = (
    by: Person,
    scope: PolicySubject["scope"],
    subject: string,
    ceiling: Ceiling | null,
  ) =>
    auditWrite(store, clock.now(), { kind: "policy_set", scope, subject, ceiling, set_by: by.id });

  async function subjectOf({ scope, subject }: PolicySubject): Promise<Subject> {
    const found = await subjectsOf(scope, subject);
    const [only, other] = found;
    if (only === undefined)
      throw new Refusal("not_found", `There is no ${scope} ${JSON.stringify(subject)}.`);
    if (other !== undefined)
      throw new Refusal("not_found", `More than one ${scope} has this name; name it by its id.`);
    return only;
  }

  async function subjectsOf(
    scope: PolicySubject["scope"],
    subject: string,
  ): Promise<readonly Subject[]> {
    switch (scope) {
      case "tier":
        return TIERS.filter((tier) => tier === subject).map((tier) => ({ id: tier, name: tier }));
      case "person":
        return store.query(
          store.sql
            .selectFrom("person")
            .select(["id", "name"])
            .where((is) => is.or([is("id", "=", subject), is("name", "=", subject)])),
        );
      case "workspace":
        return store.query(
          store.sql
            .selectFrom("workspace")
            .select(["id", "path as name"])
            .where((is) => is.or([is("id", "=", subject), is("path", "=", subject)])),
        );
    }
  }

  async function limitFor(person_id: string, workspace_id: string): Promise<Limit> {
    const [rows, [workspace]] = await Promise.all([
      store.query(ceilingsFor(store, { person_id, workspace_id })),
      store.query(trustOf(store, { workspace_id })),
    ]);
    return lowest(
      workspace?.trusted === 1,
      rows.map(({ scope, subject, name, ceiling }) => ({
        ceiling,
        by: `the policy for ${scope === "workspace" ? "this workspace" : `the ${scope} ${name ?? subject}`}`,
      })),
    );
  }

  return { list, set, remove, limitFor };
}

interface Subject {
  readonly id: string;
  readonly name: string;
}

interface CeilingRow {
  readonly scope: PolicySubject["scope"];
  readonly subject: string;
  readonly ceiling: Ceiling;
  /** Of a person. */
  readonly name: string | null;
}

const trustOf = prepared<{ workspace_id: string }, { readonly trusted: number }>((sql, slot) =>
  sql.selectFrom("workspace").select("trusted").where("id", "=", slot("workspace_id")),
);

const ceilingsFor = prepared<{ person_id: string; workspace_id: string }, CeilingRow>((sql, slot) =>
  sql
    .selectFrom("policy")
    .leftJoin("person", "person.id", "policy.subject")
    .select(["policy.scope", "policy.subject", "policy.ceiling", "person.name"])
    .where((is) =>
      is.or([
        is.and([is("scope", "=", "person"), is("subject", "=", slot("person_id"))]),
        is.and([is("scope", "=", "workspace"), is("subject", "=", slot("workspace_id"))]),
        is.and([
          is("scope", "=", "tier"),
          is(
            "subject",
            "=",
            is
              .selectFrom("person as own")
              .select("own.tier")
              .where("own.id", "=", slot("person_id")),
          ),
        ]),
      ]),
    ),
);
