/**
 * The sandbox's /etc: one folder with copies of what programs need of the host's, a few files of
 * its own, and two large folders that are bound over it. Copies, because bubblewrap reads the whole
 * mount table for every bind: thirty of them made the start of a command three times as long.
 */
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Everybody is this one inside, whoever they are outside; files of the workspace show as theirs. */
export const INSIDE_ID = 1000;
export const HOME = "/home/agent";

/** All the rest of the host's /etc (shadow, keys, ssl/private, ssh) stays outside. */
const COPIED = [
  ..."ld.so.cache ld.so.conf ld.so.conf.d localtime timezone".split(" "),
  ..."ssl/openssl.cnf ca-certificates ca-certificates.conf".split(" "),
  ..."pki/tls/certs pki/ca-trust crypto-policies os-release debian_version".split(" "),
  ..."mime.types magic services protocols gai.conf inputrc terminfo fonts".split(" "),
  ..."perl python3 maven/m2.conf maven/logging".split(" "),
];
/** Of each version that is installed. */
const COPIED_VERSIONS = /^(python3\.\d+|java-\d+-openjdk|ImageMagick-\d+)$/;

const GENERATED: Record<string, string> = {
  passwd:
    `agent:x:${INSIDE_ID}:${INSIDE_ID}:agent:${HOME}:/bin/bash\n` +
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
  group: `agent:x:${INSIDE_ID}:\nnogroup:x:65534:\n`,
  hosts: "127.0.0.1 localhost mainstay\n::1 localhost\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  gitconfig: "[user]\n\tname = Agent\n\temail = agent@localhost\n[init]\n\tdefaultBranch = main\n",
};

/** Hundreds of links each; bound over empty folders. */
export const BOUND_ETC = ["alternatives", "ssl/certs"];
/** Commands of a while ago may still look at theirs. */
const GENERATIONS = 3;

/** Returns a function that gives the folder, made anew when an entry of the host's /etc was. */
export function keepEtc(below: string): () => string {
  rmSync(join(below, "etc"), { recursive: true, force: true });
  const made: { seen: string; folder: string }[] = [];
  return () => {
    const now = String(statSync("/etc", { bigint: true }).mtimeNs);
    if (now !== made[0]?.seen) {
      made.unshift({ seen: now, folder: makeEtc(join(below, "etc", now)) });
      for (const { folder } of made.splice(GENERATIONS)) rmSync(folder, { recursive: true });
    }
    return made[0]!.folder;
  };
}

function makeEtc(folder: string): string {
  for (const name of BOUND_ETC) mkdirSync(join(folder, name), { recursive: true });
  const versions = readdirSync("/etc").filter((name) => COPIED_VERSIONS.test(name));
  for (const name of [...COPIED, ...versions].filter((name) => isPublic(`/etc/${name}`))) {
    cpSync(`/etc/${name}`, join(folder, name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: isPublic,
    });
  }
  for (const [name, text] of Object.entries(GENERATED)) {
    writeFileSync(join(folder, name), text);
  }
  openToAll(dirname(folder));
  return folder;
}

/** Also where we are root: what others may not read must not be read for them. */
function isPublic(file: string): boolean {
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found !== undefined && (found.isSymbolicLink() || (found.mode & 0o004) !== 0);
}

/** Against the executor's umask. */
function openToAll(made: string): void {
  const found = lstatSync(made);
  if (found.isSymbolicLink()) return;
  chmodSync(made, found.isDirectory() ? 0o755 : 0o644);
  if (!found.isDirectory()) return;
  for (const name of readdirSync(made)) openToAll(join(made, name));
}
