import { readFileSync } from "node:fs";

const TABLE = "/proc/net/tcp";
/** A machine without IPv6 has none. */
const TABLE_6 = "/proc/net/tcp6";
const ACCOUNTS = "/etc/passwd";
const LISTENING = "0A";

/** Who listens at a port of this machine, to a server of the user `uid`. */
export type Listener =
  | { readonly kind: "trusted" }
  | { readonly kind: "stranger"; readonly uid: number }
  | { readonly kind: "nobody" }
  /** The kernel does not tell. */
  | { readonly kind: "unknown" };

/**
 * Whether what people write may go to who listens there: anybody may take a free port, and would read it.
 * Root and the server's own user could read it anyway; `ollama` is the account that its installer makes.
 */
export function listenerAt(port: number, uid: number): Listener {
  const owners = listenerOwners(port);
  if (owners === null) return { kind: "unknown" };
  if (owners.length === 0) return { kind: "nobody" };
  const trusted = [0, uid, ...uidsOf("ollama", textOf(ACCOUNTS) ?? "")];
  const stranger = owners.find((owner) => !trusted.includes(owner));
  return stranger === undefined ? { kind: "trusted" } : { kind: "stranger", uid: stranger };
}

/** As the kernel's tables tell; null where they cannot be read. */
export function listenerOwners(port: number): number[] | null {
  const table = textOf(TABLE);
  return table === null
    ? null
    : [table, textOf(TABLE_6) ?? ""].flatMap((each) => ownersIn(each, port));
}

/** One row a socket: number, local address, remote address, state, queues, timer, retries, uid. */
export function ownersIn(table: string, port: number): number[] {
  const rows = table.split("\n").map((row) => row.trim().split(/\s+/));
  return rows
    .filter(([, local, , state]) => state === LISTENING && portOf(local ?? "") === port)
    .map((row) => Number(row[7]));
}

const portOf = (local: string): number => Number.parseInt(local.split(":")[1] ?? "", 16);

/** Of an account, as `/etc/passwd` has it. */
export const uidsOf = (account: string, passwd: string): number[] =>
  passwd
    .split("\n")
    .map((line) => line.split(":"))
    .filter(([name, , uid]) => name === account && /^\d+$/.test(uid ?? ""))
    .map(([, , uid]) => Number(uid));

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
