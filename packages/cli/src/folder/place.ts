import type { Client } from "@mainstay/sdk/client";
import type { Config } from "../config.ts";
import { chooseFolder, type ChooseFolderParts } from "./choose-folder.ts";

export interface PlaceOptions {
  session?: string;
  workspace?: string;
}

export interface PlaceParts extends ChooseFolderParts {
  client: Client;
  config: Config;
}

/**
 * Where a turn works: the named workspace, else the session's own, else the current folder. A server
 * on another machine does not have this folder, so there it is the private one.
 */
export async function placeOf(
  { session, workspace }: PlaceOptions,
  parts: PlaceParts,
): Promise<{ session_id?: string; workspace?: string }> {
  if (session !== undefined)
    return { session_id: session, ...(workspace !== undefined && { workspace }) };
  if (workspace !== undefined) return { workspace };
  if (!sharesFolders(parts.config)) {
    parts.screen.note(
      "Working in your private folder on the server; --workspace names another.",
      "dim",
    );
    return {};
  }
  const chosen = await chooseFolder(parts, parts.config.folder());
  return chosen === undefined ? {} : { workspace: chosen };
}

const loopback_names: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

export function sharesFolders({ server }: Config): boolean {
  return server.kind === "local" || loopback_names.includes(new URL(server.base_url).hostname);
}
