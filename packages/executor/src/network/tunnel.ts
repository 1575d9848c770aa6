/** Two connections made one, each way until its end. */
import type { Socket } from "node:net";
import type { Row } from "./tally.ts";

const IDLE_LIMIT_MS = 5 * 60_000;

export interface Joined {
  client: Socket;
  /** Connected to the target. */
  far: Socket;
  /** What the client sent ahead. */
  head: Buffer;
  row: Row;
}

/** Either end may finish sending before the other; when one is gone, so is the other. */
export function join({ client, far, head, row }: Joined): void {
  meter(far, client, row);
  far.on("error", () => {}); // its `close` follows
  for (const [one, other] of [
    [client, far],
    [far, client],
  ] as const) {
    one.setTimeout(IDLE_LIMIT_MS, () => one.destroy());
    one.once("close", () => other.destroySoon());
  }
  if (client.destroyed) return void far.destroy();
  far.write(head);
  client.pipe(far);
  far.pipe(client);
}

/** Counts what went through `far`, as often as something comes in from either side. */
export function meter(far: Socket, near: NodeJS.ReadableStream, row: Row): void {
  let [up, down] = [0, 0];
  const count = () => {
    row.bytes(far.bytesWritten - up, far.bytesRead - down);
    [up, down] = [far.bytesWritten, far.bytesRead];
  };
  for (const stream of [far, near]) stream.on("data", count);
  far.once("close", count);
}
