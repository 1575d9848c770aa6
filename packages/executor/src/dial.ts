/** The server's side of the envelope: from an address to an open link, or to what is there instead. */
import { connect, type Socket } from "node:net";
import type { Clock } from "@mainstay/sdk/clock";
import {
  HANDSHAKE_MS,
  Hello,
  newNonce,
  proof,
  type Purpose,
  sameProof,
  type Terms,
  Welcome,
} from "./envelope.ts";
import { ExecutorRefused } from "./errors.ts";
import { readLines, sendLine } from "./lines.ts";
import { type OpenLink, openLink } from "./link.ts";
import { PROTOCOL } from "./protocol.ts";

/** Executors of earlier protocols take no orders; they end with their server. */
const FIRST_OF_ENVELOPE = 3;
/** What `connect` and a link say where nobody listens, or nobody any more. */
const NOBODY = ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"];

export interface Dial {
  address: string;
  link_key: Uint8Array;
  epoch: number;
  /** That of an executor with a sandbox where none is named. */
  protocol?: number;
  clock: Clock;
  log(text: string): void;
}

export type Dialled =
  /** Nobody listens (yet). */
  | { state: "absent" }
  /** Somebody listens, and does not answer as an executor does, or not in time. */
  | { state: "silent"; why: string }
  /** It takes no holder any more and goes after its last command. */
  | { state: "leaving"; pid: number; protocol: number; running: number }
  | { state: "open"; link: OpenLink; build: string };

/**
 * Takes the link; an executor of another protocol is told to retire instead.
 *
 * Rejects with `ExecutorRefused`: `stale_epoch` when a newer server holds the executor, `bad_mac`
 * when it has another key, `impostor` when the peer has none.
 */
export function dial(parts: Dial): Promise<Dialled> {
  const { protocol: ours = PROTOCOL } = parts;
  return call(parts, ({ protocol }) => (protocol === ours ? "hold" : "retire"));
}

/** Kills all commands and ends the executor, of whatever protocol it is. Rejects like `dial`. */
export function dialToEnd(parts: Omit<Dial, "log" | "protocol">): Promise<Dialled> {
  // An order opens no link that could say anything, and means the same in any protocol.
  return call({ ...parts, log: () => {} }, () => "end");
}

async function call(parts: Dial, choose: (hello: Hello) => Purpose): Promise<Dialled> {
  const socket = connect(parts.address);
  const stopTimer = parts.clock.after(HANDSHAKE_MS, () => {
    socket.destroy(new Error(`it said nothing for ${HANDSHAKE_MS / 1_000} s`));
  });
  try {
    return await shakeHands(socket, parts, choose);
  } finally {
    stopTimer();
  }
}

type Hello = ReturnType<typeof Hello.parse>;

function shakeHands(
  socket: Socket,
  { link_key, epoch, protocol = PROTOCOL, log }: Dial,
  choose: (hello: Hello) => Purpose,
): Promise<Dialled> {
  const { promise, resolve, reject } = Promise.withResolvers<Dialled>();
  const server_nonce = newNonce();
  let failed: NodeJS.ErrnoException | null = null;
  socket.on("error", (error) => (failed = error));
  socket.once("close", () => resolve(notFound(failed)));
  let receive = claim;
  readLines(socket, (message) => receive(message));
  return promise;

  function claim(message: unknown): void {
    const hello = Hello.parse(message);
    const purpose = choose(hello);
    const terms = { protocol, epoch, purpose, executor_nonce: hello.nonce, server_nonce };
    const mac = proof(link_key, "server", terms);
    sendLine(socket, { protocol, nonce: server_nonce, epoch, purpose, mac });
    receive = (answer) => settle(hello, terms, Welcome.parse(answer));
  }

  function settle({ protocol: theirs, pid, build }: Hello, terms: Terms, welcome: Welcome): void {
    const leaving = { state: "leaving", pid, protocol: theirs, running: welcome.running } as const;
    if ("refused" in welcome) {
      const goes = welcome.refused === "stopping" || theirs < FIRST_OF_ENVELOPE;
      return goes ? hangUp(leaving) : turnAway(welcome.refused);
    }
    if (!sameProof(welcome.mac, proof(link_key, "executor", terms))) return turnAway("impostor");
    if (terms.purpose !== "hold") return hangUp(leaving);
    const opened = openLink(socket, pid, log);
    receive = opened.receive;
    resolve({ state: "open", link: opened.link, build });
  }

  function hangUp(found: Dialled): void {
    resolve(found);
    socket.destroy();
  }

  function turnAway(code: string): void {
    reject(new ExecutorRefused(code, `the executor does not take this link: ${code}`));
    socket.destroy();
  }
}

function notFound(failed: NodeJS.ErrnoException | null): Dialled {
  if (failed === null || NOBODY.includes(failed.code ?? "")) return { state: "absent" };
  return { state: "silent", why: failed.message };
}
