/**
 * What a probe is, and how many of them become one command: a shell, for what it can try without any
 * other program, and one perl for all the rest.
 *
 * A probe looks for a way through one wall of the sandbox and says what it found, or nothing. Each is
 * framed, so that one which never ran is told from one that found nothing.
 */
import type { SandboxCheck } from "../../protocol.ts";
import type { Group } from "../seccomp-rules.ts";

/**
 * What keeps a probe from finding anything. The tests take each of these away and see which probes
 * turn red. `root` is the sandbox's own root folder: without it, a probe runs outside.
 */
export type Wall =
  | "process namespace"
  | "network namespace"
  | "ipc namespace"
  | "host name namespace"
  | "cgroup namespace"
  | "root"
  | "nested namespaces"
  | "inside id"
  | "capabilities"
  | "session"
  | "environment"
  | "descriptors"
  | "umask"
  | "read-only mounts"
  | "closed devices"
  | "sized mounts"
  | "git pins"
  | "held files"
  | "seccomp"
  | `filter of ${Group}`
  | "bond to the executor"
  | `limit of ${"processes" | "files" | "core" | "file size" | "data" | "processor" | "output" | "time"}`;

export type Area =
  | "real work"
  | "identity"
  | "namespaces"
  | "mounts"
  | "files"
  | "kernel"
  | "network"
  | "processes"
  | "limits"
  | "git"
  | "system calls"
  | "bounds";

/**
 * The body runs in the workspace. A shell's has a subshell of its own and prints what it found; a
 * perl's shares one process with the others and returns it. Both know what `Bait` names, as `$name`.
 */
export type Look = { sh: string } | { perl: string };

export type Probe = {
  /** What holds where it finds nothing. */
  name: string;
  area: Area;
  wall: Wall;
  /** A file of the bait that it tries to make outside; whether it is there, the host says. */
  trace?: string;
} & Look;

/** Probes of one area, as a table. */
export function inArea(area: Area, rows: (Omit<Probe, "area"> & Look)[]): Probe[] {
  return rows.map((row) => ({ area, ...row }) as Probe);
}

/** Separators that nothing else prints. */
const RECORD = "\u001e";
const FIELD = "\u001f";
const FOUND_LIMIT_BYTES = 160;
const PERL_MISSING = "no perl";

/** Values that the bodies know by name. */
export type Values = Readonly<Record<string, string>>;

/** The command that runs them all, one after another. */
export function batch(probes: readonly Probe[], values: Values): string[] {
  const shell = [...assignments(values, shellWord), SHELL_FRAME, ...bodies(probes, "sh")];
  const perl = [PERL_FRAME, ...assignments(values, perlWord), ...bodies(probes, "perl")];
  return ["/bin/sh", "-c", [...shell, START_PERL].join("\n"), "probes", perl.join("\n")];
}

function bodies(probes: readonly Probe[], language: "sh" | "perl"): string[] {
  return probes.flatMap((probe, at) => {
    if (language === "sh") return "sh" in probe ? [`say ${at} "$( ${probe.sh}\n)"`] : [];
    return "perl" in probe ? [`look(${at}, sub { ${probe.perl}\n});`] : [];
  });
}

function assignments(values: Values, word: (name: string, value: string) => string): string[] {
  return Object.entries(values).map(([name, value]) => word(name, value));
}

const shellWord = (name: string, value: string) => `${name}='${value.replaceAll("'", "'\\''")}'`;
const perlWord = (name: string, value: string) =>
  `our $${name} = '${value.replaceAll(/[\\']/g, "\\$&")}';`;

const SHELL_FRAME = `
exec 2>/dev/null
: > made-by-probes
say() { printf '\\036%s\\037%.${FOUND_LIMIT_BYTES}s' "$1" "$2"; }
`;

const START_PERL = `if command -v perl >/dev/null; then perl -e "$1"; else say '${PERL_MISSING}' ''; fi`;

/**
 * Tables of the kernel are read once, since each has to be put together anew. `refused` asks for a call
 * and says how far it came past the filter.
 */
const PERL_FRAME = `
$| = 1;
sub rows { open(my $file, '<', $_[0]) or return; chomp(my @rows = <$file>); return @rows }
our %status = map { /^(\\w+):\\s*(.*)/ } rows('/proc/self/status');
our %limits = map { /^(.+?) {2,}(\\S+) +(\\S+)/ ? ($1 => [$2, $3]) : () } rows('/proc/self/limits');
our @mounts = map { my @fields = split / /; { at => $fields[4], options => ",$fields[5],", row => $_ } }
  rows('/proc/self/mountinfo');
sub look {
  my ($at, $body) = @_;
  my $said = eval { $body->() } // "broke off: $@";
  printf "\\036%d\\037%.${FOUND_LIMIT_BYTES}s", $at, $said;
}
sub refused {
  my ($number, @arguments) = @_;
  my $result = syscall($number, @arguments);
  return "it was let through" if $result >= 0;
  return grep({ $! == $_ } 1, 38, 97) ? '' : "it came past the filter: $!";
}
`;

/** What the probes of a batch found, in their order; null for one that has not run. */
export type Findings = { found: (string | null)[]; has_perl: boolean };

export function readFindings(probes: readonly Probe[], output: string): Findings {
  const said = new Map<string, string>();
  for (const record of output.split(RECORD).slice(1)) {
    const [key = "", text = ""] = record.split(FIELD, 2);
    said.set(key, text.trim());
  }
  return {
    found: probes.map((_probe, at) => said.get(String(at)) ?? null),
    has_perl: !said.has(PERL_MISSING),
  };
}

const REPORT_IT = "run commands elsewhere until this holds; please report it with this detail";

type Named = Pick<Probe, "name" | "area">;

export function checkOf({ name, area }: Named, found: string | null): SandboxCheck {
  if (found === "") return { area, name, state: "held", detail: "nothing found", fix: null };
  const detail = found ?? "it did not run to its end";
  return { area, name, state: "open", detail, fix: REPORT_IT };
}

/** Where there is no perl: what it would have looked for is not known to be open. */
export function notRun({ name, area }: Named): SandboxCheck {
  const detail = "not run: it needs perl";
  return { area, name, state: "not_run", detail, fix: "apt-get install perl-base" };
}
