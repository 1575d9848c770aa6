import type { Clock } from "@mainstay/sdk/clock";
import {
  type GrantName,
  GRANTS_LIMIT,
  OPENED_HOSTS_LIMIT,
  type HostGrant,
  type NetworkGrant,
  nearnessOf,
  type NewHostGrant,
} from "@mainstay/sdk/network";
import type { Person } from "../../identity/identity.ts";
import { Refusal } from "../../kernel/errors.ts";
import { isoTime } from "../../kernel/time.ts";
import { auditWrite } from "../../store/audit-log.ts";
import { prepared } from "../../store/prepared.ts";
import type { Row } from "../../store/schema.ts";
import type { Store } from "../../store/store.ts";
import { forbidHost } from "../../store/withdraw-consent.ts";

/** Of one workspace; past it one more is refused with `too_many_hosts`. */
const HOSTS_HERE = GRANTS_LIMIT - OPENED_HOSTS_LIMIT;
/** In the table, for a grant of 80 and 443. */
const USUAL_PORTS = 0;

/**
 * Hosts that the commands of a workspace may reach. Its person allows public ones, and only an admin
 * one that may have an address inside; either takes away any of them.
 */
export interface WorkspaceNetwork {
  /** @throws Refusal `not_found` */
  list(person: Person, workspace_id: string): Promise<NetworkGrant[]>;
  /**
   * The same host and port again changes what is said of it.
   * @throws Refusal `not_found`, `invalid_request` for a name of this machine, `forbidden`,
   * `too_many_hosts`
   */
  allow(person: Person, workspace_id: string, wish: NewHostGrant): Promise<NetworkGrant>;
  /** When it resolves no command begins any more that may reach it. @throws Refusal `not_found` */
  forbid(person: Person, workspace_id: string, name: GrantName): Promise<void>;
  /** As of now, ordered by name. */
  allowedIn(workspace_id: string): Promise<HostGrant[]>;
}

export interface WorkspaceNetworkParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly onTightened: () => void;
}

export function createWorkspaceNetwork(parts: WorkspaceNetworkParts): WorkspaceNetwork {
  const { store, clock, onTightened } = parts;

  async function list(person: Person, workspace_id: string): Promise<NetworkGrant[]> {
    await meant(person, workspace_id);
    const rows = await store.query(
      store.sql
        .selectFrom("host_grant")
        .innerJoin("person", "person.id", "host_grant.allowed_by")
        .selectAll("host_grant")
        .select("person.name")
        .where("workspace_id", "=", workspace_id)
        .orderBy("host")
        .orderBy("port"),
    );
    return rows.map(({ name, ...row }) => described(row, name));
  }

  async function allow(person: Person, id: string, wish: NewHostGrant): Promise<NetworkGrant> {
    const { person_id } = await meant(person, id);
    refuseNear(wish);
    if (wish.inside && person.role !== "admin") throw onlyAdmins();
    const row = {
      ...{ workspace_id: id, host: wish.host, port: wish.port ?? USUAL_PORTS },
      ...{ inside: Number(wish.inside ?? false), allowed_by: person.id, allowed_at: clock.now() },
    };
    const put = store.sql
      .insertInto("host_grant")
      .values(row)
      .onConflict((known) => known.columns(["workspace_id", "host", "port"]).doUpdateSet(row));
    const record = auditWrite(store, row.allowed_at, {
      ...{ kind: "network_allowed", workspace_id: id, person_id, allowed_by: person.id },
      ...grantOf(row),
    });
    const { committed } = await store.commit({
      guards: [roomBeside(row)],
      writes: [put.compile(), record],
    });
    if (!committed) throw tooMany();
    // Said anew it may be less than an admin had allowed.
    onTightened();
    return described(row, person.name);
  }

  const roomBeside = ({ workspace_id, host, port }: Row<"host_grant">) => ({
    name: "room",
    expect: "none" as const,
    query: store.sql
      .selectFrom("host_grant")
      .select("host")
      .where("workspace_id", "=", workspace_id)
      .where((is) => is.or([is("host", "!=", host), is("port", "!=", port)]))
      .limit(1)
      .offset(HOSTS_HERE - 1)
      .compile(),
  });

  async function forbid(person: Person, id: string, { host, port }: GrantName): Promise<void> {
    const { person_id } = await meant(person, id);
    const allowed = { workspace_id: id, person_id, host, port: port ?? USUAL_PORTS };
    const named = store.sql
      .selectFrom("host_grant")
      .select("host")
      .where("workspace_id", "=", id)
      .where("host", "=", host)
      .where("port", "=", allowed.port);
    const { committed } = await store.commit({
      guards: [{ name: "known", expect: "some", query: named.compile() }],
      writes: forbidHost(store, allowed, { by: person.id, at: clock.now() }),
    });
    // Also where another forbade it first: that may not have been told yet.
    onTightened();
    if (!committed) throw notListed({ host, port: port ?? null }, await grantsFor(id, host));
  }

  const grantsFor = async (workspace_id: string, host: string): Promise<HostGrant[]> =>
    (await store.query(grantsIn(store, { workspace_id })))
      .map(grantOf)
      .filter((grant) => grant.host === host);

  async function meant(person: Person, id: string): Promise<{ readonly person_id: string }> {
    const [row] = await store.query(
      store.sql.selectFrom("workspace").select("person_id").where("id", "=", id),
    );
    if (row !== undefined && (row.person_id === person.id || person.role === "admin")) return row;
    throw new Refusal("not_found", `You have no workspace ${JSON.stringify(id)}.`);
  }

  return {
    list,
    allow,
    forbid,
    allowedIn: async (workspace_id) =>
      (await store.query(grantsIn(store, { workspace_id }))).map(grantOf),
  };
}

