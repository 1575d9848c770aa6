/** The process of one sandbox and its descriptors: input, output, complaints, gate, info, filter. */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Duplex, Readable } from "node:stream";
import { openOutputPipe, type OutputPipe } from "./output-pipe.ts";
import { openFifo } from "./sandbox/fifos.ts";

/** What a sandbox says before its command begins is short. */
const SAID_LIMIT_BYTES = 4_096;

/** A sandbox ready to be spawned. */
export interface Launch {
  program: string;
  argv: string[];
  /** Open descriptors, for the program to have as 6 and up. */
  inherited: number[];
  /** What the program reads, each to its end, from the descriptors after those. */
  data: Buffer[];
  stdin: string | null;
  /** Becomes the output's pipe and loses its name. */
  output_fifo: string;
  /** An encoded seccomp program. */
  filter_path: string;
  wall_ms: number;
}

export type Exit = { code: number | null; signal: string | null } | { spawn_error: string };

export interface SpawnedSandbox {
  child: ChildProcess;
  exit: Promise<Exit>;
  output: OutputPipe;
  gate: Duplex;
  /** Settle with what arrived when their stream ends. */
  ready: Promise<string>;
  info: Promise<string>;
  complaint(): string;
}

export function spawnSandbox(launch: Launch): SpawnedSandbox | { failed: string } {
  const passed: number[] = [];
  let output: OutputPipe | null = null;
  try {
    const { reader, writer } = openFifo(launch.output_fifo);
    passed.push(writer);
    output = openOutputPipe(reader);
    const filter = openSync(launch.filter_path, "r"); // bubblewrap reads on from where it stands
    passed.push(filter);
    const input = launch.stdin === null ? "ignore" : "pipe";
    const child = spawn(launch.program, launch.argv, {
      env: {},
      cwd: "/",
      stdio: [
        ...[input, writer, "pipe", "pipe", "pipe", filter, ...launch.inherited],
        ...launch.data.map(() => "pipe" as const),
      ] as StdioOptions,
    });
    return follow(child, output, launch);
  } catch (error) {
    output?.close();
    return { failed: `${launch.program} could not be started: ${(error as Error).message}` };
  } finally {
    for (const descriptor of passed) closeSync(descriptor);
  }
}

function follow(child: ChildProcess, output: OutputPipe, { stdin, data }: Launch): SpawnedSandbox {
  const exit = exitOf(child); // before anything can throw: an `error` that nobody hears ends us
  if (!hasStreams(child)) throw new Error("there are no descriptors left (EMFILE, ENFILE)");
  const [input, , errors, gate, info] = child.stdio as unknown as Duplex[];
  // EPIPE: it went away first.
  for (const stream of child.stdio) stream?.on("error", () => {});
  input?.end(stdin);
  const channels = child.stdio.slice(child.stdio.length - data.length) as unknown as Duplex[];
  data.forEach((bytes, index) => channels[index]!.resume().end(bytes));
  const complaint = gather(errors!, SAID_LIMIT_BYTES, () => false);
  return {
    child,
    exit,
    output,
    gate: gate!,
    ready: gather(gate!, SAID_LIMIT_BYTES, (text) => text.includes("\n")).settled,
    info: gather(info!, SAID_LIMIT_BYTES, (text) => text.includes("}")).settled,
    complaint: () => complaint.text().trim(),
  };
}

/** Node makes none, whatever its types say, for a process that it had no descriptors for. */
const hasStreams = ({ stdio }: { stdio?: unknown }): boolean => stdio !== undefined;

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ spawn_error: error.message }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

/** Collects text until `isEnough` or the stream ends; drops what exceeds the limit. */
function gather(stream: Readable, limit_bytes: number, isEnough: (text: string) => boolean) {
  let text = "";
  const settled = Promise.withResolvers<string>();
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text = (text + chunk).slice(0, limit_bytes);
    if (isEnough(text)) settled.resolve(text);
  });
  stream.once("close", () => settled.resolve(text));
  return { text: () => text, settled: settled.promise };
}

/** Why it went away before its gate was opened. */
export async function causeOfDeath({ exit, complaint }: SpawnedSandbox): Promise<string> {
  const how = await exit;
  if ("spawn_error" in how) return `the sandbox could not be started: ${how.spawn_error}`;
  return `the sandbox could not be set up (exit ${how.code ?? how.signal}): ${complaint()}`;
}
