import { realpath } from "node:fs/promises";
import { sep } from "node:path";
import { ProblemError } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import type { Workspace } from "@mainstay/sdk/resources";
import { problemLines } from "../faults.ts";
import { escapePath } from "../terminal/escape.ts";
import { Interrupted, type Interrupts } from "../terminal/interrupts.ts";
import type { Asker } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";
import { registerFolder } from "./register-folder.ts";

export interface ChooseFolderParts {
  client: Client;
  screen: Screen;
  interrupts: Interrupts;
  /** Absent where there is no terminal to ask on. */
  asker: Asker | undefined;
}

/**
 * The id of the workspace to work in: the registered one that `folder` is or lies in, else one that
 * the person agrees to register now; undefined is the person's private scratch folder.
 */
export async function chooseFolder(
  parts: ChooseFolderParts,
  folder: string,
): Promise<string | undefined> {
  const path = await realpath(folder);
  const { items } = await parts.client.workspaces.list();
  const registered = workspaceAround(items, path);
  if (registered) {
    if (registered.path !== path)
      parts.screen.note(
        `Working in ${escapePath(registered.path)}, the registered folder around this one.`,
        "dim",
      );
    return registered.id;
  }
  if (await isRefused(parts, path)) return undefined;
  const consent = parts.asker ? await askToRegister(parts.asker, parts.screen, path) : "unasked";
  if (consent === "work" || consent === "trust") return register(parts, path, consent);
  const how = consent === "unasked" ? "; to work here: mainstay workspace add" : "";
  parts.screen.note(
    `Working in your private scratch folder, not in ${escapePath(path)}${how}`,
    "dim",
  );
  return undefined;
}

/** The innermost workspace that is `path` or contains it. */
export function workspaceAround(workspaces: Workspace[], path: string): Workspace | undefined {
  return workspaces
    .filter((workspace) => path === workspace.path || path.startsWith(workspace.path + sep))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
}

/** Without a proof the server registers nothing, but says whether it ever would. */
async function isRefused(parts: ChooseFolderParts, path: string): Promise<boolean> {
  try {
    await parts.client.workspaces.add({ path });
    return false;
  } catch (fault) {
    if (!(fault instanceof ProblemError)) throw fault;
    if (fault.problem.proof) return false;
    sayRefused(parts.screen, fault);
    return true;
  }
}

function sayRefused(screen: Screen, { problem }: ProblemError): void {
  for (const line of problemLines(problem)) screen.note(line, "bad");
  screen.note("Working in your private scratch folder instead.", "dim");
}

async function askToRegister(
  asker: Asker,
  screen: Screen,
  path: string,
): Promise<"work" | "trust" | "private"> {
  screen.note(`May Mainstay work in ${escapePath(path)}?`, "strong");
  screen.note("  [y] yes, ask before commands that change things");
  screen.note("  [t] yes, and trust: run commands in the sandbox without asking");
  screen.note("  [n] no, not this time: use a private scratch folder");
  for (;;) {
    const reply = await asker.ask("  y, t or n > ");
    if (reply.kind === "interrupted") throw new Interrupted();
    if (reply.kind !== "line") return "private";
    const word = reply.text.trim().toLowerCase();
    if (word === "y" || word === "yes") return "work";
    if (word === "t" || word === "trust") return "trust";
    if (word === "n" || word === "no") return "private";
    screen.note("  Please type y, t or n.");
  }
}

/** A folder that the server refuses is not worked in; the person hears why, and the request goes on. */
async function register(
  parts: ChooseFolderParts,
  path: string,
  consent: "work" | "trust",
): Promise<string | undefined> {
  try {
    return (await registerFolder(parts, path, consent === "trust" || undefined)).id;
  } catch (fault) {
    if (!(fault instanceof ProblemError)) throw fault;
    sayRefused(parts.screen, fault);
    return undefined;
  }
}
