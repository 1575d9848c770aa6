import { readFileSync } from "node:fs";

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
const LISTENING = "0A";
/** Below it are root and the system's services. */
const PEOPLE_FROM_UID = 1_000;

/** Whose listeners have a port of this machine, as the kernel's tables tell; empty where none has. */
export const listenerOwners = (port: number): number[] =>
  TABLES.flatMap((path) => ownersIn(tableAt(path), port));

/** One row a socket: number, local address, remote address, state, queues, timer, retries, uid. */
export function ownersIn(table: string, port: number): number[] {
  const rows = table.split("\n").map((row) => row.trim().split(/\s+/));
  return rows
    .filter(([, local, , state]) => state === LISTENING && portOf(local ?? "") === port)
    .map((row) => Number(row[7]));
}

const portOf = (local: string): number => Number.parseInt(local.split(":")[1] ?? "", 16);

/**
 * Whether what people write may go to a listener of this user: anybody may take a free port, and would
 * read it. Root, the system's services and the server's own user could read it anyway.
 */
export const isTrusted = (owner: number, uid: number): boolean =>
  owner === uid || owner < PEOPLE_FROM_UID;

/** A machine without IPv6 has one table. */
function tableAt(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
