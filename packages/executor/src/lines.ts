/** Newline-delimited JSON over a socket, bounded: a longer line or no JSON ends the connection. */
import type { Socket } from "node:net";
import { LINE_LIMIT_BYTES } from "./protocol.ts";

/** `receive` gets each parsed line in order; what it throws ends the connection too. */
export function readLines(socket: Socket, receive: (message: unknown) => void): void {
  let parts: Buffer[] = [];
  let held_bytes = 0;
  socket.on("data", (chunk: Buffer) => {
    let rest = chunk;
    for (let at = rest.indexOf(10); at >= 0 && !socket.destroyed; at = rest.indexOf(10)) {
      const line = Buffer.concat([...parts, rest.subarray(0, at)]);
      parts = [];
      held_bytes = 0;
      rest = rest.subarray(at + 1);
      deliver(socket, line, receive);
    }
    held_bytes += rest.length;
    if (held_bytes > LINE_LIMIT_BYTES) socket.destroy(new Error("line too long"));
    else if (rest.length > 0) parts.push(rest);
  });
}

function deliver(socket: Socket, line: Buffer, receive: (message: unknown) => void): void {
  try {
    if (line.length > LINE_LIMIT_BYTES) throw new Error("line too long");
    receive(JSON.parse(line.toString("utf8")));
  } catch (error) {
    socket.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

export function sendLine(socket: Socket, message: unknown): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
