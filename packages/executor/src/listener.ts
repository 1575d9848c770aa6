/**
 * The executor's end of the link.
 *
 * 1. Nothing is read as a request before the peer has proved that it holds the link key.
 * 2. One link is the holder. A higher epoch takes its place; an equal one is turned away while it is
 *    held, and is a server that lost its link otherwise; a lower one is turned away.
 * 3. A link that lost its place, or closed, begins nothing any more. What it began runs on.
 * 4. An order to go is obeyed whatever protocol the peer speaks, unless its epoch is lower.
 */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { Clock } from "@mainstay/sdk/clock";
import {
  Claim,
  HANDSHAKE_MS,
  newNonce,
  proof,
  type Purpose,
  type Refusal,
  sameProof,
} from "./envelope.ts";
import { readLines, sendLine } from "./lines.ts";
import { PROTOCOL, Request } from "./protocol.ts";

const CONNECTION_LIMIT = 16;
/** How long `close` waits for answers that are still being made, and again for peers to take them. */
const LAST_ANSWERS_MS = 1_000;
/** What live output may pile up for a slow server before it is dropped. */
const LIVE_BACKLOG_BYTES = 1 << 20;

export interface ListenerParts {
  folder: { path: string; socket_address: string };
  link_key: Uint8Array;
  pid: number;
  /** That of an executor with a sandbox where none is named. */
  protocol?: number;
  build: string;
  clock: Clock;
  /** Commands that have not ended. */
  running(): number;
  /** Resolves with the reply's value; rejects with an error whose `code` goes to the peer. */
  answer(request: Request, holder: AbortSignal): Promise<unknown>;
  /** There is a holder now that was none, or the other way round. */
  onHeldChanged(): void;
  onOrder(order: Exclude<Purpose, "hold">): void;
}

export interface Listener {
  /** Best effort: dropped while the holder does not keep up; the next offset tells of the gap. */
  sendOutput(command_id: string, offset: number, text: string): void;
  isHeld(): boolean;
  /** Lets nothing begin any more; the holder still gets answers until `close`. */
  stopBeginning(): void;
  close(): Promise<void>;
}

interface Holder {
  socket: Socket;
  controller: AbortController;
}

export async function listen(parts: ListenerParts): Promise<Listener> {
  let holder: Holder | null = null;
  let begins = true;
  let last_epoch = -1;
  const connected = new Set<Socket>();
  const serving = new Set<Promise<void>>();

  const server = createServer((socket) => {
    connected.add(socket);
    socket.on("error", () => {}); // its close is what matters
    socket.once("close", () => connected.delete(socket));
    greet(socket, parts, { judge, take, obey });
  });
  server.maxConnections = CONNECTION_LIMIT;

  function judge({ protocol, purpose, epoch }: Claim): Refusal | null {
    if (purpose !== "hold") return epoch < last_epoch ? "stale_epoch" : null;
    if (protocol !== (parts.protocol ?? PROTOCOL)) return "protocol";
    if (!begins) return "stopping";
    const is_stale = holder === null ? epoch < last_epoch : epoch <= last_epoch;
    return is_stale ? "stale_epoch" : null;
  }

  function obey(order: Exclude<Purpose, "hold">, epoch: number): void {
    last_epoch = epoch;
    parts.onOrder(order);
  }

  function take(socket: Socket, epoch: number): (message: unknown) => void {
    const taken = { socket, controller: new AbortController() };
    holder?.controller.abort();
    holder?.socket.destroy();
    holder = taken;
    last_epoch = epoch;
    parts.onHeldChanged();
    socket.once("close", () => {
      taken.controller.abort();
      if (holder !== taken) return;
      holder = null;
      parts.onHeldChanged();
    });
    return (message) => {
      const served = serve(socket, Request.parse(message), taken.controller.signal);
      serving.add(served);
      void served.then(() => serving.delete(served));
    };
  }

  async function serve(socket: Socket, request: Request, signal: AbortSignal): Promise<void> {
    try {
      const value = await parts.answer(request, signal);
      sendLine(socket, { re: request.id, ok: true, value: value ?? null });
    } catch (error) {
      const { code = "internal", message } = error as NodeJS.ErrnoException;
      sendLine(socket, { re: request.id, ok: false, code, message });
    }
  }

  const socket_path = `${parts.folder.path}/executor.sock`;
  rmSync(socket_path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(parts.folder.socket_address, resolve);
  });
  chmodSync(socket_path, 0o600);

  return {
    sendOutput(command_id, offset, text) {
      if (holder === null || holder.socket.writableLength > LIVE_BACKLOG_BYTES) return;
      sendLine(holder.socket, { event: "output", command_id, offset, text });
    },
    isHeld: () => holder !== null,
    stopBeginning() {
      begins = false;
      holder?.controller.abort();
    },
    async close() {
      await Promise.race([Promise.all(serving), parts.clock.sleep(LAST_ANSWERS_MS)]);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of connected) socket.destroySoon();
      const stopTimer = parts.clock.after(LAST_ANSWERS_MS, () => {
        for (const socket of connected) socket.destroy();
      });
      await closed;
      stopTimer();
    },
  };
}

interface Reception {
  judge(claim: Claim): Refusal | null;
  /** Returns what receives the new holder's lines. */
  take(socket: Socket, epoch: number): (message: unknown) => void;
  obey(order: Exclude<Purpose, "hold">, epoch: number): void;
}

/** Says hello, judges the claim, and lets the proven peer in or does what it orders. */
function greet(socket: Socket, parts: ListenerParts, { judge, take, obey }: Reception): void {
  const { link_key, pid, protocol = PROTOCOL, build, clock } = parts;
  const executor_nonce = newNonce();
  const stopTimer = clock.after(HANDSHAKE_MS, () => socket.destroy());
  socket.once("close", stopTimer);
  const turnAway = (refused: Refusal) => {
    sendLine(socket, { refused, running: parts.running() });
    socket.end();
  };
  let receive = (message: unknown) => {
    const claim = Claim.parse(message);
    const { purpose, epoch } = claim;
    stopTimer();
    const terms = { ...claim, executor_nonce, server_nonce: claim.nonce };
    receive = () => {};
    if (!sameProof(claim.mac, proof(link_key, "server", terms))) return turnAway("bad_mac");
    const refused = judge(claim);
    if (refused !== null) return turnAway(refused);
    const mac = proof(link_key, "executor", terms);
    sendLine(socket, { mac, running: parts.running() });
    if (purpose === "hold") return void (receive = take(socket, epoch));
    socket.end();
    obey(purpose, epoch);
  };
  readLines(socket, (message) => receive(message));
  sendLine(socket, { protocol, nonce: executor_nonce, pid, build });
}
