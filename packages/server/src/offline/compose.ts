import { forPeople } from "../kernel/lacked.ts";
import { rankPassages, type Found, type RankedFile } from "./passages.ts";
import { inline, quote, quoteEnds } from "./quote.ts";

export interface CommandRun {
  readonly result: string;
  /** Null of one that never began. */
  readonly command_id: string | null;
}

export interface ReadResult {
  readonly path: string;
  readonly text: string;
}

const EXAMPLES = [
  "Without a model you can still:",
  "- name a file to see it: `show me README.md`",
  "- list a folder: `list files in src`",
  "- ask with words that stand in the files: `where is the port configured`",
  "- run a command: `!git status`",
].join("\n");

const SETUP =
  "For answers from a model, give a provider's key: `mainstay provider set groq`, for example, or start the server with its variable set (`GROQ_API_KEY`; `OPENAI_BASE_URL` for any compatible server). `mainstay doctor` says what is there.";

/** An answer from local data: the honest line first, how to set up a provider last where none is. */
export function answer(body: string, reason: string, provider_configured: boolean): string {
  const why = reason.replace(/\s+/gu, " ").trim().replace(/\.$/u, "").slice(0, 500);
  const honest = `${why || "No model answered"}: this is what your local files say; nobody understood the question.`;
  return [honest, body, ...(provider_configured ? [] : [SETUP])].join("\n\n");
}

/** What a command that the person typed gave; no model was wanted, so none is excused. */
export const commandBody = (command: string, runs: readonly CommandRun[]): string =>
  [`Your command ${inline(command)}, run without a model:`, ...runs.map(ranBody)].join("\n\n");

/** Where something is left out, with the way to all of it. */
function ranBody({ result, command_id }: CommandRun): string {
  const { quoted, is_whole } = quoteEnds(forPeople(result));
  return is_whole || command_id === null
    ? quoted
    : `${quoted}\nAll that it printed: ${inline(`mainstay commands ${command_id} --output`)}`;
}

export function readBody(read: readonly ReadResult[], failed: readonly ReadResult[]): string {
  const contents = read.map(({ path, text }) => `${inline(path)} holds:\n\n${quote(text)}`);
  return [...contents, ...failed.map(notRead)].join("\n\n");
}

const notRead = ({ path, text }: ReadResult): string =>
  `${inline(path)} could not be read: ${inline(text)}`;

export const listBody = (path: string | null, result: string): string =>
  `The listing of ${path === null ? "the workspace" : inline(path)}:\n\n${quote(result)}`;

/** What a search found, or plainly that it found nothing and what else can be done. */
export function searchBody(
  words: readonly string[],
  results: readonly string[],
  failed: readonly ReadResult[],
): string {
  const found = rankPassages(results, words);
  const asked = words.map(inline).join(", ");
  const before = failed.map(notRead);
  if (found.files.length > 0)
    return [...before, `Lines with the words ${asked}:`, ...passages(found)].join("\n\n");
  const faults = results.filter((result) => !/^No matches\.?$/u.test(result.trim()));
  const outcome =
    faults.length === 0
      ? `No line holds any of ${asked}.`
      : `The search for ${asked} reported:\n\n${quote([...new Set(faults)].join("\n"))}`;
  return [...before, outcome, EXAMPLES].join("\n\n");
}

function passages(found: Found): string[] {
  const rest = [
    ...(found.left_out_files > 0 ? [`More files that match: ${found.left_out_files}.`] : []),
    ...(found.complete
      ? []
      : ["Some words stand in more lines than were looked at; rarer words find better."]),
  ];
  return [...found.files.map(fileBlock), ...(rest.length > 0 ? [rest.join(" ")] : [])];
}

function fileBlock({ path, words, passages: lines, left_out }: RankedFile): string {
  const quoted = quote(lines.map((each) => `${each.path}:${each.line}: ${each.text}`).join("\n"));
  const more = left_out === 0 ? "" : `\nMore matching lines in this file: ${left_out}.`;
  return `${inline(path)} (${words.length === 0 ? "matches" : words.map(inline).join(", ")}):\n\n${quoted}${more}`;
}

export const unavailableBody = (tool: string): string =>
  `That needs the tool ${inline(tool)}, which is not available here.\n\n${EXAMPLES}`;

export const nothingBody = `There is nothing in the message that can be looked up in files.\n\n${EXAMPLES}`;
