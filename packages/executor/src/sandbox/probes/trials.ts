/**
 * Probes that take a sandbox and seconds of their own: they run against a bound, and how the command
 * ended says whether it held. All are small: where a wall is missing they stop by themselves.
 */
import type { Outcome } from "../../supervise.ts";
import { PROCESS_LIMIT } from "../gate.ts";
import type { Area, Wall } from "./probe.ts";

export interface Ended extends Extract<Outcome, { result: "ran" }> {
  /** Processes that have the marker among their arguments now. */
  left: number;
}

export interface Trial {
  name: string;
  area: Area;
  wall: Wall;
  /** `marker` is an argument that no other process of the host has. */
  script(marker: string): string;
  wall_ms: number;
  print_limit_bytes: number;
  /** What it found; empty where the wall held. */
  judge(ended: Ended): string;
}

const MIB = 1 << 20;
const patient = { area: "bounds", wall_ms: 20_000, print_limit_bytes: 64 * MIB } as const;

/** More than the bound by some: a sandbox that has none must not become the host's problem. */
const FORKS = PROCESS_LIMIT + 64;
const FORK = `my @made;
while (@made < ${FORKS}) { my $one = fork; last if !defined $one; if (!$one) { sleep 10; exit } push @made, $one }
print scalar @made; kill 9, @made;`;

const OPENS = 5_000;
const OPEN = `my @open; while (@open < ${OPENS}) { open($open[@open], "<", "/dev/null") or last } print scalar @open`;

const SHM_MIB = 80;

export const TRIALS: readonly Trial[] = [
  {
    ...patient,
    name: "cannot fork without end",
    wall: "limit of processes",
    script: () => `perl -e '${FORK}'`,
    judge: ({ output }) =>
      Number(output) > 0 && Number(output) < FORKS ? "" : `${output} processes at once`,
  },
  {
    ...patient,
    name: "cannot open files without end",
    wall: "limit of files",
    script: () => `perl -e '${OPEN}'`,
    judge: ({ output }) =>
      Number(output) > 0 && Number(output) < OPENS ? "" : `${output} files at once`,
  },
  {
    ...patient,
    name: "cannot fill memory by way of files",
    wall: "sized mounts",
    script: () =>
      `head -c ${SHM_MIB}M /dev/zero > /dev/shm/filled 2>/dev/null; wc -c < /dev/shm/filled`,
    judge: ({ output }) => (Number(output) < SHM_MIB * MIB ? "" : `${SHM_MIB} MiB lie in /dev/shm`),
  },
  {
    ...patient,
    name: "cannot print without end",
    wall: "limit of output",
    script: () => `head -c ${8 * MIB} /dev/zero; sleep 1`,
    print_limit_bytes: MIB,
    judge: ({ halt }) => (halt?.cause === "exceeded" ? "" : "it printed 8 MiB of 1"),
  },
  {
    ...patient,
    name: "cannot run without end",
    wall: "limit of time",
    script: () => "trap '' TERM INT HUP; sleep 2",
    wall_ms: 300,
    judge: ({ halt, duration_ms }) =>
      halt?.cause === "timed_out" ? "" : `it ran ${Math.round(duration_ms)} ms of 300`,
  },
  {
    ...patient,
    name: "leaves no daemon behind",
    wall: "process namespace",
    // In the classic way: a session of its own, and a parent that has gone.
    script: (marker) =>
      `(setsid sh -c 'sleep 5; :' ${marker} </dev/null >/dev/null 2>&1 &); sleep 0.1`,
    judge: ({ left }) => (left === 0 ? "" : `${left} processes run on`),
  },
];
