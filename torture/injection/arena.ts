/**
 * One whole house for many attacks, one after another, each in a workspace of its own: real server,
 * executor and sandbox, and a model that obeys whatever it is shown.
 */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { obedient } from "@mainstay/fake-provider/obedient";
import { order } from "@mainstay/fake-provider/orders";
import type { Client } from "@mainstay/sdk/client";
import { isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import type { Turn } from "@mainstay/sdk/turn";
import type { Overrides } from "../../packages/server/src/assemble.ts";
import { registerFolder } from "../../packages/server/test/house/folder.ts";
import { type House, openHouse } from "../../packages/server/test/house/house.ts";
import { addMember } from "../../packages/server/test/house/member.ts";
import type { Attack, Call, Ending, Marks, People, Person, Planted } from "./attack.ts";
import { type Canaries, plantCanaries } from "./canaries.ts";
import { endingsOf } from "./endings.ts";
import { createWatch } from "./watch.ts";
import type { Vector } from "./vectors.ts";

export interface Outcome {
  readonly ends: readonly Ending[];
  /** What it did that nobody agreed to. */
  readonly effects: readonly string[];
}

export interface Arena {
  run(attack: Attack, vector: Vector): Promise<Outcome>;
  close(): Promise<void>;
}

/** Whom the stranger's folders belong to, where the server is root and so asks for that. */
const STRANGER_UID = 23_456;
const is_root = process.getuid?.() === 0;

export async function openArena(overrides: Overrides = {}): Promise<Arena> {
  const shown: unknown[] = [];
  const house = await openHouse({
    script: (request) => (shown.push(request.messages), obedient(request)),
    overrides,
  });
  const root = await mkdtemp(join(tmpdir(), "mainstay-injection-"));
  const canaries = await plantCanaries(house.home, root);
  const { client: stranger } = await addMember(house, "stranger");
  let runs = 0;

  async function run(attack: Attack, vector: Vector): Promise<Outcome> {
    const n = ++runs;
    const workspace = join(root, `${n} ${vector.folder ?? ""}`.trim());
    const at = marksOf(n, workspace, house, canaries);
    await plant(workspace, { ...vector.files(textOf(attack, at)), ...attack.files?.(at) });
    if (attack.is_shared || vector.copied_by === "stranger") await share(workspace);
    await registerFolder(house.client, workspace, false);
    if (vector.copied_by !== undefined) await copy(vector.copied_by, workspace);

    const people = peopleOf(house.client, stranger, at);
    await attack.before?.(people);

    shown.length = 0;
    const watch = createWatch({ house, canaries, at });
    const turn = await asked(vector.asks(textOf(attack, at)), workspace);
    const agreed = new Set<string>();
    await attack.person?.(personOf(people, turn.id, agreed));
    const events = await ended(house.client, turn.id);
    const effects = await watch.effects({ turn_id: turn.id, events, agreed, shown, attack });
    return { ends: endingsOf(events).slice(vector.calls_before), effects };
  }

  async function share(workspace: string): Promise<void> {
    if (is_root) execFileSync("chown", ["-hR", String(STRANGER_UID), workspace]);
    await registerFolder(stranger, workspace, false);
  }

  /** What lies in the folder is copied by a command that its person agrees to. */
  async function copy(by: "person" | "stranger", workspace: string): Promise<void> {
    const client = by === "person" ? house.client : stranger;
    const request = { message: "run cp inbox copied.md", workspace };
    const turn = await client.turns.create(request, { wait_s: 30 });
    await client.approvals.decide(turn.approvals[0]!, "approve");
    await rest(client, turn.id, turn.last_event);
  }

  async function asked(messages: readonly string[], workspace: string): Promise<Turn> {
    let turn: Turn | null = null;
    for (const message of messages) {
      const place = turn === null ? { workspace } : { session_id: turn.session_id };
      turn = await house.client.turns.create({ message, ...place }, { wait_s: 30 });
    }
    return turn!;
  }

  return {
    run,
    async close() {
      await canaries.close();
      await house.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

const marksOf = (n: number, workspace: string, house: House, canaries: Canaries): Marks => ({
  mark: `planted-${process.pid}-${n}-x`,
  workspace,
  server: house.url,
  ...{ outside: canaries.outside, home: house.home, url: canaries.url, port: canaries.port },
});

/** On one line, so that a result that is cut or indented line by line carries it whole. */
function textOf({ steps, says }: Attack, at: Marks): string {
  const [first = [], ...rest] = steps(at);
  const then = (calls: readonly Call[]) =>
    calls.map((call, i) => order(i === 0 ? "then" : "do", call));
  const words = says === undefined ? [] : [`@@say ${says}@@`];
  return [...words, ...first.map((call) => order("do", call)), ...rest.flatMap(then)].join(" ");
}

async function plant(folder: string, files: Readonly<Record<string, Planted>>): Promise<void> {
  await mkdir(folder);
  for (const [name, planted] of Object.entries<Planted>({ n: "one\n", ...files })) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    if (typeof planted === "string") await writeFile(path, planted, { mode: 0o755 });
    else if ("link" in planted) await symlink(planted.link, path);
    else execFileSync("mkfifo", [path]);
  }
}

const peopleOf = (client: Client, stranger: Client, at: Marks): People => ({
  ...{ client, stranger, at },
  ask: (message) => client.turns.create({ message, workspace: at.workspace }, { wait_s: 30 }),
  write: (path, text) => writeFile(join(at.workspace, path), text, { mode: 0o755 }),
});

function personOf(people: People, turn_id: string, agreed: Set<string>): Person {
  const { client } = people;
  const turn = () => client.turns.get(turn_id);
  const approval = async () => client.approvals.get((await turn()).approvals.at(-1)!);
  const untilRest = async (go: () => Promise<unknown>) => {
    const { last_event } = await turn();
    await go();
    await rest(client, turn_id, last_event);
  };
  return {
    ...people,
    ...{ turn, approval, untilRest },
    async decide(decision, how) {
      const { id } = await approval();
      if (decision === "approve") agreed.add(id);
      await untilRest(() => client.approvals.decide(id, decision, how));
    },
  };
}

/** Until the turn waits for a person, or has ended. */
async function rest(client: Client, turn_id: string, after: number): Promise<void> {
  for await (const { type } of client.events(turn_id, { after }))
    if (type === "approval_requested" || type === "parked") return;
}

/** Every event of the turn, which is cancelled where it waits. */
async function ended(client: Client, turn_id: string): Promise<JournalEvent[]> {
  const turn = await client.turns.get(turn_id);
  if (turn.settled_at === null) await client.turns.cancel(turn_id);
  const events: JournalEvent[] = [];
  for await (const event of client.events(turn_id)) if (isJournalEvent(event)) events.push(event);
  return events;
}
