import { z } from "zod";

/** A name as DNS has it, or with `*.` before it for all names below; never an address. */
export const HostPattern = z
  .string()
  .max(253)
  .regex(/^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/);
export type HostPattern = z.infer<typeof HostPattern>;

/** Of machines in a cloud: they give out its keys, and resolve to an address of the link. */
const METADATA = new Set([
  ...["metadata.google.internal", "metadata.goog", "metadata.azure.internal"],
  ...["instance-data.ec2.internal"],
]);

/**
 * Where a name can only lie, whatever resolves it: on the machine or its own link, which commands never
 * reach, or in the network around it, which an admin may open; null: anywhere.
 */
export function nearnessOf(host: HostPattern): "here" | "inside" | null {
  const name = host.replace(/^\*\./, "");
  if (METADATA.has(name) || /(^|\.)(localhost|localdomain)$/.test(name)) return "here";
  return /\.(local|internal)$/.test(name) ? "inside" : null;
}

/** A host that commands may reach, through the executor's proxy and in no other way. */
export const HostGrant = z.strictObject({
  host: HostPattern,
  /** Null: 80 and 443. */
  port: z.int().min(1).max(65_535).nullable(),
  /** An admin said that it may have an address of a private network; never loopback or link-local. */
  inside: z.boolean(),
});
export type HostGrant = z.infer<typeof HostGrant>;

export const GRANTS_LIMIT = 64;
/** Of those, what one call may have opened for it alone. */
export const OPENED_HOSTS_LIMIT = 8;

/** A host that the commands of a workspace may reach, as people see it. */
export const NetworkGrant = HostGrant.extend({
  /** Name of the person. */
  allowed_by: z.string(),
  allowed_at: z.string(),
});
export type NetworkGrant = z.infer<typeof NetworkGrant>;

/** Body of `POST /v1/workspaces/{id}/network`. */
export const NewHostGrant = z.strictObject({
  host: HostPattern,
  /** Left out: 80 and 443. */
  port: z.int().min(1).max(65_535).optional(),
  /** Only an admin may say so. */
  inside: z.boolean().optional(),
});
export type NewHostGrant = z.infer<typeof NewHostGrant>;

/** Which grant `DELETE /v1/workspaces/{id}/network` takes away: without a port the one for 80 and 443. */
export const GrantName = z.strictObject({
  host: HostPattern,
  port: z.coerce.number().int().min(1).max(65_535).optional(),
});
export type GrantName = z.infer<typeof GrantName>;

/** What one command is let at, for this once, beyond what its workspace allows. */
export const Opening = z.object({
  hosts: z.array(HostGrant),
  /** Paths of the person's other workspaces; it may read them. */
  folders: z.array(z.string()),
});
export type Opening = z.infer<typeof Opening>;

/** What a command had to do with one host, summed up over its whole run. */
export const NetworkUse = z.object({
  host: z.string().max(255),
  port: z.int(),
  /** As the client spelled them: CONNECT where it spoke TLS, so that nobody sees more. */
  methods: z.array(z.string().max(32)).max(8),
  requests: z.int(),
  bytes_up: z.int(),
  bytes_down: z.int(),
  /** Why it was not let through: the last reason; null where all went through. */
  refused: z.string().max(300).nullable(),
});
export type NetworkUse = z.infer<typeof NetworkUse>;

/** Hosts past these are summed up under the last. */
export const USES_LIMIT = 64;
