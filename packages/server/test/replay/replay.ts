import { execFile } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ParsedChatRequest } from "@mainstay/fake-provider/chat-request";
import { asksAgain } from "@mainstay/fake-provider/obedient";
import { textOf } from "@mainstay/fake-provider/chat-request";
import type { Reply } from "@mainstay/fake-provider/script";
import type { JournalEvent } from "@mainstay/sdk/events";
import type { Turn } from "@mainstay/sdk/turn";
import { registerFolder } from "../house/folder.ts";
import { type House, openHouse } from "../house/house.ts";
import { type Dialect, dialectOf, type ScriptedCall, scriptedCall } from "./foreign.ts";
import type { RecordedTurn, Recording } from "./recording.ts";
import { plant, seedOf } from "./seed.ts";

/** What the model says where the recording has no word for it. */
export const CLOSING = "The recording ends here.";

/** A whole recorded file in a few chunks. */
const CHUNK_CHARS = 4_096;

export interface ScriptedStep {
  readonly text: string;
  readonly calls: readonly ScriptedCall[];
}

export interface ScriptedTurn {
  readonly message: string;
  readonly steps: readonly ScriptedStep[];
}

/** One turn as it was told to the model and as the server kept it. */
export interface ReplayedTurn {
  readonly script: ScriptedTurn;
  readonly turn: Turn;
  readonly events: readonly JournalEvent[];
}

/** One recording in a scratch workspace of its own. */
export interface Lane {
  readonly root: string;
  readonly script: readonly ScriptedTurn[];
}

export interface Stage {
  readonly house: House;
  /** Seeds a workspace from all of a recording and scripts its turns, in its dialect or another. */
  lane(recording: Recording, dialect?: Dialect): Promise<Lane>;
  /** What the server logged as a warning or an error. */
  readonly faults: readonly string[];
  /** Begins one turn and gives its id. */
  begin(lane: Lane, turn: ScriptedTurn, session_id?: string): Promise<string>;
  /** Replays turns one after another, in one session. */
  replay(lane: Lane, turns?: readonly ScriptedTurn[]): Promise<ReplayedTurn[]>;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  /** By workspace: what is left of the turn that runs there. */
  const pending = new Map<string, ScriptedStep[]>();
  /** By workspace: what was said last. */
  const last = new Map<string, ScriptedStep>();
  const faults: string[] = [];
  const keep = (fields: object, message: string) =>
    void faults.push(`${message} ${JSON.stringify(fields)}`);
  const house = await openHouse({
    script: (request) => replyFrom(pending, last, request),
    overrides: { log: { info: () => {}, warn: keep, error: keep } },
  });
  const base = await mkdtemp(join(await realpath(tmpdir()), "mainstay-replay-"));
  let lanes = 0;

  async function lane(recording: Recording, chosen?: Dialect): Promise<Lane> {
    const root = join(base, `workspace-${++lanes}`);
    const dialect = dialectOf(recording.cwd, root);
    await mkdir(root);
    await plant(root, seedOf(recording, dialect));
    await commitAll(root);
    await registerFolder(house.client, root, true);
    return { root, script: scriptOf(recording.turns, chosen ?? dialect) };
  }

  async function begin(lane: Lane, turn: ScriptedTurn, session_id?: string): Promise<string> {
    pending.set(lane.root, [...turn.steps]);
    const request = { message: turn.message, workspace: lane.root };
    const session = session_id === undefined ? {} : { session_id };
    return (await house.client.turns.create({ ...request, ...session })).id;
  }

  async function replay(lane: Lane, turns = lane.script): Promise<ReplayedTurn[]> {
    const replayed: ReplayedTurn[] = [];
    for (const script of turns) {
      const id = await begin(lane, script, replayed[0]?.turn.session_id);
      const events = await house.journal(id);
      replayed.push({ script, events, turn: await house.client.turns.get(id) });
    }
    return replayed;
  }

  async function close(): Promise<void> {
    await house.close();
    await rm(base, { recursive: true, force: true });
  }

  return { house, faults, lane, begin, replay, close };
}

function scriptOf(turns: readonly RecordedTurn[], dialect: Dialect): ScriptedTurn[] {
  let n = 0;
  return turns.map(({ message, steps }) => ({
    message,
    steps: steps.map(({ text, calls }) => ({
      text,
      calls: calls.map((call) => scriptedCall(call, n++, dialect)),
    })),
  }));
}

function replyFrom(
  pending: ReadonlyMap<string, ScriptedStep[]>,
  last: Map<string, ScriptedStep>,
  request: ParsedChatRequest,
): Reply {
  const rules = textOf(request.messages[0]!);
  const root = [...pending.keys()].find((path) => rules.includes(path));
  const steps = (root === undefined ? undefined : pending.get(root)) ?? [];
  // It insists on what could not be taken, as it did then.
  const insists = asksAgain(textOf(request.messages.at(-1)!));
  const step = insists ? last.get(root!) : steps.shift();
  if (root !== undefined && step !== undefined) last.set(root, step);
  // The provider keeps its requests; hundreds of whole histories would drown the measurement.
  request.messages.length = 0;
  const usage = { prompt_tokens: 1, completion_tokens: 1 };
  const { text, calls } = step ?? { text: CLOSING, calls: [] };
  const how = { usage, chunk_size: CHUNK_CHARS };
  return calls.length === 0 ? { text, ...how } : { text, tool_calls: calls, ...how };
}

/** The recorded agent worked in a repository; where there is no git its git commands just fail. */
async function commitAll(root: string): Promise<void> {
  const git = (...args: string[]) =>
    promisify(execFile)("git", ["-c", "user.name=r", "-c", "user.email=r@localhost", ...args], {
      cwd: root,
    });
  try {
    await git("init", "-q", "-b", "main");
    await git("add", "-A");
    await git("commit", "-q", "-m", "seed");
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== "ENOENT") throw fault;
  }
}
