import { auditWrite } from "./audit-log.ts";
import type { Batch, Statement, Store } from "./store.ts";

export interface Withdrawal {
  readonly workspace_id: string;
  /** Id of the person. */
  readonly by: string;
  readonly at: number;
}

/**
 * Takes back all consent that was given for a workspace, on record: rules are revoked, overrides
 * expire, and so do approvals of turns that go on. To be made anew where a guard fails: then more was
 * given meanwhile.
 */
export async function withdrawConsent(store: Store, wish: Withdrawal): Promise<Required<Batch>> {
  const rules = inForce(store, wish);
  const overrides = open(store, wish);
  const [revoked, withdrawn] = await Promise.all([store.query(rules), store.query(overrides)]);
  const more_rules = rules.where("id", "not in", idsOf(revoked));
  const more_overrides = overrides.where("id", "not in", idsOf(withdrawn));
  return {
    guards: [
      { name: "no more rules", expect: "none", query: more_rules.compile() },
      { name: "no more overrides", expect: "none", query: more_overrides.compile() },
    ],
    writes: [
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

const open = (store: Store, { workspace_id, at }: Withdrawal) =>
  store.sql
    .selectFrom("override")
    .select(["id", "person_id"])
    .where("workspace_id", "=", workspace_id)
    .where("used_at", "is", null)
    .where("expires_at", ">", at);

const idsOf = (given: readonly Given[]): string[] => given.map(({ id }) => id);
