import type { Client } from "@mainstay/sdk/client";
import { isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";

/** The journal as it stands now; a turn that goes on is not waited for. */
export async function* turnJournal(client: Client, turn_id: string): AsyncGenerator<JournalEvent> {
  const { last_event } = await client.turns.get(turn_id);
  for await (const event of client.events(turn_id, { watch: true })) {
    if (!isJournalEvent(event)) continue;
    yield event;
    if (event.seq >= last_event) return;
  }
}
