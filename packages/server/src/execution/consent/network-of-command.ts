import type { HostGrant } from "@mainstay/sdk/network";
import type { Classified } from "../classify/classify.ts";
import { NEEDS_NETWORK } from "../classify/programs/network-needs.ts";
import { visibleLine } from "./visible.ts";

/** What a command may reach through the proxy; null: it has no network at all. */
export type CommandNetwork = { readonly hosts: readonly HostGrant[] } | null;

export interface NetworkFacts {
  readonly classified: Pick<Classified, "verdict" | "findings">;
  /** By the workspace. */
  readonly allowed: readonly HostGrant[];
  /** By this one call. */
  readonly opened: readonly HostGrant[];
  /** What the person's word named, whose word for this one command it is; null where it is nobody's. */
  readonly named: readonly HostGrant[] | null;
}

/**
 * Which hosts a command may reach. Pure.
 *
 * 1. What only reads reaches none but what its own call opens.
 * 2. One person's word for one command covers the hosts that they were shown, as far as they are still
 *    allowed; rules and trust cover what the workspace allows at that time.
 * 3. What needs the network by its words and is allowed none gets a proxy that lets nothing through: it
 *    fails at once, and its end says what it wanted. Whatever else runs has no network, nor the cost of
 *    one; where it lacks it, its own words of failure name the host.
 */
export function networkOf({ classified, allowed, opened, named }: NetworkFacts): CommandNetwork {
  const is_safe = classified.verdict === "safe";
  const of_workspace = is_safe ? [] : allowed.filter((one) => named?.some(isSame(one)) ?? true);
  const hosts = union(of_workspace, opened);
  return hosts.length > 0 || (!is_safe && needsNetwork(classified)) ? { hosts } : null;
}

/** Which of `planned` may not be reached any more; null: all of it may. */
export const takenAway = (planned: CommandNetwork, now: CommandNetwork): HostGrant | null =>
  planned?.hosts.find((host) => now?.hosts.some(isSame(host)) !== true) ?? null;

const isSame =
  (one: HostGrant) =>
  (other: HostGrant): boolean =>
    hostInWords(one) === hostInWords(other);

const union = (some: readonly HostGrant[], more: readonly HostGrant[]): HostGrant[] => [
  ...some,
  ...more.filter((one) => !some.some(isSame(one))),
];

export const needsNetwork = ({ findings }: Pick<Classified, "findings">): boolean =>
  findings.some(({ reason }) => reason.endsWith(NEEDS_NETWORK));

/** `packages.example.org`, `git.corp.example:8443 (also inside)`. */
export function hostInWords({ host, port, inside }: HostGrant): string {
  const name = port === null ? host : `${host}:${port}`;
  return visibleLine(inside ? `${name} (also inside)` : name);
}

/** What a person reads of it before they agree; null where there is nothing to say. */
export function networkInWords(network: CommandNetwork, wants: boolean): string | null {
  if (network !== null && network.hosts.length > 0)
    return `may reach ${network.hosts.map(hostInWords).join(", ")}, and nothing else`;
  return wants
    ? "needs the network, and no host is allowed here: it will say which it wanted"
    : null;
}
