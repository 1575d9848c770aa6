/** The server's end of an open link: one socket, numbered requests, replies in any order. */
import type { Socket } from "node:net";
import { z } from "zod";
import { ChainRecord } from "./chain-record.ts";
import { CommandEnd, CommandState, RunAnswer } from "./command.ts";
import { ExecutorGone, ExecutorRefused } from "./errors.ts";
import { sendLine } from "./lines.ts";
import {
  FromExecutor,
  LogPiece,
  OutputPiece,
  SandboxReport,
  Usage,
  type Ask,
  type WorkspaceRegistration,
} from "./protocol.ts";
import type { Ticket } from "./ticket.ts";

const PENDING_LIMIT = 10_000;

/** `offset` counts UTF-16 units of decoded output since the command began. */
export type OutputListener = (command_id: string, offset: number, text: string) => void;

/** Every call rejects with `ExecutorGone` once the link has dropped. */
export interface ExecutorLink {
  readonly pid: number;
  /** Idempotent. Rejects with `ExecutorRefused` (`home_folder`, `not_canonical`, …). */
  registerWorkspace(workspace: WorkspaceRegistration): Promise<void>;
  /** A folder that a plan may open for its command, to be read. As `registerWorkspace`. */
  registerOpening(folder: WorkspaceRegistration): Promise<void>;
  /**
   * Resolves once the command was let go, was refused, or is known to have ended. `stopping` is the
   * refusal of an executor that is going: nothing was burned, the next one takes the same ticket.
   */
  run(ticket: Ticket): Promise<RunAnswer>;
  state(command_id: string): Promise<CommandState>;
  /** Rejects with `ExecutorRefused` (`unknown_command`) for one that never started. */
  wait(command_id: string): Promise<CommandEnd>;
  /** Kills the whole tree; the end says so. Nothing happens to one that does not run. */
  cancel(command_id: string): Promise<void>;
  /**
   * A new time limit for a running command, counted from its beginning (milliseconds); resolves with
   * the limit that holds, null for a command that does not run.
   */
  extend(command_id: string, wall_ms: number): Promise<number | null>;
  /** The server has the end: the output is forgotten, the markers stay. */
  ack(command_id: string): Promise<void>;
  /** Live text, best effort: offsets tell of gaps. Returns the function that stops it. */
  onOutput(listener: OutputListener): () => void;
  /**
   * The kept tail (≤ 64 KiB) of a running command's output, null for one that does not run. Live
   * text goes on where it ends; pieces that were heard before this resolves may lie in it.
   */
  output(command_id: string): Promise<OutputPiece | null>;
  /**
   * Raw output from byte `from` of the command's log, at most `limit_bytes` (≤ 256 KiB) of it; null
   * for a command that never ran. A log holds the first 64 MiB; those of ended commands go with age,
   * or when all come to more than 1 GiB, the oldest first.
   */
  readLog(command_id: string, from: number, limit_bytes: number): Promise<LogPiece | null>;
  usage(): Promise<Usage>;
  /**
   * The executor's own record of what it did, after record `after` (0 for all), the oldest first;
   * `limit` ≤ 1000. An anchor stands for what was dropped with age. Everything told is durable.
   */
  chain(after: number, limit: number): Promise<ChainRecord[]>;
  /** `deep`: also what takes seconds. Its walls are tried at every start anyway. */
  selfTest(how?: { deep: boolean }): Promise<SandboxReport>;
  /**
   * Ends all commands and the executor. Idempotent. Rejects with `ExecutorUnreachable` where its
   * process does not end in bounded time; the link is given up then.
   */
  close(): Promise<void>;
  /** Gives the link up; commands run on for the next server. Idempotent. */
  leave(): Promise<void>;
  /** Resolves when the link has dropped, for whatever reason. */
  readonly closed: Promise<void>;
}

export interface OpenLink extends ExecutorLink {
  /** The executor goes as soon as no command runs; resolves with how many do. */
  retireWhenIdle(): Promise<number>;
}

type LivePiece = Extract<FromExecutor, { event: "output" }>;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export function openLink(socket: Socket, pid: number, log: (text: string) => void) {
  const pending = new Map<number, Pending>();
  const listeners = new Set<OutputListener>();
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
      for (const listener of listeners) tell(listener, said);
      return;
    }
    const asked = pending.get(said.re);
    pending.delete(said.re);
    if (said.ok) asked?.resolve(said.value);
    else asked?.reject(new ExecutorRefused(said.code, said.message));
  }

  /** What a listener throws is its own fault: the link and the other listeners stay. */
  function tell(listener: OutputListener, { command_id, offset, text }: LivePiece): void {
    try {
      listener(command_id, offset, text);
    } catch (error) {
      log(`live output of ${command_id} was not taken: ${(error as Error).message}`);
    }
  }

  async function ask<Value>(request: Ask, value: z.ZodType<Value>): Promise<Value> {
    if (!socket.writable) throw gone();
    if (pending.size >= PENDING_LIMIT) throw new ExecutorRefused("too_many", "too many requests");
    const id = ++last_id;
    const replied = new Promise((resolve, reject) => pending.set(id, { resolve, reject }));
    sendLine(socket, { ...request, id });
    return value.parse(await replied);
  }

  const link: OpenLink = {
    pid,
    closed: closed.promise,
    registerWorkspace: (workspace) => ask({ op: "register_workspace", workspace }, nothing),
    registerOpening: (folder) => ask({ op: "register_opening", folder }, nothing),
    run: (ticket) => ask({ op: "run", ticket }, RunAnswer),
    state: (command_id) => ask({ op: "state", command_id }, CommandState),
    wait: (command_id) => ask({ op: "wait", command_id }, CommandEnd),
    cancel: (command_id) => ask({ op: "cancel", command_id }, nothing),
    extend: (command_id, wall_ms) => ask({ op: "extend", command_id, wall_ms }, z.int().nullable()),
    ack: (command_id) => ask({ op: "ack", command_id }, nothing),
    output: (command_id) => ask({ op: "output", command_id }, OutputPiece.nullable()),
    readLog: (command_id, from, limit_bytes) =>
      ask({ op: "read_log", command_id, from, limit_bytes }, LogPiece.nullable()),
    usage: () => ask({ op: "usage" }, Usage),
    chain: (after, limit) => ask({ op: "chain", after, limit }, z.array(ChainRecord)),
    selfTest: ({ deep } = { deep: false }) => ask({ op: "self_test", deep }, SandboxReport),
    retireWhenIdle: () => ask({ op: "retire_when_idle" }, z.int()),
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
    leave() {
      socket.destroy();
      return closed.promise;
    },
  };
  return { link, receive };
}

const nothing = z.null().transform(() => undefined);

function gone(): ExecutorGone {
  return new ExecutorGone("the link to the executor has dropped");
}
