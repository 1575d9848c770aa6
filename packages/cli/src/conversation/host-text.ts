import { HostPattern, type HostGrant } from "@mainstay/sdk/network";
import { UsageFault } from "../faults.ts";
import { escapePath } from "../terminal/escape.ts";

type Named = Pick<HostGrant, "host" | "port">;

/** `packages.example.org:443`; without a port it is both of the web's. */
export const hostText = ({ host, port }: Named): string =>
  port === null ? `${escapePath(host)} (ports 80 and 443)` : `${escapePath(host)}:${port}`;

/** The same with how far inside it may lie. */
export const grantText = (grant: HostGrant): string =>
  grant.inside ? `${hostText(grant)}, also at an address inside` : hostText(grant);

const PORT_LIMIT = 65_535;
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}(:\d+)?|\[?[\da-f]*:[\da-f:.]*\]?(:\d+)?)$/i;

/** `*.example.org`, `packages.example.org:443`. Throws a `UsageFault` for what is no name of a host. */
export function parseHost(text: string): { host: string; port?: number } {
  const [, name = "", port_text] = /^(.*?)(?::(\d{1,5}))?$/.exec(text.toLowerCase()) ?? [];
  const port = port_text === undefined ? undefined : Number(port_text);
  const is_port = port === undefined || (port >= 1 && port <= PORT_LIMIT);
  if (is_port && HostPattern.safeParse(name).success)
    return { host: name, ...(port !== undefined && { port }) };
  const what = ADDRESS.test(text)
    ? "is an address, and only names can be allowed, also with --inside"
    : "names no host";
  throw new UsageFault(
    `${JSON.stringify(text)} ${what}; write packages.example.org, *.example.org or example.org:8443, never an address or a URL`,
  );
}
