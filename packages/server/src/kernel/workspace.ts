/**
 * A folder of this host, as it was when it was proven to be its person's. Whoever opens it compares:
 * the path alone may lead somewhere else by now.
 */
export interface WorkspaceRoot {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Inode number in decimal; a double does not hold them all. */
  readonly ino: string;
  readonly owner_uid: number;
}

/** Where a turn works. */
export interface TurnWorkspace extends WorkspaceRoot {
  readonly id: string;
}
