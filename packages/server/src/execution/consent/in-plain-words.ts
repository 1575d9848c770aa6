import type { Classified, LiteralCommand } from "../classify/classify.ts";
import { commandInWords } from "./command-in-words.ts";
import type { Pinning } from "./pins.ts";
import { visibleLine } from "./visible.ts";

const PARTS_TOLD = 8;
const MINUTE_MS = 60_000;

export interface ToSay {
  readonly classified: Pick<Classified, "asks">;
  readonly pinning: Pinning;
  readonly wall_ms: number;
  /** Why consent that was given before does not count; null where none was. */
  readonly again: string | null;
}

/** What will happen if the person agrees, a sentence each. */
export function inPlainWords({ classified, pinning, wall_ms, again }: ToSay): string[] {
  return [
    ...(again === null ? [] : [again]),
    ...partsOf(classified.asks),
    ...pinning.programs.map(({ path }) => `runs ${visibleLine(path)}: ${PINNED}`),
    ...pinning.changing.map((path) => `may change ${visibleLine(path)} before it runs it`),
    ...pinning.unpinned.map(({ path, why }) => `runs ${visibleLine(path)}: ${UNPINNED} (${why})`),
    `is killed after ${Math.ceil(wall_ms / MINUTE_MS)} min`,
  ];
}

const PINNED =
  "code of this workspace, which the agent may have written; these very bytes run, or nothing does";
const UNPINNED = "code of this workspace, whatever it is by then";

function partsOf(asks: Classified["asks"]): string[] {
  if (asks === null) return ["runs the whole script: no list of plain commands says what it does"];
  const told = asks.slice(0, PARTS_TOLD).map(partInWords);
  const more = asks.length - told.length;
  return more === 0 ? told : [...told, `and ${more} commands more`];
}

function partInWords(command: LiteralCommand): string {
  const told = `runs ${commandInWords(command)}`;
  return runsOwnCode(command.words) ? `${told}: ${OWN_CODE}` : told;
}

const OWN_CODE = "code of this workspace, which the agent may have written";

/** Programs whose work is to run what the workspace says. */
const RUNNERS: ReadonlySet<string> = new Set([
  ..."npm npx pnpm yarn bun node deno tsx vite vitest jest".split(" "),
  ..."make cmake ninja meson bazel gradle mvn ant just task rake".split(" "),
  ..."python python3 pip pip3 uv poetry tox nox pytest".split(" "),
  ..."cargo go dotnet swift mix bundle ruby perl php composer".split(" "),
  ..."sh bash dash zsh".split(" "),
]);

const runsOwnCode = ([program = ""]: readonly string[]): boolean =>
  program.includes("/") || RUNNERS.has(program);
