/** The two shared secrets in `home/run`: one proves the link's ends, one signs tickets. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const KEY_BYTES = 32;

export interface ExecutorKeys {
  link_key: Buffer;
  ticket_key: Buffer;
}

/** Reads both keys and makes those that are missing. Throws if one is readable by others. */
export function openKeys(home: string): ExecutorKeys {
  const run = join(home, "run");
  mkdirSync(run, { recursive: true, mode: 0o700 });
  return {
    link_key: openKey(join(run, "link.key")),
    ticket_key: openKey(join(run, "ticket.key")),
  };
}

function openKey(file: string): Buffer {
  if (!existsSync(file)) makeKey(file);
  const handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const mode = fstatSync(handle).mode & 0o777;
    if (mode & 0o077) throw new Error(`${file} is readable by others: chmod 600 it or delete it`);
    const key = readFileSync(handle);
    if (key.length !== KEY_BYTES) throw new Error(`${file} is not a key of ours: delete it`);
    return key;
  } finally {
    closeSync(handle);
  }
}

/** Complete or absent at every moment: written aside, then linked, which never replaces. */
function makeKey(file: string): void {
  const aside = `${file}.${randomBytes(8).toString("hex")}`;
  const handle = openSync(aside, "wx", 0o600);
  try {
    writeSync(handle, randomBytes(KEY_BYTES));
    fsyncSync(handle);
    linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    closeSync(handle);
    unlinkSync(aside);
  }
}
