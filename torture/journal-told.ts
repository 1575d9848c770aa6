import type { Turn } from "@mainstay/sdk/turn";
import { isSettled } from "@mainstay/sdk/turn";

/** One answer of the API: what it told, or the code of the problem that it told instead. */
type Answer = { readonly told: unknown } | { readonly problem: string };

/** All that a server tells of its data. Events only of turns that have ended. */
export interface Told {
  readonly turns: ReadonlyMap<string, Answer>;
  readonly events: ReadonlyMap<string, Answer>;
  readonly list: Answer;
  readonly others: ReadonlyMap<string, Answer>;
}

const OTHERS = ["/v1/me", "/v1/sessions", "/v1/approvals", "/v1/workspaces"];

/** @param paths_of what to ask for; else what the list names */
export async function read(url: string, key: string, paths_of?: Told): Promise<Told> {
  const ask = async (path: string): Promise<Answer> => {
    const response = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } });
    const text = await response.text();
    if (!response.ok) return { problem: (JSON.parse(text) as { code: string }).code };
    return { told: path.endsWith("/events") ? text : JSON.parse(text) };
  };
  const all = async (paths: Iterable<string>) =>
    new Map(await Promise.all([...paths].map(async (path) => [path, await ask(path)] as const)));

  const list = await ask("/v1/turns");
  const items = "told" in list ? (list.told as { items: Turn[] }).items : [];
  const turns = await all(paths_of?.turns.keys() ?? items.map(({ id }) => `/v1/turns/${id}`));
  const ended = [...turns].filter(([, answer]) => "told" in answer && isOver(answer.told));
  return {
    turns,
    events: await all(paths_of?.events.keys() ?? ended.map(([path]) => `${path}/events`)),
    list,
    others: await all(OTHERS),
  };
}

const isOver = (turn: unknown): boolean => isSettled((turn as Turn).state);

/** How often damage was said, and what was told that is not the truth. */
export interface Difference {
  readonly damaged: number;
  readonly untrue: readonly string[];
}

/** Codes by which a server says that it cannot tell. */
const HONEST = new Set(["journal_damaged", "store_unavailable", "storage_unavailable"]);

/** Compares what two servers told of the same data; the second started on a damaged copy. */
export function compare(truth: Told, found: Told): Difference {
  const untrue: string[] = [];
  let damaged = 0;

  function judge(name: string, before: unknown, after: Answer | undefined): void {
    if (after !== undefined && "problem" in after && HONEST.has(after.problem)) damaged += 1;
    else if (after === undefined || "problem" in after)
      untrue.push(`${name}: ${after?.problem ?? "nothing"}`);
    else if (isMarked(after.told)) damaged += 1;
    else if (textOf(before) !== textOf(after.told))
      untrue.push(`${name}: ${textOf(after.told)} is not ${textOf(before)}`);
  }

  for (const [path, before] of truth.turns) judge(path, toldBy(before), found.turns.get(path));
  for (const [path, before] of truth.others)
    judge(path, stillAsked(toldBy(before), found), found.others.get(path));
  for (const [path, before] of truth.events) judge(path, toldBy(before), found.events.get(path));
  if ("problem" in found.list) judge("the list", [], found.list);
  else {
    const listed = new Map(itemsOf(found.list).map((turn) => [turn.id, turn]));
    for (const turn of itemsOf(truth.list)) {
      const item = listed.get(turn.id);
      judge(`${turn.id} in the list`, turn, item && { told: item });
    }
  }
  return { damaged, untrue };
}

/** Nobody is asked any more what a turn wanted that ended by its damage. */
function stillAsked(told: unknown, found: Told): unknown {
  const { items } = told as { items?: { turn_id?: string }[] };
  if (items === undefined) return told;
  const isEnded = (turn_id: string | undefined): boolean => {
    const turn = found.turns.get(`/v1/turns/${turn_id}`);
    return turn !== undefined && ("problem" in turn || isMarked(turn.told));
  };
  return { ...(told as object), items: items.filter(({ turn_id }) => !isEnded(turn_id)) };
}

const toldBy = (answer: Answer): unknown => ("told" in answer ? answer.told : null);
const itemsOf = (answer: Answer): Turn[] => (toldBy(answer) as { items: Turn[] }).items;

/** The turn itself says that it is damaged, be it told alone or by its last event. */
const isMarked = (told: unknown): boolean =>
  typeof told === "string"
    ? told.includes('"code":"journal_damaged"')
    : (told as Partial<Turn>).error?.code === "journal_damaged";

/** What may have changed since: how far an open turn has come. */
function textOf(told: unknown): string {
  if (typeof told !== "object" || told === null || !("state" in told)) return JSON.stringify(told);
  const turn = told as Turn;
  if (isSettled(turn.state)) return JSON.stringify(turn);
  const { id, session_id, workspace_id, message, urgency, created_at } = turn;
  const { answer, approvals, commands, edits } = turn;
  const said = { id, session_id, workspace_id, message, urgency, created_at };
  return JSON.stringify({ ...said, answer, approvals, commands, edits });
}
