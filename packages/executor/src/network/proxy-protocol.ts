/** What executor and proxy process say to each other: one JSON object a line. */
import { GRANTS_LIMIT, HostGrant, NetworkUse, USES_LIMIT } from "@mainstay/sdk/network";
import { z } from "zod";

/** The socket's path below the folder that both have open; never used twice. */
const name = z.string().regex(/^[A-Za-z0-9_-]+\/\d+$/);

export const ProxyOrder = z.discriminatedUnion("op", [
  z.object({ op: z.literal("open"), name, hosts: z.array(HostGrant).max(GRANTS_LIMIT) }),
  z.object({ op: z.literal("close"), name }),
]);
export type ProxyOrder = z.infer<typeof ProxyOrder>;

export const ProxyNews = z.discriminatedUnion("state", [
  z.object({ state: z.literal("open"), name }),
  z.object({ state: z.literal("failed"), name, why: z.string() }),
  /** So far, when it has changed. */
  z.object({ state: z.literal("used"), name, uses: z.array(NetworkUse).max(USES_LIMIT) }),
  z.object({ state: z.literal("closed"), name, uses: z.array(NetworkUse).max(USES_LIMIT) }),
]);
export type ProxyNews = z.infer<typeof ProxyNews>;