type GrantRow = Pick<Row<"host_grant">, "host" | "port" | "inside">;

const grantsIn = prepared<{ workspace_id: string }, GrantRow>((sql, slot) =>
  sql
    .selectFrom("host_grant")
    .select(["host", "port", "inside"])
    .where("workspace_id", "=", slot("workspace_id"))
    .orderBy("host")
    .orderBy("port"),
);

const grantOf = ({ host, port, inside }: GrantRow): HostGrant => ({
  host,
  port: port === USUAL_PORTS ? null : port,
  inside: inside === 1,
});

const described = (row: Row<"host_grant">, allowed_by: string): NetworkGrant => ({
  ...grantOf(row),
  allowed_by,
  allowed_at: isoTime(row.allowed_at),
});

const onlyAdmins = (): Refusal =>
  new Refusal(
    "forbidden",
    "Only an admin may allow a host an address inside; without `inside` it may have public ones.",
  );

/** What cannot be reached is not promised: the list says what commands get. */
function refuseNear({ host, inside = false }: NewHostGrant): void {
  const nearness = nearnessOf(host);
  if (nearness === "here")
    throw new Refusal(
      "invalid_request",
      `${host} can only be a name of this machine or of its cloud's own service, and commands never reach these.`,
    );
  if (nearness === "inside" && !inside)
    throw new Refusal(
      "invalid_request",
      `${host} can only be a name inside this network; an admin may allow it: mainstay workspace network allow ${host} --inside`,
    );
}

type Named = Pick<HostGrant, "host" | "port">;

const asTyped = ({ host, port }: Named): string => (port === null ? host : `${host}:${port}`);
const inWords = ({ host, port }: Named): string =>
  port === null ? `${host} with ports 80 and 443` : `${host} with port ${port}`;

function notListed(asked: Named, allowed: readonly Named[]): Refusal {
  if (allowed.length === 0)
    return new Refusal(
      "not_found",
      `${asked.host} is not on the list, so no command reaches it: there is nothing to take back.`,
    );
  const lines = allowed.map((one) => `mainstay workspace network forbid ${asTyped(one)}`);
  return new Refusal(
    "not_found",
    `${inWords(asked)} is not on the list, but ${allowed.map(inWords).join(" and ")} is; take it back with: ${lines.join("; ")}`,
  );
}

const tooMany = (): Refusal =>
  new Refusal("too_many_hosts", `There are ${HOSTS_HERE} hosts already; forbid one first.`);
