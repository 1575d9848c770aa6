import { AuditFilter, AuditHead, AuditPage, ExecutorChain } from "@mainstay/sdk/audit-trail";
import { z } from "zod";
import { lookUp, type Notary } from "../../audit/audit.ts";
import type { People } from "../../identity/identity.ts";
import type { Store } from "../../store/store.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";

const PAGE = 50;
const LARGEST_PAGE = 500;

const position = z.coerce.number().int().min(0);

const AuditQuery = AuditFilter.extend({
  before: position.optional(),
  limit: z.coerce.number().int().min(1).max(LARGEST_PAGE).optional(),
});

export interface AuditRouteParts {
  readonly store: Store;
  readonly people: Pick<People, "named">;
  readonly notary: Pick<Notary, "head" | "damage">;
  /** A page of the executor's own chain after a number; null while there is no executor to ask. */
  readonly executorChain: (after: number) => Promise<ExecutorChain["items"] | null>;
}

/** `/v1/audit`: who did what when, for admins. */
export function auditRoutes(parts: AuditRouteParts): Endpoint[] {
  const { store, people, notary, executorChain } = parts;
  const list = endpoint(
    {
      method: "get",
      path: "/v1/audit",
      summary:
        "The audit trail, newest first. A page may be short, or empty, and still have a next one.",
      auth: "admin",
      query: AuditQuery,
      responses: { 200: { description: "A page", body: AuditPage } },
    },
    async ({ query }) => {
      const { before = null, limit = PAGE, person: name, ...rest } = query;
      const filter = name === undefined ? rest : { ...rest, person: (await people.named(name)).id };
      const { items, next } = await lookUp(store, { filter, before, limit });
      const page = { items, next: next === null ? null : String(next) };
      return { status: 200, body: { ...page, damage: notary.damage() } };
    },
  );

  const head = endpoint(
    {
      method: "get",
      path: "/v1/audit/head",
      summary: "Signs how far the trail goes now, for whoever keeps it off this machine.",
      auth: "admin",
      responses: { 200: { description: "The signed head", body: AuditHead } },
    },
    async () => ({ status: 200, body: await notary.head() }),
  );

  const executor = endpoint(
    {
      method: "get",
      path: "/v1/audit/executor",
      summary: "The executor's own record of what it ran, to compare the trail with.",
      auth: "admin",
      query: z.strictObject({ after: position.optional() }),
      responses: { 200: { description: "A page", body: ExecutorChain } },
    },
    async ({ query }) => {
      const items = await executorChain(query.after ?? 0);
      return { status: 200, body: { items: items ?? [], readable: items !== null } };
    },
  );

  return [list, head, executor];
}
