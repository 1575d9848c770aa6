import type { CommandEnd } from "@mainstay/executor/command";
import { z } from "zod";
import type { Execution } from "../execution/execution.ts";
import type { Files } from "../files/files.ts";
import { messageOf, Paused } from "../kernel/errors.ts";
import { oneLine } from "./one-line.ts";
import { nobody, type Prepared, type Scene, type Tool, type ToolEnd } from "./tool.ts";

const WALL_MS = 20_000;
const MATCHES = 200;
const LINE_CHARS = 300;
const NO_MATCH_EXIT = 1;

const Input = z.strictObject({
  pattern: z.string().min(1).max(1_000).describe("regular expression (ripgrep syntax)"),
  path: z.string().max(4096).optional().describe("folder or file to search in"),
  glob: z.string().max(200).optional().describe("only files like this, e.g. *.ts"),
});
type Input = z.infer<typeof Input>;

interface SearchParts {
  readonly execution: Execution;
  readonly files: Files;
}

/** Ripgrep inside the sandbox; where that cannot run or may not, a bounded search of our own. */
export function searchTool({ execution, files }: SearchParts): Tool<Input> {
  return {
    name: "search",
    description: "Find lines that match a pattern in the workspace's files.",
    input: Input,
    describe: ({ pattern, path }) => `search for ${oneLine(pattern)} in ${path ?? "the workspace"}`,

    async prepare(input, scene): Promise<Prepared> {
      return {
        kind: "ready",
        effect: { kind: "none" },
        execute: async (signal) =>
          (await inSandbox(input, scene, signal)) ?? inProcess(input, scene, signal),
      };
    },

    recover: async () => ({ kind: "never_started" }),
  };

  /** Null when the sandbox could not run it, or commands are paused. */
  async function inSandbox(
    input: Input,
    scene: Scene,
    signal: AbortSignal,
  ): Promise<ToolEnd | null> {
    const planned = await execution.plan({
      ...scene,
      run: { kind: "argv", argv: ripgrepArgv(input) },
      profile: "search",
      opens: null,
      wall_ms: WALL_MS,
      background: false,
    });
    if (planned.kind !== "ready") return null;
    const passage = execution.enter(scene.person.id, signal);
    const end = await planned.run(passage, nobody).catch(nullIfPaused).finally(passage.leave);
    if (end === null) return null;
    execution.forget(planned.effect.command_id);
    if (end.outcome !== "exited") return null;
    signal.throwIfAborted();
    return searchEnd(end);
  }

  async function inProcess(input: Input, scene: Scene, signal: AbortSignal): Promise<ToolEnd> {
    try {
      const result = await files.search(scene.workspace, input, signal);
      return { outcome: "ok", result, command: null };
    } catch (fault) {
      signal.throwIfAborted();
      return { outcome: "error", result: messageOf(fault), command: null };
    }
  }
}

function nullIfPaused(fault: unknown): null {
  if (fault instanceof Paused) return null;
  throw fault;
}

function ripgrepArgv({ pattern, path, glob }: Input): string[] {
  const bounds = [
    "--max-columns",
    `${LINE_CHARS}`,
    "--max-columns-preview",
    "--max-filesize",
    "5M",
  ];
  const shape = ["--no-config", "--no-heading", "--with-filename", "--line-number", "--smart-case"];
  const noise = ["--hidden", "--glob", "!.git", "--glob", "!node_modules", "--sort", "path"];
  const chosen = glob === undefined ? [] : ["--glob", glob];
  return ["rg", ...shape, ...bounds, ...noise, ...chosen, "--regexp", pattern, "--", path ?? "."];
}

function searchEnd(end: Extract<CommandEnd, { outcome: "exited" }>): ToolEnd {
  if (end.exit_code === NO_MATCH_EXIT)
    return { outcome: "ok", result: "No matches.", command: null };
  if (end.exit_code !== 0 && end.output_bytes === 0)
    return {
      outcome: "error",
      result: "The search was stopped before it found anything.",
      command: null,
    };
  const lines = end.output.trimEnd().split("\n");
  const shown = lines.slice(0, MATCHES).map(tidy);
  if (lines.length > MATCHES) shown.push(`… ${lines.length - MATCHES} more`);
  if (end.timed_out) shown.push(`… stopped after ${WALL_MS / 1000} s, so there may be more`);
  return { outcome: end.exit_code === 0 ? "ok" : "error", result: shown.join("\n"), command: null };
}

/** `./a.ts:3:text` becomes `a.ts:3: text`, as the in-process search writes it. */
const tidy = (line: string): string =>
  line.replace(
    /^(?:\.\/)?(.*?):(\d+):/,
    (_, path: string, number: string) => `${path}:${number}: `,
  );
