import { Refusal } from "../kernel/errors.ts";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);
const HTTP_PORT = 80;
const HOST = /^(\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/;

/**
 * Lets through only the names that this server answers to, so that a page whose name was rebound to
 * 127.0.0.1 reaches nothing. Loopback names need the listening port; a configured name (lower case,
 * without a port) may have any, for a proxy in front has its own.
 *
 * @throws Refusal `misdirected_host`
 */
export function checkHost(
  host: string | undefined,
  listening_port: number,
  names: ReadonlySet<string>,
): void {
  const match = HOST.exec((host ?? "").toLowerCase());
  const [, name = "", port = String(HTTP_PORT)] = match ?? [];
  if (names.has(name)) return;
  if (LOOPBACK.has(name) && Number(port) === listening_port) return;
  throw new Refusal(
    "misdirected_host",
    "This server does not answer to that Host; use the address that it prints at its start, or add the name to its configuration.",
  );
}
