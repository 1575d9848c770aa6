/**
 * What a sandbox has of its way out: the socket, a program that carries connections from the sandbox's
 * own loopback to it, and the variables by which programs find that.
 */
import { accessSync, constants, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { HostGrant } from "@mainstay/sdk/network";

/** Where the command's socket appears. In mount namespaces of workspaces an empty file stands there. */
export const SOCKET_INSIDE = "/run/network.sock";

const PERL = "/usr/bin/perl";
/** Below the ports that a kernel gives to who asks for none. */
const PORT = 17_421;
const FORWARDER = readFileSync(fileURLToPath(new URL("forwarder.pl", import.meta.url)), "utf8");

/**
 * Ends with 0 when connections are carried. Where that needs more than is here it throws, with the
 * fix; for no host at all it is null: without a network as little is let through, and only the end
 * does not say what was wanted.
 */
export function forwarderTo(hosts: readonly HostGrant[], perl = PERL): string[] | null {
  try {
    accessSync(perl, constants.X_OK);
  } catch {
    if (hosts.length === 0) return null;
    throw new Error(`${perl} is missing, and a network needs it (fix: apt-get install perl-base)`);
  }
  return [perl, "-e", FORWARDER, String(PORT), SOCKET_INSIDE];
}

const PROXY = `http://127.0.0.1:${PORT}`;
const NO_PROXY = "localhost,127.0.0.1,::1";

/** Programs differ in which case they read. */
export const NETWORK_VARIABLES: Record<string, string> = {
  ...{ http_proxy: PROXY, https_proxy: PROXY, no_proxy: NO_PROXY },
  ...{ HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, NO_PROXY },
  NODE_USE_ENV_PROXY: "1",
  // A host that is refused stays so: npm would wait ten seconds before it asks again.
  npm_config_fetch_retries: "2",
  npm_config_fetch_retry_mintimeout: "250",
  npm_config_fetch_retry_maxtimeout: "1000",
  PIP_RETRIES: "1",
};
