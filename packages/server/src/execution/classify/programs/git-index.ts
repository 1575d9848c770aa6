/**
 * Looks for repositories within the repository. git asks a nested one how it is by running itself in
 * it, where that one's own settings name programs (`filter.*.clean`): a plain `git status` would.
 * Formats of gitformat-index(5); what is none of them is a doubt.
 */
const SIGNATURE = "DIRC";
const HEADER_BYTES = 12;
/** Times, device, inode, mode, owner, size, object name, flags. */
const ENTRY_BYTES = 62;
const MODE_AT = 24;
const FLAGS_AT = 60;
const EXTENDED = 0x4000;
const GITLINK = 0o160000;
const CHECKSUM_BYTES = 20;

/** Why git may run itself in a repository that the index names; null when it names none. */
export function indexDoubt(index: Buffer): string | null {
  if (index.toString("latin1", 0, 4) !== SIGNATURE) return UNREAD;
  const version = index.readUInt32BE(4);
  if (version !== 2 && version !== 3) return UNREAD;
  let at = HEADER_BYTES;
  for (let left = index.readUInt32BE(8); left > 0; left--) {
    if (at + ENTRY_BYTES > index.length) return UNREAD;
    if (index.readUInt32BE(at + MODE_AT) === GITLINK)
      return "a repository is nested in this one, and its settings may run programs";
    const end = nameEnd(index, at);
    if (end === -1) return UNREAD;
    at += (end - at + 8) & ~7;
  }
  return extensionDoubt(index, at);
}

const UNREAD = "`.git/index` is not one that this policy reads";

function nameEnd(index: Buffer, entry: number): number {
  const is_extended = (index.readUInt16BE(entry + FLAGS_AT) & EXTENDED) !== 0;
  return index.indexOf(0, entry + ENTRY_BYTES + (is_extended ? 2 : 0));
}

/** Those in capitals only make git faster; others change which entries there are. */
function extensionDoubt(index: Buffer, first: number): string | null {
  for (let at = first; at + 8 <= index.length - CHECKSUM_BYTES;) {
    if (!/^[A-Z]/.test(index.toString("latin1", at, at + 1))) return UNREAD;
    at += 8 + index.readUInt32BE(at + 4);
  }
  return null;
}
