/** Which host and port a request is for, read in one way only, and whether somebody granted it. */
import { type HostGrant, HostPattern } from "@mainstay/sdk/network";
import { malformed, NOT_LISTED, Refusal } from "./refusal.ts";

export interface Target {
  /** Lower case, without a final dot. */
  host: string;
  port: number;
}

/** What a grant without a port is for. */
const USUAL_PORTS = [80, 443];

/** Of `CONNECT host:port`. Throws `Refusal`. */
export function targetOfConnect(authority: string): Target {
  const [, host, port] = /^([^:@/\s]+):(\d{1,5})$/.exec(authority) ?? [];
  if (host === undefined) throw noName(authority);
  return targetOf(host, Number(port));
}

/**
 * Of `GET http://host/path`. `hosts` are the values of all Host headers: one, which says the same.
 * Throws `Refusal`.
 */
export function targetOfRequest(url: string, hosts: readonly string[]): Target {
  const [, host, port] = /^http:\/\/([^:@/?#\s]+)(?::(\d{1,5}))?(?:[/?]|$)/i.exec(url) ?? [];
  if (host === undefined) throw noProxyRequest(url);
  const target = targetOf(host, port === undefined ? 80 : Number(port));
  if (hosts.length !== 1 || !isSame(hosts[0]!, target)) {
    throw malformed(`its Host header must be ${target.host}, as its target is`);
  }
  return target;
}

/** What is asked of the target, of a URL that has one. */
export function pathOf(url: string): string {
  const path = url.replace(/^http:\/\/[^/?]*/i, "");
  return path.startsWith("/") ? path : `/${path}`;
}

/** Throws `Refusal` where nothing on the list is for the target. */
export function grantFor(grants: readonly HostGrant[], { host, port }: Target): HostGrant {
  const all = grants.filter((grant) => names(grant.host, host) && isFor(grant.port, port));
  const grant = all.find(({ inside }) => inside) ?? all[0];
  if (grant === undefined) throw new Refusal("not_allowed", NOT_LISTED);
  return grant;
}

/** `*.example.org` names all below example.org, not itself. */
function names(pattern: string, host: string): boolean {
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}

const isFor = (granted: number | null, port: number): boolean =>
  granted === null ? USUAL_PORTS.includes(port) : granted === port;

function targetOf(written: string, port: number): Target {
  const host = written.toLowerCase().replace(/\.$/, "");
  if (port < 1 || port > 65_535) throw malformed(`${port} is no port`);
  // The only names that a grant can have; an address in any of its spellings is none.
  if (host.startsWith("*") || !HostPattern.safeParse(host).success) throw noName(host);
  return { host, port };
}

function isSame(header: string, { host, port }: Target): boolean {
  const [, name = "", said] = /^([^:]+?)\.?(?::(\d+))?$/.exec(header.toLowerCase()) ?? [];
  return name === host && (said === undefined ? port === 80 : Number(said) === port);
}

function noName(text: string): Refusal {
  return new Refusal(
    "not_allowed",
    `${visible(text)} is not the full name of a host; addresses are not reached`,
  );
}

function noProxyRequest(url: string): Refusal {
  return malformed(
    `${visible(url)} is not what a proxy is asked for (CONNECT, or http:// in full)`,
  );
}

/** What a request that names no host is on record under: as its client wrote it, made visible. */
export function claimedTarget(url: string): Target {
  const [, authority = ""] = /^(?:[a-z]+:\/\/)?([^/?#]*)/i.exec(url) ?? [];
  const [, host = authority, port = "0"] = /^(.*):(\d{1,5})$/.exec(authority) ?? [];
  return { host: visible(host), port: Number(port) };
}

/** What a command wrote goes to people's terminals. */
const visible = (text: string): string => text.replace(/[^\x21-\x7e]/g, "?").slice(0, 100);
