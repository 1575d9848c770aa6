/** The process of one sandbox and its five descriptors: input, output, complaints, gate, info. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Duplex, Readable } from "node:stream";

/** What a sandbox says before its command begins is short. */
const SAID_LIMIT_BYTES = 4_096;

/** A sandbox ready to be spawned. */
export interface Launch {
  program: string;
  argv: string[];
  /** The ids that the program is started with; null keeps the executor's own. */
  ids: { uid: number; gid: number } | null;
  stdin: string | null;
  wall_ms: number;
  output_bytes: number;
}

export type Exit = { code: number | null; signal: string | null } | { spawn_error: string };

export interface SpawnedSandbox {
  child: ChildProcess;
  exit: Promise<Exit>;
  output: Readable;
  gate: Duplex;
  /** Settle with what arrived when their stream ends. */
  ready: Promise<string>;
  info: Promise<string>;
  complaint(): string;
}

export function spawnSandbox({
  program,
  argv,
  ids,
  stdin,
}: Launch): SpawnedSandbox | { failed: string } {
  try {
    const child = spawn(program, argv, {
      ...ids,
      env: {},
      cwd: "/",
      stdio: [stdin === null ? "ignore" : "pipe", "pipe", "pipe", "pipe", "pipe"],
    });
    const [input, output, errors, gate, info] = child.stdio as unknown as Duplex[];
    for (const stream of child.stdio) stream?.on("error", () => {}); // EPIPE: it went away first
    input?.end(stdin);
    const complaint = gather(errors!, SAID_LIMIT_BYTES, () => false);
    return {
      child,
      exit: exitOf(child),
      output: output!,
      gate: gate!,
      ready: gather(gate!, SAID_LIMIT_BYTES, (text) => text.includes("\n")).settled,
      info: gather(info!, SAID_LIMIT_BYTES, (text) => text.includes("}")).settled,
      complaint: () => complaint.text().trim(),
    };
  } catch (error) {
    return { failed: `${program} could not be started: ${(error as Error).message}` };
  }
}

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
