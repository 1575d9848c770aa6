/** Somebody else at work in a workspace, as fast as they can. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Swaps the folder `d` for a link out of the workspace and back. */
const SWAP = `$| = 1; my ($workspace, $outside) = @ARGV; chdir $workspace; print "swapping\\n";
while (getppid() != 1) { rename "d", "x"; symlink $outside, "d"; unlink "d"; rename "x", "d"; }`;

/** For each line `NAME MICROSECONDS` creates the file, that long after it was told, unless it is there. */
const CREATE = `$| = 1; use Fcntl; use Time::HiRes "time"; my ($folder) = @ARGV; chdir $folder;
print "ready\\n";
while (<STDIN>) { my ($name, $us) = split; my $until = time + $us / 1e6; 1 while time < $until;
  if (sysopen(my $file, $name, O_WRONLY | O_CREAT | O_EXCL)) { syswrite $file, "theirs"; print "won\\n" }
  else { print "lost\\n" } }`;

const perl = (program: string, ...args: string[]) =>
  spawn("perl", ["-e", program, ...args], { stdio: ["pipe", "pipe", "inherit"] });

async function during<T>(child: ChildProcess, use: () => Promise<T>): Promise<T> {
  const ended = once(child, "exit");
  try {
    await once(child.stdout!, "data");
    return await use();
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

export const whileSwapping = <T>(workspace: string, outside: string, use: () => Promise<T>) =>
  during(perl(SWAP, workspace, outside), use);

/** Lends a rival: who creates `name` so many µs from now, and whether they did. */
export function withRival<T>(
  folder: string,
  use: (creates: (name: string, after_us: number) => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const child = perl(CREATE, folder);
  return during(child, () =>
    use(async (name, after_us) => {
      const told = once(child.stdout, "data");
      child.stdin.write(`${name} ${after_us}\n`);
      return String(await told).startsWith("won");
    }),
  );
}
