import { type ParsedChatRequest, lastUserText, textOf } from "./chat-request.ts";
import type { Reply } from "./script.ts";

/**
 * The model that people meet without a script: it uses the tools it is offered where a message
 * asks for it in simple words, says what a tool returned, and repeats everything else.
 */
export function playful(request: ParsedChatRequest): Reply {
  const last = request.messages.at(-1);
  if (last?.role === "tool") return { text: `Here is what came back:\n\n${textOf(last)}` };
  const said = lastUserText(request).trim();
  if (/^help\W*$/i.test(said)) return { text: help };
  return toolFor(said, request) ?? { text: `You said: ${said}` };
}

/** What a newcomer may say first. */
export const phrases: readonly string[] = [
  "list files",
  "write notes.txt Buy milk",
  "run wc -w notes.txt",
  "run in the background sleep 60",
  "run with example.org curl -sI https://example.org",
  "run reading /srv/other ls /srv/other",
];

const help = `I am no real model. I know a few phrases, and repeat all else:

- list files
- read FILE, or summarise FILE
- search PATTERN
- write FILE TEXT
- run COMMAND
- run in the background COMMAND
- run with HOST COMMAND, which asks you to open that host
- run reading FOLDER COMMAND, which asks you to open another workspace of yours`;

function toolFor(said: string, request: ParsedChatRequest): Reply | undefined {
  const call = callFor(said);
  const offered = call && request.tools.some((tool) => tool.function.name === call.name);
  return offered ? { tool_calls: [call] } : undefined;
}

interface Run {
  command: string;
  background?: true;
  open?: { hosts: string[] } | { folders: string[] };
}

function runFor(said: string): Run | undefined {
  const [, how = "", named = "", command] =
    /^run\s+(in the background\s+|(?:with|reading)\s+(\S+)\s+)?(.+)/is.exec(said) ?? [];
  if (command === undefined) return undefined;
  if (how === "") return { command };
  if (named === "") return { command, background: true };
  const open = /^with/i.test(how) ? { hosts: [named] } : { folders: [named] };
  return { command, open };
}

function callFor(said: string): { name: string; arguments: object } | undefined {
  const run = runFor(said);
  if (run) return { name: "shell", arguments: { intent: `Run ${run.command}`, ...run } };
  const [, written, content] = /^write\s+(\S+)\s+(.+)/is.exec(said) ?? [];
  if (written && content)
    return {
      name: "write_file",
      arguments: { intent: `Write ${written}`, path: written, content: `${content}\n` },
    };
  const path = /\b(?:read|summari[sz]e)\s+(\S+)/i.exec(said)?.[1];
  if (path) return { name: "read_file", arguments: { intent: `Read ${path}`, path } };
  const pattern = /^search\s+(.+)/i.exec(said)?.[1];
  if (pattern) return { name: "search", arguments: { intent: `Search for ${pattern}`, pattern } };
  if (/\blist\b/i.test(said))
    return { name: "list_files", arguments: { intent: "See which files are here", path: "." } };
  return undefined;
}
