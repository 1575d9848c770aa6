/**
 * The executor's end of the link.
 *
 * 1. Nothing is read as a request before the peer has proved that it holds the link key.
 * 2. One link is the holder. A higher epoch takes its place; an equal or lower one is turned away.
 * 3. A link that lost its place, or closed, begins nothing any more.
 */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { Clock } from "@mainstay/sdk/clock";
import { newNonce, proof, sameProof } from "./handshake.ts";
import { readLines, sendLine } from "./lines.ts";
import { Claim, HANDSHAKE_MS, PROTOCOL, Request, type Welcome } from "./protocol.ts";

const CONNECTION_LIMIT = 16;
/** How long `close` waits for answers that are still being made. */
const LAST_ANSWERS_MS = 1_000;
/** What live output may pile up for a slow server before it is dropped. */
const LIVE_BACKLOG_BYTES = 1 << 20;

export interface ListenerParts {
  folder: { path: string; socket_address: string };
  link_key: Uint8Array;
  pid: number;
  clock: Clock;
  /** Resolves with the reply's value; rejects with an error whose `code` goes to the peer. */
  answer(request: Request, holder: AbortSignal): Promise<unknown>;
  /** The holder closed, or was displaced by a higher epoch that holds the link now. */
  onHolderGone(cause: "closed" | "displaced"): void;
}

export interface Listener {
  /** Best effort: dropped, with a note of how much, while the holder does not keep up. */
  sendOutput(command_id: string, text: string): void;
  isHeld(): boolean;
  /** Lets nothing begin any more; what is pending may still be answered until `close`. */
  retire(): void;
  close(): Promise<void>;
}

interface Holder {
  socket: Socket;
  epoch: number;
  controller: AbortController;
  dropped_bytes: number;
}

export async function listen(parts: ListenerParts): Promise<Listener> {
  let holder: Holder | null = null;
  let closing = false;
  let last_epoch = -1;
  const connected = new Set<Socket>();
  const serving = new Set<Promise<void>>();

  const server = createServer((socket) => {
    connected.add(socket);
    socket.on("error", () => {}); // its close is what matters
    socket.once("close", () => connected.delete(socket));
    greet(socket, parts, judge, (epoch) => take(socket, epoch));
  });
  server.maxConnections = CONNECTION_LIMIT;

  function judge(epoch: number): "stale_epoch" | "stopping" | null {
    if (closing) return "stopping";
    return epoch <= last_epoch ? "stale_epoch" : null;
  }

  function take(socket: Socket, epoch: number): (message: unknown) => void {
    const displaced = holder;
    const taken = { socket, epoch, controller: new AbortController(), dropped_bytes: 0 };
    holder = taken;
    last_epoch = epoch;
    if (displaced !== null) {
      displaced.controller.abort();
      displaced.socket.destroy();
      parts.onHolderGone("displaced");
    }
    socket.once("close", () => {
      taken.controller.abort();
      if (holder !== taken) return;
      holder = null;
      parts.onHolderGone("closed");
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
    sendOutput(command_id, text) {
      if (holder === null) return;
      if (holder.socket.writableLength > LIVE_BACKLOG_BYTES) {
        holder.dropped_bytes += Buffer.byteLength(text);
        return;
      }
      const gap = holder.dropped_bytes > 0 ? `\n[${holder.dropped_bytes} bytes not shown]\n` : "";
      holder.dropped_bytes = 0;
      sendLine(holder.socket, { event: "output", command_id, text: gap + text });
    },
    isHeld: () => holder !== null,
    retire() {
      closing = true;
      holder?.controller.abort();
    },
    async close() {
      await Promise.race([Promise.all(serving), parts.clock.sleep(LAST_ANSWERS_MS)]);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of connected) socket.destroySoon();
      });
    },
  };
}

/** Says hello, judges the claim, and hands the proven link's lines to what `admit` returns. */
function greet(
  socket: Socket,
  { link_key, pid, clock }: ListenerParts,
  judge: (epoch: number) => "stale_epoch" | "stopping" | null,
  admit: (epoch: number) => (message: unknown) => void,
): void {
  const executor_nonce = newNonce();
  const stopTimer = clock.after(HANDSHAKE_MS, () => socket.destroy());
  socket.once("close", stopTimer);
  const turnAway = (refused: Extract<Welcome, { refused: string }>["refused"]) => {
    sendLine(socket, { refused });
    socket.end();
  };
  let receive = (message: unknown) => {
    const { protocol, nonce, epoch, mac } = Claim.parse(message);
    stopTimer();
    const terms = { protocol, epoch, executor_nonce, server_nonce: nonce };
    receive = () => {};
    if (!sameProof(mac, proof(link_key, "server", terms))) return turnAway("bad_mac");
    if (protocol !== PROTOCOL) return turnAway("protocol");
    const refused = judge(epoch);
    if (refused !== null) return turnAway(refused);
    sendLine(socket, { mac: proof(link_key, "executor", terms) });
    receive = admit(epoch);
  };
  readLines(socket, (message) => receive(message));
  sendLine(socket, { protocol: PROTOCOL, nonce: executor_nonce, pid });
}
