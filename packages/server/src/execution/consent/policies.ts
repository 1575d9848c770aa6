import { sql } from "kysely";
import type { Clock } from "@mainstay/sdk/clock";
import type { Ceiling, NewPolicy, Policy, PolicySubject } from "@mainstay/sdk/consent";
import { Tier } from "@mainstay/sdk/people";
import type { People, Person } from "../../identity/identity.ts";
import { Refusal } from "../../kernel/errors.ts";
import { isoTime } from "../../kernel/time.ts";
import { auditWrite } from "../../store/audit-log.ts";
import type { TurnWorkspace } from "../../kernel/workspace.ts";
import { prepared } from "../../store/prepared.ts";
import type { Guard, Store } from "../../store/store.ts";
import { type Order, type Page, pageOf, type PageWish } from "../../store/page.ts";
import { type Limit, lowest } from "./ceiling.ts";

/** Ceilings that admins set: for a tier, a workspace, a person. */
export interface Policies {
  list(wish?: PageWish): Promise<Page<Policy>>;
  /** @throws Refusal `not_found` for a subject that is not there. */
  set(by: Person, wish: NewPolicy): Promise<Policy>;
  /** @throws Refusal `not_found` */
  remove(by: Person, subject: PolicySubject): Promise<void>;
  /** The most that a command of this person may do in this workspace, which is trusted or not as of now. */
  limitFor(person_id: string, workspace_id: string): Promise<Limit>;
  /** Holds while the workspace is this folder, and trusted. */
  trustIn(workspace: TurnWorkspace): Guard;
}

export interface PoliciesParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly people: Pick<People, "named">;
  /** Somebody took something away: what was agreed to must be looked at again. */
  readonly onTightened: () => void;
}

export function createPolicies({ store, clock, people, onTightened }: PoliciesParts): Policies {
  async function list(wish: PageWish = {}): Promise<Page<Policy>> {
    const all = store.sql
      .selectFrom("policy")
      .innerJoin("person as setter", "setter.id", "policy.set_by")
      .leftJoin("person", "person.id", "policy.subject")
      .leftJoin("workspace", "workspace.id", "policy.subject")
      .select(["policy.scope", "policy.subject", "policy.ceiling", "policy.set_at"])
      .select(["setter.name as set_by", "person.name", "workspace.path"]);
    const { items, next } = await pageOf(store, all, bySubject, wish);
    return { items: items.map(resource), next };
  }

  const resource = ({ name, path, set_at, ...row }: PolicyRow): Policy => ({
    ...row,
    subject_name: name ?? path ?? row.subject,
    set_at: isoTime(set_at),
  });

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
    const commit = await store.commit({ writes: [put, record(by, scope, id, ceiling)] });
    if (!commit.committed) throw new Error(`a policy met the guard ${commit.guard}`);
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
        return Tier.options
          .filter((tier) => tier === subject)
          .map((tier) => ({ id: tier, name: tier }));
      case "person":
        return [await people.named(subject)];
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

  const trustIn = ({ id, path, ino, owner_uid }: TurnWorkspace): Guard => ({
    name: "the trust in its workspace",
    expect: "some",
    query: trustedFolder(store, { id, path, ino, owner_uid }),
  });

  return { list, set, remove, limitFor, trustIn };
}

interface Subject {
  readonly id: string;
  readonly name: string;
}

interface PolicyRow {
  readonly scope: PolicySubject["scope"];
  readonly subject: string;
  readonly ceiling: Ceiling;
  readonly set_at: number;
  readonly set_by: string;
  /** Of a person. */
  readonly name: string | null;
  /** Of a workspace. */
  readonly path: string | null;
}

const bySubject: Order<PolicyRow> = {
  direction: "asc",
  columns: [sql.ref("policy.scope"), sql.ref("policy.subject")],
  keysOf: ({ scope, subject }) => [scope, subject],
};

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

const trustedFolder = prepared<TurnWorkspace>((sql, slot) =>
  sql
    .selectFrom("workspace")
    .select("id")
    .where("id", "=", slot("id"))
    .where("path", "=", slot("path"))
    .where("ino", "=", slot("ino"))
    .where("owner_uid", "=", slot("owner_uid"))
    .where("trusted", "=", 1),
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
