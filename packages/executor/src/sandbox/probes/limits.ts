/** Bounds that a command was given; whether they hold when one runs against them, `trials.ts` tries. */
import { inArea, type Wall } from "./probe.ts";

/** One row of /proc/self/limits: found where either bound is more than `most`, or there is none. */
const limit = (name: string, row: string, most: number, wall: Wall) => ({
  name,
  wall,
  perl: `join ' ', grep { $_ eq 'unlimited' || $_ > ${most} } @{$limits{'${row}'}}`,
});

export const LIMIT_PROBES = inArea("limits", [
  limit("has a bound on processes", "Max processes", 1_024, "limit of processes"),
  limit("has a bound on open files", "Max open files", 4_096, "limit of files"),
  limit("leaves no core files", "Max core file size", 0, "limit of core"),
  limit("has a bound on the size of a file", "Max file size", 4 * 2 ** 30, "limit of file size"),
  limit("has a bound on memory", "Max data size", 2 * 2 ** 30, "limit of data"),
  limit("has a bound on processor time", "Max cpu time", 24 * 60 * 60, "limit of processor"),
  {
    name: "makes no file past its bound",
    wall: "limit of file size",
    // Without a block on any disk.
    perl: `local $SIG{XFSZ} = 'IGNORE'; open(my $file, '>', '/tmp/long') or return '';
      truncate($file, 5 << 30) ? 'a file of 5 GiB' : ''`,
  },
]);
