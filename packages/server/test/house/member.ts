import type { Client } from "@mainstay/sdk/client";
import { clientFor, type House } from "./house.ts";

export interface Member {
  readonly key: string;
  readonly client: Client;
}

/** Adds somebody who is no admin, as an admin does. */
export async function addMember({ client, url }: House, name: string): Promise<Member> {
  const { key } = await client.users.add({ name });
  return { key, client: clientFor(url, key) };
}
