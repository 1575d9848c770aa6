import type { Client } from "@mainstay/sdk/client";
import type { CommandOutput } from "@mainstay/sdk/commands";
import type { Screen } from "../terminal/screen.ts";
import { bytes } from "./progress-text.ts";

/** All that is kept of a command's output so far, piece by piece. */
export async function* outputPieces(
  client: Pick<Client, "commands">,
  command_id: string,
): AsyncGenerator<CommandOutput> {
  for (let from = 0; ;) {
    const piece = await client.commands.output(command_id, from);
    yield piece;
    if (piece.next <= from || piece.next >= piece.kept_bytes) return;
    from = piece.next;
  }
}

/** Prints it as text; what is cut within a character at the end of a piece goes on in the next. */
export async function printOutput(
  pieces: AsyncIterable<CommandOutput>,
  screen: Screen,
): Promise<void> {
  const decoder = new TextDecoder("utf-8");
  let last: CommandOutput | undefined;
  for await (const piece of pieces) {
    screen.answer(decoder.decode(Buffer.from(piece.base64, "base64"), { stream: true }));
    last = piece;
  }
  screen.answer(decoder.decode());
  if (screen.isWithinLine()) screen.answer("\n");
  const lost_bytes = (last?.output_bytes ?? 0) - (last?.kept_bytes ?? 0);
  if (lost_bytes > 0) screen.note(`The ${bytes(lost_bytes)} after that were not kept.`, "bad");
  if (last?.ended === false) screen.note("It is still running.", "dim");
}
