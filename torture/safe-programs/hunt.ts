/**
 * Generates programs, asks a classifier, runs what it calls safe, and judges what that did.
 *
 * 1. The n-th program and its workspace depend on the seed and n alone.
 * 2. A program is run in a workspace as it was planted: what changed it is found before the next.
 */
import { type Grammar, program } from "./generator.ts";
import { judge } from "./judge.ts";
import { mutated } from "./mutations.ts";
import { randomness } from "./randomness.ts";
import { createTracer, type Tracer } from "./tracer.ts";
import { plantWorkspace, type Traps, type Workspace } from "./workspace.ts";

export interface Game {
  /** Whether a script would run without anybody being asked, in the workspace at `root`. */
  readonly isSafe: (script: string, root: string) => boolean;
  /** Names that the grammar uses. */
  readonly programs: readonly string[];
  /** What a safe program may execute. */
  readonly executables: ReadonlySet<string>;
  /** Known programs, to be changed. */
  readonly examples: readonly string[];
  readonly seed: number;
}

export interface Bag {
  generated: number;
  executed: number;
  endless: number;
  readonly findings: Finding[];
}

export interface Finding {
  readonly n: number;
  readonly script: string;
  /** What it did, or the names that it changed. */
  readonly did: readonly string[];
}

export interface Limits {
  readonly executed: number;
  readonly generated: number;
  readonly findings: number;
}

/** Each is hunted in by one program at a time. */
const GROUNDS: readonly Traps[] = [
  { config: false, nested: false, names: false },
  { config: false, nested: false, names: true },
  { config: true, nested: false, names: false },
  { config: false, nested: true, names: false },
];

export interface Grounds {
  readonly tracer: Tracer;
  readonly workspaces: readonly Workspace[];
  close(): Promise<void>;
}

export function openGrounds(): Grounds {
  const tracer = createTracer();
  const workspaces = GROUNDS.map(plantWorkspace);
  return {
    tracer,
    workspaces,
    async close() {
      for (const workspace of workspaces) workspace.remove();
      await tracer.close();
    },
  };
}

export async function hunt(game: Game, grounds: Grounds, limits: Limits): Promise<Bag> {
  const bag: Bag = { generated: 0, executed: 0, endless: 0, findings: [] };
  const seen = new Set<string>();
  const is_over = () =>
    bag.executed >= limits.executed ||
    bag.generated >= limits.generated ||
    bag.findings.length >= limits.findings;

  async function lane(workspace: Workspace, first: number): Promise<void> {
    for (let n = first; !is_over(); n += GROUNDS.length) {
      bag.generated++;
      const script = programNumber(n, game).replaceAll("@ROOT@", workspace.root);
      if (script.includes("\0") || seen.has(script)) continue;
      if (!game.isSafe(script, workspace.root)) continue;
      seen.add(script);
      bag.executed++;
      const did = await deedsOf(script, workspace);
      if (did.length > 0) bag.findings.push({ n, script, did });
    }
  }

  async function deedsOf(script: string, workspace: Workspace): Promise<string[]> {
    const { calls, is_endless } = await grounds.tracer.run(script, workspace.root);
    if (is_endless) bag.endless++;
    const bounds = { root: workspace.root, programs: game.executables };
    const violations = judge(calls, bounds).map(
      ({ kind, program, call }) => `${kind} by ${program}: ${call}`,
    );
    return [...violations, ...workspace.changes().map((name) => `changed: ${name}`)];
  }

  await Promise.all(grounds.workspaces.map(lane));
  return bag;
}

function programNumber(n: number, { seed, programs, examples }: Game): string {
  const random = randomness(seed + n * 7_919);
  const grammar: Grammar = { random, programs, malice: random.pick([0.02, 0.05, 0.1, 0.3]) };
  return random.chance(0.7) ? program(grammar) : mutated(grammar, random.pick(examples));
}
