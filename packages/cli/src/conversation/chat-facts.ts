import type { Client, PageWish } from "@mainstay/sdk/client";
import { escapePath } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";
import { commandRow } from "./command-lines.ts";
import { wholeList } from "./whole-list.ts";

/** What a chat shows of where it is and what goes on. */
export interface FactsParts {
  client: Client;
  screen: Screen;
}

/** Where its next message goes. */
export interface ChatPlace {
  session_id?: string;
  workspace?: string;
}

/** The private folder was named when it was chosen. */
export async function showFolder(place: ChatPlace, { client, screen }: FactsParts): Promise<void> {
  const named = place.workspace ?? (await workspaceOf(place.session_id, client));
  const { items } = await client.workspaces.list();
  const found = items.find(({ id, path }) => id === named || path === named);
  if (found) screen.note(`Working in ${escapePath(found.path)}`, "dim");
}

async function workspaceOf(session_id: string | undefined, client: Client) {
  if (session_id === undefined) return undefined;
  const { items } = await client.sessions.list();
  return items.find(({ id }) => id === session_id)?.workspace_id;
}

export async function showStatus(place: ChatPlace, { client, screen }: FactsParts): Promise<void> {
  const [me, ready] = await Promise.all([client.me(), client.readyz()]);
  screen.note(`session    ${place.session_id ?? "new with your next message"}`);
  screen.note(`workspace  ${place.workspace ?? "your private folder, or the session's"}`);
  screen.note(`you        ${me.name} (${me.role}, ${me.tier})`);
  screen.note(`server     ${ready.level}, version ${ready.version}`);
}

export async function showRunning({ client, screen }: FactsParts): Promise<void> {
  const running = (page: PageWish) => client.commands.list({ state: "running" }, page);
  const { items } = await wholeList(running);
  if (items.length === 0) screen.note("No command runs.");
  for (const command of items) screen.note(commandRow(command));
}
