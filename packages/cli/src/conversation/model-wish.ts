import type { Client } from "@mainstay/sdk/client";
import type { ProviderStatus } from "@mainstay/sdk/providers";
import { oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

/** A wish is a preference: one that nobody can fulfil is told, and the request goes its usual way. */
export async function tellUnknownModel(
  wish: string | undefined,
  client: Pick<Client, "providers">,
  screen: Screen,
): Promise<void> {
  if (!wish) return;
  const { items } = await client.providers.list();
  const told = unknownModel(wish, items);
  if (told !== null) screen.note(oneLine(told, Infinity), "bad");
}

/** As the server takes a wish: a model, a provider, or both with a slash. Null where somebody has it. */
function unknownModel(wish: string, providers: readonly ProviderStatus[]): string | null {
  const named = providers.flatMap(({ id, models }) =>
    [...new Set(models.map(({ model }) => model))].map((model) => ({ id, model })),
  );
  if (named.length === 0) return null;
  if (named.some(({ id, model }) => [id, model, `${id}/${model}`].includes(wish))) return null;
  const there = named.map(({ id, model }) => `${id}/${model}`).join(", ");
  return `No provider has a model ${wish}: the usual order is asked. There are: ${there}`;
}
