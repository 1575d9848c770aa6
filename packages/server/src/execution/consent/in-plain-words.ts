import { posix } from "node:path";
import type { Classified, LiteralCommand } from "../classify/classify.ts";
import { LIES_OUTSIDE } from "../classify/paths.ts";
import { holdsCode } from "../classify/programs/deeds.ts";
import { commandInWords } from "./command-in-words.ts";
import { type CommandNetwork, needsNetwork, networkInWords } from "./network-of-command.ts";
import { type Opened, openingInWords } from "./openings.ts";
import type { Pinning } from "./pins.ts";
import { runsOwnCode } from "./runners.ts";
import { visibleLine } from "./visible.ts";

const PARTS_TOLD = 8;
const MINUTE_MS = 60_000;

export interface ToSay {
  readonly classified: Pick<Classified, "asks" | "findings">;
  readonly pinning: Pinning;
  readonly network: CommandNetwork;
  readonly opened: Opened | null;
  readonly wall_ms: number;
  /** It goes on when its call has ended. */
  readonly background: boolean;
  /** Why consent that was given before does not count; null where none was. */
  readonly again: string | null;
}

/** What will happen if the person agrees, a sentence each. */
export function inPlainWords(say: ToSay): string[] {
  const { classified, pinning, network, opened, wall_ms, background, again } = say;
  const reaches = networkInWords(network, needsNetwork(classified));
  return [
    ...(again === null ? [] : [again]),
    ...(opened === null ? [] : openingInWords(opened)),
    ...(reaches === null ? [] : [reaches]),
    ...(namesOutside(classified) && (opened?.folders ?? []).length === 0 ? [UNSEEN] : []),
    ...partsOf(classified.asks, pinning),
    ...pinning.programs.filter(({ path }) => !isTold(path, classified.asks)).map(pinnedInWords),
    ...pinning.changing.map((path) => `may change ${visibleLine(path)} before it runs it`),
    ...pinning.unpinned.map(({ path, why }) => `runs ${visibleLine(path)}: ${UNPINNED} (${why})`),
    ...(background ? ["goes on in the background, also when the turn has ended"] : []),
    `is killed after ${Math.ceil(wall_ms / MINUTE_MS)} min`,
  ];
}

const namesOutside = ({ findings }: Pick<Classified, "findings">): boolean =>
  findings.some(({ reason }) => reason.endsWith(LIES_OUTSIDE));

const UNSEEN =
  "does not see what lies outside the workspace, the system's own programs apart, unless that is opened for it: agreeing, now or always, does not open it";

const PINNED =
  "code of this workspace, which the agent may have written; these very bytes run, or nothing does";
const UNPINNED = "code of this workspace, whatever it is by then";

/** They hold commands, and settings of those: no program themselves. */
const LISTS =
  /(?:^|\/)(?:package\.json|GNUmakefile|[Mm]akefile|\.npmrc|\.yarnrc(?:\.yml)?|bunfig\.toml)$/;

const pinnedInWords = ({ path }: { readonly path: string }): string =>
  LISTS.test(path)
    ? `runs what ${visibleLine(path)} says: ${LISTED}`
    : `runs ${visibleLine(path)}: ${PINNED}`;

const LISTED =
  "these very bytes of it, or nothing runs; the code that it calls is the workspace's, as it is then";

/** A part that is the program's own path says of it all that there is to say. */
const isTold = (path: string, asks: Classified["asks"]): boolean =>
  asks?.slice(0, PARTS_TOLD).some((part) => programOf(part) === path) === true;

const programOf = ({ folder, words: [program = ""] }: LiteralCommand): string | null =>
  program.includes("/") ? posix.normalize(posix.join(folder, program)) : null;

function partsOf(asks: Classified["asks"], { programs }: Pinning): string[] {
  if (asks === null) return ["runs the whole script: no list of plain commands says what it does"];
  const told = asks.slice(0, PARTS_TOLD).map((part) => partInWords(part, programs));
  const more = asks.length - told.length;
  return more === 0 ? told : [...told, `and ${more} commands more`];
}

function partInWords(part: LiteralCommand, programs: Pinning["programs"]): string {
  const told = `runs ${commandInWords(part)}`;
  const [program = "", ...args] = part.words;
  if (programs.some(({ path }) => path === programOf(part))) return `${told}: ${PINNED}`;
  if (holdsCode(program, args)) return `${told}: code that stands in the command`;
  return runsOwnCode(part.words) ? `${told}: ${OWN_CODE}` : told;
}

const OWN_CODE = "code of this workspace, which the agent may have written";
