import { auditWrite } from "./audit-log.ts";
import type { Batch, Statement, Store } from "./store.ts";

export interface Withdrawal {
  readonly workspace_id: string;
  /** Id of the person. */
  readonly by: string;
  readonly at: number;
}

/**
 * Takes back all consent that was given for a workspace, on record: rules are revoked, hosts
 * forbidden, overrides expire, and so do approvals of turns that go on. To be made anew where a guard fails: then more was
 * given meanwhile.
 */
export async function withdrawConsent(store: Store, wish: Withdrawal): Promise<Required<Batch>> {
  const rules = inForce(store, wish);
  const overrides = open(store, wish);
  const hosts = allowed(store, wish);
  const [revoked, withdrawn, forbidden] = await Promise.all([
    store.query(rules),
    store.query(overrides),
    store.query(hosts),
  ]);
  const more_rules = rules.where("id", "not in", idsOf(revoked));
  const more_overrides = overrides.where("id", "not in", idsOf(withdrawn));
  return {
    guards: [
      { name: "no more rules", expect: "none", query: more_rules.compile() },
      { name: "no more overrides", expect: "none", query: more_overrides.compile() },
      { name: "no more hosts", expect: "none", query: otherThan(hosts, forbidden).compile() },
    ],
    writes: [
      ...forbidden.flatMap((host) => forbidHost(store, host, wish)),
      ...revoked.flatMap((rule) => revokeRule(store, rule, wish)),
      ...withdrawn.flatMap((override) => withdrawOverride(store, override, wish)),
      expireOverrides(store, wish),
      expireApprovals(store, wish),
    ],
  };
}

interface Given {
  readonly id: string;
  readonly person_id: string;
}

type ByWhom = Pick<Withdrawal, "by" | "at">;

export const revokeRule = (store: Store, { id, person_id }: Given, { by, at }: ByWhom) => [
  store.sql
    .updateTable("rule")
    .set({ revoked_at: at, revoked_by: by })
    .where("id", "=", id)
    .compile(),
  auditWrite(store, at, { kind: "rule_revoked", rule_id: id, person_id, revoked_by: by }),
];

/** It has expired, before its time. */
export const withdrawOverride = (store: Store, { id, person_id }: Given, { by, at }: ByWhom) => [
  store.sql.updateTable("override").set({ expires_at: at }).where("id", "=", id).compile(),
  auditWrite(store, at, {
    ...{ kind: "override_withdrawn", override_id: id, person_id, withdrawn_by: by },
  }),
];

interface AllowedHost {
  readonly workspace_id: string;
  readonly person_id: string;
  readonly host: string;
  readonly port: number;
}

export const forbidHost = (store: Store, allowed: AllowedHost, { by, at }: ByWhom) => [
  store.sql
    .deleteFrom("host_grant")
    .where("workspace_id", "=", allowed.workspace_id)
    .where("host", "=", allowed.host)
    .where("port", "=", allowed.port)
    .compile(),
  auditWrite(store, at, {
    ...{ kind: "network_forbidden", ...allowed, port: allowed.port || null, forbidden_by: by },
  }),
];

/** Used ones too: the call that has it may be planned anew. */
const expireOverrides = (store: Store, { workspace_id, at }: Withdrawal): Statement =>
  store.sql
    .updateTable("override")
    .set({ expires_at: at })
    .where("workspace_id", "=", workspace_id)
    .where("expires_at", ">", at)
    .compile();

/** What was decided counts while it was decided in time; so this is before all decisions. */
const expireApprovals = (store: Store, { workspace_id }: Withdrawal): Statement =>
  store.sql
    .updateTable("approval")
    .set((of) => ({ expires_at: of.ref("created_at") }))
    .where("workspace_id", "=", workspace_id)
    .where("turn_id", "in", (of) =>
      of.selectFrom("turn").select("id").where("settled_at", "is", null),
    )
    .compile();

const inForce = (store: Store, { workspace_id }: Withdrawal) =>
  store.sql
    .selectFrom("rule")
    .select(["id", "person_id"])
    .where("workspace_id", "=", workspace_id)
    .where("revoked_at", "is", null);

const allowed = (store: Store, { workspace_id }: Withdrawal) =>
  store.sql
    .selectFrom("host_grant")
    .innerJoin("workspace", "workspace.id", "host_grant.workspace_id")
    .select(["host_grant.workspace_id", "workspace.person_id"])
    .select(["host_grant.host", "host_grant.port"])
    .where("host_grant.workspace_id", "=", workspace_id);

/** Each host has a row for each of its ports. */
const otherThan = (hosts: ReturnType<typeof allowed>, known: readonly AllowedHost[]) =>
  known.reduce(
    (others, { host, port }) =>
      others.where((is) => is.or([is("host", "!=", host), is("port", "!=", port)])),
    hosts,
  );

const open = (store: Store, { workspace_id, at }: Withdrawal) =>
  store.sql
    .selectFrom("override")
    .select(["id", "person_id"])
    .where("workspace_id", "=", workspace_id)
    .where("used_at", "is", null)
    .where("expires_at", ">", at);

const idsOf = (given: readonly Given[]): string[] => given.map(({ id }) => id);
