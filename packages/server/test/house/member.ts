import type { Client } from "@mainstay/sdk/client";
import { UserAdded } from "@mainstay/sdk/people";
import { clientFor, type House } from "./house.ts";

export interface Member {
  readonly key: string;
  readonly client: Client;
}

/** Adds somebody who is no admin, as an admin does. */
export async function addMember({ url, key }: House, name: string): Promise<Member> {
  const answer = await fetch(`${url}/v1/admin/users`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  const added = UserAdded.parse(await answer.json());
  return { key: added.key, client: clientFor(url, added.key) };
}
