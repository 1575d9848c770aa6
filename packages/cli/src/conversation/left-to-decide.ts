import { ProblemError, Unreachable } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import type { Turn } from "@mainstay/sdk/turn";
import type { Screen } from "../terminal/screen.ts";
import { someOf } from "./edit-lines.ts";
import { wholeList } from "./whole-list.ts";

interface TellParts {
  client: Client;
  screen: Screen;
}

/** More paths are counted. */
const PATHS = 8;

/**
 * What a turn that is over leaves to its person: edits of one that came to nothing, and files that its
 * answer shows and nobody wrote.
 */
export async function tellLeft(
  turn: Pick<Turn, "id" | "state" | "answer">,
  parts: TellParts,
): Promise<void> {
  const { id, state, answer } = turn;
  if (state === "failed" || state === "cancelled")
    await told(parts, `mainstay edits --turn ${id}`, () => tellStanding(id, parts));
  if (state === "done" && answer?.includes("```"))
    await told(parts, `mainstay apply ${id}`, () => tellOffers(id, parts));
}

/** The turn has ended, however this ends. */
async function told({ screen }: TellParts, look: string, tell: () => Promise<void>): Promise<void> {
  try {
    await tell();
  } catch (fault) {
    if (!(fault instanceof ProblemError) && !(fault instanceof Unreachable)) throw fault;
    screen.note(`What it left is not known right now: ${fault.message}; see: ${look}`, "bad");
  }
}

async function tellStanding(turn_id: string, { client, screen }: TellParts): Promise<void> {
  const { items } = await wholeList((page) => client.edits.list({ turn_id, standing: true }, page));
  if (items.length === 0) return;
  const paths = [...new Set(items.flatMap(({ files }) => files.map(({ path }) => path)))];
  const edits = items.length === 1 ? "One edit of it stands" : `${items.length} edits of it stand`;
  screen.note(`${edits}: ${someOf(paths, PATHS)}`);
  screen.note(`  mainstay undo --turn ${turn_id}`);
}

async function tellOffers(turn_id: string, { client, screen }: TellParts): Promise<void> {
  const { items } = await client.turns.offers(turn_id);
  const paths = items.filter(({ fault }) => fault === null).map(({ path }) => path);
  if (paths.length === 0) return;
  screen.note(`Shown and not written: ${someOf(paths, PATHS)}. To look, and to write:`);
  screen.note(`  mainstay apply ${turn_id}`);
}

/** What no undo of the turn takes back. */
export const tellCommandChanges = (turn_id: string, parts: TellParts): Promise<void> =>
  told(parts, `mainstay changes ${turn_id}`, async () => {
    const { sources } = await parts.client.turns.changes(turn_id);
    const found = sources.flatMap(({ by, changes }) => (by === "command" && changes) || []);
    const paths = [...new Set(found.flatMap(({ files }) => files.map(({ path }) => path)))];
    const count = found.reduce((sum, { more }) => sum + more, paths.length);
    if (count === 0) return;
    const files = count === 1 ? "one file; that is" : `${count} files; those are`;
    const some = someOf(paths, PATHS, count);
    parts.screen.note(`Commands of this turn changed ${files} not taken back: ${some}`);
  });
