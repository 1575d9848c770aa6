/**
 * `home/run` held open by descriptor. The socket is reached through `/proc/self/fd/N`, because a
 * socket's address holds 107 bytes and homes may be longer.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  statSync,
} from "node:fs";
import { join } from "node:path";

export interface RunFolder {
  path: string;
  socket_address: string;
  /** False once the folder was deleted or replaced. */
  isInPlace(): boolean;
  close(): void;
}

export function openRunFolder(home: string): RunFolder {
  const folder = join(home, "run");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const handle = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  fchmodSync(handle, 0o700);
  const held = fstatSync(handle, { bigint: true });
  return {
    path: folder,
    socket_address: `/proc/self/fd/${handle}/executor.sock`,
    isInPlace() {
      const found = statSync(folder, { bigint: true, throwIfNoEntry: false });
      return found?.ino === held.ino && found.dev === held.dev;
    },
    close: () => closeSync(handle),
  };
}
