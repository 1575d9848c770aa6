/** The server's end of the link: one socket, numbered requests, replies in any order. */
import { connect, type Socket } from "node:net";
import type { Clock } from "@mainstay/sdk/clock";
import { z } from "zod";
import { CommandEnd, CommandState, RunAnswer } from "./command.ts";
import { ExecutorGone, ExecutorRefused } from "./errors.ts";
import { newNonce, proof, sameProof } from "./handshake.ts";
import { readLines, sendLine } from "./lines.ts";
import {
  FromExecutor,
  HANDSHAKE_MS,
  Hello,
  PROTOCOL,
  SandboxReport,
  Welcome,
  type Ask,
  type WorkspaceRegistration,
} from "./protocol.ts";
import type { Ticket } from "./ticket.ts";

const PENDING_LIMIT = 10_000;

/** Every call rejects with `ExecutorGone` once the link has dropped. */
export interface ExecutorLink {
  readonly pid: number;
  /** Idempotent. Rejects with `ExecutorRefused` (`home_folder`, `not_canonical`, …). */
  registerWorkspace(workspace: WorkspaceRegistration): Promise<void>;
  /** Resolves once the command was let go, was refused, or is known to have ended. */
  run(ticket: Ticket): Promise<RunAnswer>;
  state(command_id: string): Promise<CommandState>;
  /** Rejects with `ExecutorRefused` (`unknown_command`) for one that never started. */
  wait(command_id: string): Promise<CommandEnd>;
  /** Kills the whole tree; the end says so. Nothing happens to one that does not run. */
  cancel(command_id: string): Promise<void>;
  /** The server has the end: the output is forgotten, the markers stay. */
  ack(command_id: string): Promise<void>;
  /** Live text, best effort; returns the function that stops it. */
  onOutput(listener: (command_id: string, text: string) => void): () => void;
  selfTest(): Promise<SandboxReport>;
  /** Ends all commands and the executor. Idempotent. */
  close(): Promise<void>;
  /** Resolves when the link has dropped, for whatever reason. */
  readonly closed: Promise<void>;
}

export interface Dial {
  address: string;
  link_key: Uint8Array;
  epoch: number;
  clock: Clock;
}

/**
 * Null where nobody listens (yet). Rejects with `ExecutorRefused`: `stale_epoch` when a newer
 * server holds the executor, `protocol`, `bad_mac`, `impostor` when the peer has no key.
 */
export async function dial({
  address,
  link_key,
  epoch,
  clock,
}: Dial): Promise<ExecutorLink | null> {
  const socket = connect(address);
  const stopTimer = clock.after(HANDSHAKE_MS, () => socket.destroy());
  try {
    return await shakeHands(socket, link_key, epoch);
  } finally {
    stopTimer();
  }
}

function shakeHands(socket: Socket, key: Uint8Array, epoch: number): Promise<ExecutorLink | null> {
  return new Promise((resolve, reject) => {
    const server_nonce = newNonce();
    const fail = (code: string) => {
      reject(new ExecutorRefused(code, `the executor does not take this link: ${code}`));
      socket.destroy();
    };
    socket.on("error", () => {}); // its close is what matters
    socket.once("close", () => resolve(null));
    let receive = (message: unknown) => {
      const { protocol, nonce, pid } = Hello.parse(message);
      const terms = { protocol: PROTOCOL, epoch, executor_nonce: nonce, server_nonce };
      if (protocol !== PROTOCOL) return fail("protocol");
      const mac = proof(key, "server", terms);
      sendLine(socket, { protocol: PROTOCOL, nonce: server_nonce, epoch, mac });
      receive = (answer) => {
        const welcome = Welcome.parse(answer);
        if ("refused" in welcome) {
          return welcome.refused === "stopping" ? socket.destroy() : fail(welcome.refused);
        }
        if (!sameProof(welcome.mac, proof(key, "executor", terms))) return fail("impostor");
        const opened = openLink(socket, pid);
        receive = opened.receive;
        resolve(opened.link);
      };
    };
    readLines(socket, (message) => receive(message));
  });
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

function openLink(socket: Socket, pid: number) {
  const pending = new Map<number, Pending>();
  const listeners = new Set<(command_id: string, text: string) => void>();
  const closed = Promise.withResolvers<void>();
  let last_id = 0;
  let closing: Promise<void> | null = null;

  socket.once("close", () => {
    for (const { reject } of pending.values()) reject(gone());
    pending.clear();
    closed.resolve();
  });

  function receive(message: unknown): void {
    const said = FromExecutor.parse(message);
    if ("event" in said) {
      for (const listener of listeners) listener(said.command_id, said.text);
      return;
    }
    const asked = pending.get(said.re);
    pending.delete(said.re);
    if (said.ok) asked?.resolve(said.value);
    else asked?.reject(new ExecutorRefused(said.code, said.message));
  }

  async function ask<Value>(request: Ask, value: z.ZodType<Value>): Promise<Value> {
    if (!socket.writable) throw gone();
    if (pending.size >= PENDING_LIMIT) throw new ExecutorRefused("too_many", "too many requests");
    const id = ++last_id;
    const replied = new Promise((resolve, reject) => pending.set(id, { resolve, reject }));
    sendLine(socket, { ...request, id });
    return value.parse(await replied);
  }

  const link: ExecutorLink = {
    pid,
    closed: closed.promise,
    registerWorkspace: (workspace) => ask({ op: "register_workspace", workspace }, nothing),
    run: (ticket) => ask({ op: "run", ticket }, RunAnswer),
    state: (command_id) => ask({ op: "state", command_id }, CommandState),
    wait: (command_id) => ask({ op: "wait", command_id }, CommandEnd),
    cancel: (command_id) => ask({ op: "cancel", command_id }, nothing),
    ack: (command_id) => ask({ op: "ack", command_id }, nothing),
    selfTest: () => ask({ op: "self_test" }, SandboxReport),
    onOutput(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closing ??= ask({ op: "close" }, nothing)
        .catch((error: unknown) => {
          if (!(error instanceof ExecutorGone)) throw error;
        })
        .then(() => closed.promise);
      return closing;
    },
  };
  return { link, receive };
}

const nothing = z.null().transform(() => undefined);

function gone(): ExecutorGone {
  return new ExecutorGone("the link to the executor has dropped");
}
