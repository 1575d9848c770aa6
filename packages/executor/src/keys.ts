/** The two shared secrets in `home/run`: one proves the link's ends, one signs tickets. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const KEY_BYTES = 32;

export interface ExecutorKeys {
  link_key: Buffer;
  ticket_key: Buffer;
}

/** Reads both keys and makes those that are missing. Throws if one is readable by others. */
export function openKeys(home: string): ExecutorKeys {
  const run = path.join(home, "run");
  fs.mkdirSync(run, { recursive: true, mode: 0o700 });
  return {
    link_key: openKey(path.join(run, "link.key")),
    ticket_key: openKey(path.join(run, "ticket.key")),
  };
}

function openKey(file: string): Buffer {
  if (!fs.existsSync(file)) makeKey(file);
  const handle = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  try {
    const mode = fs.fstatSync(handle).mode & 0o777;
    if (mode & 0o077) throw new Error(`${file} is readable by others: chmod 600 it or delete it`);
    const key = fs.readFileSync(handle);
    if (key.length !== KEY_BYTES) throw new Error(`${file} is not a key of ours: delete it`);
    return key;
  } finally {
    fs.closeSync(handle);
  }
}

/** Complete or absent at every moment: written aside, then linked, which never replaces. */
function makeKey(file: string): void {
  const aside = `${file}.${randomBytes(8).toString("hex")}`;
  const handle = fs.openSync(aside, "wx", 0o600);
  try {
    fs.writeSync(handle, randomBytes(KEY_BYTES));
    fs.fsyncSync(handle);
    fs.linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    fs.closeSync(handle);
    fs.unlinkSync(aside);
  }
}
