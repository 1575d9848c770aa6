import type { Client } from "@mainstay/sdk/client";
import { oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

/** What whoever works on this server must know before anything else. */
export async function showBanner(client: Pick<Client, "me">, screen: Screen): Promise<void> {
  const { banner } = await client.me();
  if (banner !== null) screen.note(`!! ${oneLine(banner, Infinity)}`, "bad");
}
