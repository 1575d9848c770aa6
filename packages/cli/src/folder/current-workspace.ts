import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import type { Client } from "@mainstay/sdk/client";
import type { Workspace } from "@mainstay/sdk/resources";
import type { Config } from "../config.ts";
import { UsageFault } from "../faults.ts";
import { escapePath } from "../terminal/escape.ts";
import { workspaceAround } from "./choose-folder.ts";
import { sharesFolders } from "./place.ts";

/** The path of the registered folder that the person stands in. Throws a `UsageFault` where there is none. */
export const currentWorkspace = async (client: Client, config: Config): Promise<string> =>
  (await workspaceHere(client, config)).path;

/** The id of the named one, else of the one that the person stands in. */
export async function workspaceId(
  client: Client,
  config: Config,
  named: string | undefined,
): Promise<string> {
  if (named === undefined) return (await workspaceHere(client, config)).id;
  if (named.trim() === "") throw new UsageFault("Which workspace? See: mainstay workspace list");
  const { items } = await client.workspaces.list();
  const path = sharesFolders(config) ? resolve(config.folder(), named) : named;
  const found = items.find((one) => one.id === named || one.path === path);
  // What is not in the list may be the id of another person's, for an admin.
  if (found || named.startsWith("ws_")) return found?.id ?? named;
  throw new UsageFault(`${escapePath(named)} is no folder that Mainstay may work in`);
}

/** The folders that the person has. */
export interface Folders {
  /** By the ids of their workspaces. */
  readonly paths: ReadonlyMap<string, string>;
  /** The id of the one that the person stands in. */
  readonly here: string | undefined;
}

export async function foldersOf(client: Client, config: Config): Promise<Folders> {
  const { items } = await client.workspaces.list();
  const path = sharesFolders(config) ? await realpath(config.folder()) : undefined;
  return {
    paths: new Map(items.map((one) => [one.id, one.path])),
    here: path === undefined ? undefined : workspaceAround(items, path)?.id,
  };
}

async function workspaceHere(client: Client, config: Config): Promise<Workspace> {
  if (!sharesFolders(config))
    throw new UsageFault("MAINSTAY_URL is another machine; name a folder there: --workspace ID");
  const path = await realpath(config.folder());
  const { items } = await client.workspaces.list();
  const found = workspaceAround(items, path);
  if (found) return found;
  throw new UsageFault(
    `${escapePath(path)} lies in no folder that Mainstay may work in; add it with: mainstay workspace add`,
  );
}
