/**
 * Kinds of file systems that a data folder must not lie on: their locks and fsync do not hold what
 * SQLite needs, or depend on who serves them. The numbers are `f_type` of statfs(2).
 */
const KINDS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xfe534d42, "SMB"],
  [0xff534d42, "CIFS"],
  [0x01021997, "9p"],
  [0x65735546, "FUSE (sshfs, a virtual machine's shared folder and the like)"],
  [0x786f4256, "a VirtualBox shared folder"],
  [0xbacbacbc, "a VMware shared folder"],
  [0x7c7c6673, "a Parallels shared folder"],
  [0x5346414f, "AFS"],
  [0x6b414653, "AFS"],
  [0x73757245, "Coda"],
  [0x00c36400, "Ceph"],
  [0x01161970, "GFS2"],
  [0x7461636f, "OCFS2"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
]);

/** The name of the network file system with this statfs type; null when it is none. */
export const networkFileSystem = (f_type: number): string | null => KINDS.get(f_type >>> 0) ?? null;
