/**
 * `home/run` held open by descriptor. The socket is reached through `/proc/self/fd/N`, because a
 * socket's address holds 107 bytes and homes may be longer.
 */
import fs from "node:fs";
import path from "node:path";

export interface RunFolder {
  path: string;
  socket_address: string;
  /** False once the folder was deleted or replaced. */
  isInPlace(): boolean;
  close(): void;
}

export function openRunFolder(home: string): RunFolder {
  const folder = path.join(home, "run");
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const handle = fs.openSync(folder, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  fs.fchmodSync(handle, 0o700);
  const held = fs.fstatSync(handle, { bigint: true });
  return {
    path: folder,
    socket_address: `/proc/self/fd/${handle}/executor.sock`,
    isInPlace() {
      const found = fs.statSync(folder, { bigint: true, throwIfNoEntry: false });
      return found?.ino === held.ino && found.dev === held.dev;
    },
    close: () => fs.closeSync(handle),
  };
}
