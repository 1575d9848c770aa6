/**
 * From a host's name to a connection.
 *
 * 1. A name is resolved once, and what is connected to is an address of that answer: a name server
 *    that answers otherwise the next time (rebinding) is not asked a next time.
 * 2. Every address of the answer must be one that may be reached, also those that are not tried.
 */
import type { Socket } from "node:net";
import type { Clock } from "@mainstay/sdk/clock";
import type { HostGrant } from "@mainstay/sdk/network";
import { judgeAddress } from "./addresses.ts";
import type { Resolve } from "./in-turns.ts";
import { Refusal, unreachable } from "./refusal.ts";
import { grantFor, type Target } from "./target.ts";

/** Waiting for a turn included. */
const RESOLVE_LIMIT_MS = 10_000;
const CONNECT_LIMIT_MS = 5_000;
const ADDRESSES_TRIED = 4;

export interface Outside {
  /** All addresses of a name, as this machine resolves names. */
  resolve: Resolve;
  /** Begins to connect to an address. */
  connect(address: string, port: number): Socket;
  /** The addresses of this machine. */
  ownAddresses(): string[];
  clock: Clock;
}

/** Resolves with a connected socket; rejects with `Refusal`. */
export async function reach(
  target: Target,
  grants: readonly HostGrant[],
  outside: Outside,
): Promise<Socket> {
  const grant = grantFor(grants, target);
  const addresses = await resolve(target.host, outside);
  const own = outside.ownAddresses();
  for (const address of addresses) permit(address, grant, own);
  let failed = unreachable("it has no address");
  for (const address of addresses.slice(0, ADDRESSES_TRIED)) {
    try {
      return await connect(address, target.port, outside);
    } catch (error) {
      failed = unreachable(`no connection to ${address}: ${(error as Error).message}`);
    }
  }
  throw failed;
}

async function resolve(host: string, outside: Outside): Promise<string[]> {
  const over = new AbortController();
  const late = outside.clock.sleep(RESOLVE_LIMIT_MS, over.signal).then(() => {
    throw new Error(`no answer in ${RESOLVE_LIMIT_MS / 1000} s`);
  });
  try {
    const found = await Promise.race([outside.resolve(host, over.signal), late]);
    return found.map(({ address }) => address);
  } catch (error) {
    throw unreachable(`its name could not be resolved: ${(error as Error).message}`);
  } finally {
    over.abort();
    late.catch(() => {});
  }
}

function permit(address: string, grant: HostGrant, own: readonly string[]): void {
  const verdict = judgeAddress(address, own);
  if (verdict.reach === "public" || (verdict.reach === "private" && grant.inside)) return;
  const how = verdict.reach === "private" ? ", which only an admin can allow" : "";
  throw new Refusal("not_allowed", `it has the address ${address}, ${verdict.what}${how}`);
}

function connect(address: string, port: number, { connect, clock }: Outside): Promise<Socket> {
  const socket = connect(address, port);
  return new Promise((done, reject) => {
    const stopWaiting = clock.after(CONNECT_LIMIT_MS, () =>
      socket.destroy(new Error(`no answer in ${CONNECT_LIMIT_MS / 1000} s`)),
    );
    socket.once("close", () => reject(new Error("it was closed"))).once("error", reject);
    socket.once("connect", () => {
      stopWaiting();
      done(socket);
    });
    socket.once("close", stopWaiting);
  });
}
