import type { Allowed } from "./options.ts";
import { jqDoubt, yqDoubt } from "./jq.ts";

const HELP = "--help --version";
const CHECKSUM = "-b -t -z --binary --text --zero --tag";
const LISTING =
  "-a -A -b -B -c -C -d -f -F -g -G -h -H -i -I: -k -l -L -m -n -N -o -p -q -Q -r -R -s -S -t -T: " +
  "-u -U -v -w: -x -X -Z -1 --all --almost-all --author --escape --block-size: --ignore-backups " +
  "--color= --directory --dired --classify= --file-type --format: --full-time --hide: --inode " +
  "--group-directories-first --no-group --human-readable --si --dereference-command-line --zero " +
  "--hyperlink= --indicator-style: --ignore: --kibibytes --dereference --numeric-uid-gid --literal " +
  "--hide-control-chars --show-control-chars --quote-name --quoting-style: --reverse --recursive " +
  "--size --sort: --time: --time-style: --tabsize: --width: --context";
const LOOKS_BEHIND_LINKS = ["-L", "--dereference", "--group-directories-first", "--hyperlink"];
const GREP =
  "-E -F -G -P -i -y -v -w -x -c -L -l -m: -o -q -s -b -H -h -n -T -Z -A: -B: -C: -# -a -I -r -R -U " +
  "-z -e:! -f@! -d: -D: --extended-regexp --fixed-strings --basic-regexp --perl-regexp --regexp:! " +
  "--file@! --ignore-case --no-ignore-case --invert-match --word-regexp --line-regexp --count " +
  "--color= --colour= --files-without-match --files-with-matches --max-count: --only-matching " +
  "--quiet --silent --no-messages --byte-offset --with-filename --no-filename --label: --null " +
  "--line-number --initial-tab --null-data --after-context: --before-context: --context: --text " +
  "--binary-files: --exclude: --exclude-from@ --exclude-dir: --include: --recursive --binary " +
  "--dereference-recursive --line-buffered --directories: --devices:";
const HEAD_OR_TAIL =
  "-c: -n: -q -v -z -# --bytes: --lines: --quiet --silent --verbose --zero-terminated";
const QUIET = "-q -v --quiet --verbose";
/** To standard output, or looking alone: without either they replace the file. */
const compressed = (looks: string): readonly Allowed[] => [
  {
    ...{
      options: `-c -d -k ${QUIET} -# --stdout --to-stdout --decompress --keep`,
      operands: "paths",
    },
    requires: ["-c", "--stdout", "--to-stdout"],
  },
  { options: `${looks} ${QUIET}`, operands: "paths", requires: looks.split(" ") },
];

const paths = (options: string): Allowed => ({ options: `${options} ${HELP}`, operands: "paths" });
/** Whose options do no harm, whichever they are. */
const harmless = (options: string, operands: Allowed["operands"] = "paths"): Allowed => ({
  ...{ options: `${options} ${HELP}`, operands, harmless: true },
});
const binary = (options: string): Allowed => ({ ...paths(options), at_files: true });

const gzipped = (ways: readonly Allowed[]): readonly Allowed[] =>
  ways.map((way) => ({ ...way, endings: [".gz", ".z", "-gz", "-z", ".Z", ".tgz"] }));
const grep: Allowed = {
  ...harmless(GREP, "pattern, then paths"),
  // Without an ending a name may be `-R`, which goes through links.
  harmless: /\.\w+$/,
  follows: ["-R", "--dereference-recursive"],
};

/** Any option and any text: they only print. */
export const PRINTERS: ReadonlySet<string> = new Set(["echo", "true", "false", ":"]);

/** Programs that only read, with the options that keep it so. */
export const readers: Readonly<Record<string, Allowed | readonly Allowed[]>> = {
  ls: { ...harmless(LISTING), follows: LOOKS_BEHIND_LINKS },
  dir: { ...harmless(LISTING), follows: LOOKS_BEHIND_LINKS },
  vdir: { ...harmless(LISTING), follows: LOOKS_BEHIND_LINKS },
  cat: harmless(
    "-A -b -e -E -n -s -t -T -u -v --show-all --number-nonblank --show-ends --number " +
      "--squeeze-blank --show-tabs --show-nonprinting",
  ),
  tac: harmless("-b -r -s: --before --regex --separator:"),
  rev: harmless("-0 --zero"),
  head: harmless(HEAD_OR_TAIL),
  tail: { ...paths(HEAD_OR_TAIL), refuses: /^\+/ },
  wc: harmless("-c -m -l -L -w --bytes --chars --lines --max-line-length --words --total:"),
  nl: harmless(
    "-b: -d: -f: -h: -i: -l: -n: -p -s: -v: -w: --body-numbering: --header-numbering: " +
      "--footer-numbering: --number-format: --number-separator: --number-width: --starting-line-number:",
  ),
  od: paths(
    "-a -A: -b -c -d -f -h -i -j: -l -N: -o -s -S: -t: -v -w: -x --address-radix: --format: " +
      "--skip-bytes: --read-bytes: --output-duplicates --width= --strings= --endian:",
  ),
  hexdump: paths("-b -c -C -d -e: -n: -o -s: -v -x --canonical --length: --skip: --no-squeezing"),
  hd: paths("-b -c -C -d -e: -n: -o -s: -v -x"),
  xxd: {
    options: "-a -b -c: -cols: -C -E -e -g: -i -l: -len: -n: -o: -p -ps -plain -s: -seek: -u -d",
    operands: "at most one path",
    unbundled: true,
  },
  strings: binary(
    "-a -f -n: -t: -e: -o -w -# --all --print-file-name --bytes: --radix: --encoding:",
  ),
  base64: harmless("-d -i -w: --decode --ignore-garbage --wrap:", "at most one path"),
  base32: harmless("-d -i -w: --decode --ignore-garbage --wrap:", "at most one path"),
  md5sum: harmless(CHECKSUM),
  sha1sum: harmless(CHECKSUM),
  sha224sum: harmless(CHECKSUM),
  sha256sum: harmless(CHECKSUM),
  sha384sum: harmless(CHECKSUM),
  sha512sum: harmless(CHECKSUM),
  b2sum: harmless(`${CHECKSUM} -l: --length:`),
  shasum: paths("-a: -b -t -U -0 --algorithm: --binary --text"),
  cksum: harmless("-a: -l: --algorithm: --length: --base64 --raw --tag --untagged --zero"),
  sum: harmless("-r -s --sysv"),
  cut: harmless(
    "-b: -c: -d: -f: -n -s -z --bytes: --characters: --delimiter: --fields: --complement " +
      "--only-delimited --output-delimiter: --zero-terminated",
  ),
  paste: harmless("-d: -s -z --delimiters: --serial --zero-terminated"),
  join: harmless(
    "-a: -e: -i -j: -o: -t: -v: -1: -2: -z --check-order --nocheck-order --header --ignore-case " +
      "--zero-terminated",
  ),
  comm: harmless(
    "-1 -2 -3 -z --check-order --nocheck-order --output-delimiter: --total --zero-terminated",
  ),
  diff: {
    ...paths(
      "-a -b -B -c -C: -d -e -E -F: -i -I: -n -N -p -q -r -s -t -T -u -U: -w -W: -x: -X@ -y -Z -# " +
        "--brief --recursive --unified= --context= --side-by-side --color= --ignore-all-space --text " +
        "--ignore-case --ignore-space-change --ignore-blank-lines --ignore-trailing-space --normal " +
        "--ignore-tab-expansion --ignore-matching-lines: --exclude: --exclude-from@ --label: --rcs " +
        "--strip-trailing-cr --new-file --report-identical-files --minimal --speed-large-files --ed " +
        "--suppress-common-lines --width: --no-dereference --show-c-function --expand-tabs " +
        "--left-column --tabsize: --initial-tab --horizon-lines: --palette:",
    ),
    follows: ["-r", "--recursive"],
    enters: true,
  },
  cmp: harmless(
    "-b -i: -l -n: -s --print-bytes --verbose --bytes: --ignore-initial: --quiet --silent",
  ),
  sort: paths(
    "-b -d -f -g -h -i -M -n -R -r -V -c -C -k: -m -s -t: -u -z --ignore-leading-blanks --key: " +
      "--dictionary-order --ignore-case --general-numeric-sort --ignore-nonprinting --month-sort " +
      "--human-numeric-sort --numeric-sort --random-sort --reverse --version-sort --sort: --check= " +
      "--merge --stable --field-separator: --unique --zero-terminated --parallel: --debug",
  ),
  uniq: harmless(
    "-c -d -D -f: -i -s: -u -w: -z --count --repeated --all-repeated= --group= --skip-fields: " +
      "--ignore-case --skip-chars: --unique --check-chars: --zero-terminated",
    "at most one path",
  ),
  tr: harmless("-c -C -d -s -t --complement --delete --squeeze-repeats --truncate-set1", "text"),
  fold: harmless("-b -s -w: -# --bytes --spaces --width:"),
  fmt: harmless(
    "-c -s -u -t -w: -p: -g: -# --crown-margin --split-only --uniform-spacing --tagged-paragraph " +
      "--width: --prefix: --goal:",
  ),
  column: harmless(
    "-t -s: -o: -c: -x -n: -e -N: -R: -H: -J -L -l: -d --table --separator: --output-separator: " +
      "--table-columns: --table-right: --table-hide: --json --table-name: --fillrows --columns:",
  ),
  pr: paths("-d -h: -l: -n -o: -t -T -w: -W: -m -a -# --header: --length: --width: --omit-header"),
  expand: harmless("-i -t: -# --initial --tabs:"),
  unexpand: harmless("-a -t: --all --first-only --tabs:"),
  tsort: harmless(""),
  iconv: paths("-f: -t: -c -l -s --from-code: --to-code: --list --silent"),
  shuf: {
    ...{ options: `-e -i: -n: -r -z --echo --input-range: --head-count: --repeat ${HELP}` },
    operands: "at most one path",
  },
  numfmt: harmless(
    "--to: --from: --field: --suffix: --format: --grouping --header= --padding: --round: --invalid: " +
      "-d: -z --delimiter: --from-unit: --to-unit: --zero-terminated --debug",
    "text",
  ),
  seq: harmless("-f: -s: -w -# --format: --separator: --equal-width", "text"),
  factor: harmless("", "text"),
  expr: harmless("", "text"),
  basename: harmless("-a -s: -z --multiple --suffix: --zero", "text"),
  dirname: harmless("-z --zero", "text"),
  realpath: harmless(
    "-e -m -L -P -q -s -z --canonicalize-existing --canonicalize-missing --logical --physical " +
      "--relative-to@ --relative-base@ --strip --no-symlinks --zero --quiet",
  ),
  readlink: harmless(
    "-f -e -m -n -q -s -v -z --canonicalize --canonicalize-existing --canonicalize-missing " +
      "--no-newline --quiet --silent --verbose --zero",
  ),
  stat: harmless("-c: -f -L -t --format: --printf: --dereference --file-system --terse --cached:"),
  file: paths(
    "-b -i -I -L -h -k -0 -E -F: -N -n -r --brief --mime --mime-type --mime-encoding --dereference " +
      "--no-dereference --extension --keep-going --no-buffer --no-pad --print0 --raw --separator:",
  ),
  tree: {
    ...paths(
      "-a -d -f -i -l -L: -P: -I: -x -p -s -h -u -g -D -F -q -N -Q -r -t -c -U -v -C -n -A -S -J -X " +
        "--noreport --dirsfirst --filesfirst --filelimit: --gitignore --prune --matchdirs --du --si " +
        "--ignore-case --charset: --sort= --timefmt: --inodes --device --metafirst",
    ),
    follows: ["-l"],
  },
  du: {
    ...harmless(
      "-a -A -b -B: -c -d: -D -h -H -k -l -L -m -P -s -S -t: -x -X@ -0 --all --apparent-size --bytes " +
        "--block-size: --total --max-depth: --human-readable --si --summarize --separate-dirs " +
        "--threshold: --one-file-system --exclude: --exclude-from@ --time= --time-style: --dereference " +
        "--dereference-args --no-dereference --inodes --null --count-links",
    ),
    follows: ["-L", "--dereference"],
  },
  df: paths(
    "-a -B: -h -H -i -k -l -m -P -t: -T -x: --all --block-size: --human-readable --si --inodes " +
      "--local --portability --print-type --type: --exclude-type: --total --output=",
  ),
  grep: grep,
  egrep: grep,
  fgrep: grep,
  rg: {
    follows: ["-L", "--follow"],
    options:
      "-i -s -S -v -w -x -n -N -l -c -o -e:! -f@! -g: -t: -T: -A: -B: -C: -m: -F -P -U -u -a -L -0 " +
      "-H -I -j: -M: -E: -p -q -r: -h -V -. -b --ignore-case --case-sensitive --smart-case " +
      "--invert-match --word-regexp --line-regexp --line-number --no-line-number --column " +
      "--files-with-matches --files-without-match --count --count-matches --only-matching " +
      "--regexp:! --file@! --glob: --iglob: --type: --type-not: --type-list! --after-context: " +
      "--before-context: --context: --max-count: --fixed-strings --pcre2 --multiline " +
      "--multiline-dotall --unrestricted --text --follow --null --with-filename --no-filename " +
      "--threads: --max-columns: --max-columns-preview --pretty --quiet --replace: --hidden " +
      "--no-ignore --no-ignore-vcs --no-ignore-parent --no-ignore-global --no-ignore-dot --files! " +
      "--sort: --sortr: --max-depth: --maxdepth: --max-filesize: --color: --colors: --heading " +
      "--no-heading --json --stats --trim --vimgrep --passthru --no-messages --no-config --crlf " +
      "--byte-offset --encoding: --engine: --null-data --one-file-system --line-buffered --debug " +
      "--include-zero --context-separator: --field-match-separator: --no-binary --binary --version",
    operands: "pattern, then paths",
  },
  fd: {
    follows: ["-L", "--follow"],
    options:
      "-H -I -u -L -t: -e: -d: -g -F -i -s -a -p -0 -1 -E: -c: -S: -q --hidden --no-ignore --follow " +
      "--unrestricted --type: --extension: --max-depth: --min-depth: --exact-depth: --glob " +
      "--fixed-strings --ignore-case --case-sensitive --absolute-path --full-path --print0 " +
      "--exclude: --color: --size: --changed-within: --changed-before: --max-results: --quiet",
    operands: "pattern, then paths",
  },
  jq: {
    options:
      "-r -c -n -s -S -e -a -j -M -C -R --raw-output --compact-output --null-input --slurp --tab " +
      "--sort-keys --exit-status --ascii-output --join-output --monochrome-output --color-output " +
      "--raw-input --indent: --arg:: --argjson:: --slurpfile:@ --rawfile:@ --version",
    operands: "pattern, then paths",
    pattern: jqDoubt,
  },
  yq: {
    options:
      "-r -P -y -o: -p: --raw-output --prettyPrint --yaml-output " +
      "--output-format: --input-format: --version",
    operands: "pattern, then paths",
    pattern: yqDoubt,
  },
  bc: paths("-l -q -s --mathlib --quiet --standard"),
  unzip: {
    ...{ refuses: /[*?[]/, endings: [".zip", ".ZIP"] },
    options: "-l -v -t -p -c -z -q -Z",
    operands: "path, then text",
    requires: ["-l", "-v", "-t", "-p", "-c", "-z"],
  },
  zipinfo: {
    ...{ refuses: /[*?[]/, endings: [".zip", ".ZIP"] },
    options: "-1 -2 -s -m -l -v -h -t -z -T",
    operands: "path, then text",
  },
  zcat: gzipped([paths("-v -q")]),
  bzcat: paths("-v -q"),
  xzcat: paths("-v -q"),
  gzip: gzipped(compressed("-l -t --list --test")),
  gunzip: gzipped(compressed("-l -t --list --test")),
  bzip2: compressed("-t --test"),
  xz: compressed("-l -t --list --test"),
  readelf: binary(
    "-a -h -l -S -s -d -e -n -r -u -V -A -D -W -I -t -g -x: -p: -R: --all --file-header " +
      "--program-headers --segments --section-headers --sections --symbols --syms --dyn-syms " +
      "--headers --notes --relocs --dynamic --version-info --wide --string-dump: --hex-dump:",
  ),
  nm: binary(
    "-a -A -C -D -f: -g -n -o -p -P -r -S -t: -u --demangle= --dynamic --extern-only --defined-only " +
      "--undefined-only --size-sort --print-size --numeric-sort --reverse-sort --format: --radix:",
  ),
  objdump: binary(
    "-a -C -d -D -f -h -j: -M: -p -r -R -s -t -T -w -x --archive-headers --disassemble= " +
      "--disassemble-all --file-headers --section-headers --headers --section: --full-contents " +
      "--syms --dynamic-syms --reloc --all-headers --demangle= --no-show-raw-insn --wide " +
      "--private-headers --disassembler-options: --start-address: --stop-address:",
  ),
  size: binary("-A -B -d -o -t -x --format: --totals --radix:"),
  pwd: harmless("-L -P", "none"),
  which: paths("-a -s"),
  type: harmless("-a -f -p -P -t"),
  help: harmless("-d -m -s", "text"),
  whoami: harmless("", "none"),
  logname: harmless("", "none"),
  id: harmless(
    "-a -u -g -G -n -r -z -Z --user --group --groups --name --real --zero --context",
    "text",
  ),
  groups: harmless("", "text"),
  users: harmless("", "none"),
  tty: harmless("-s --silent --quiet", "none"),
  hostname: { options: "-s --short", operands: "none" },
  uname: harmless(
    "-a -s -n -r -v -m -p -i -o --all --kernel-name --nodename --kernel-release --kernel-version " +
      "--machine --processor --hardware-platform --operating-system",
    "none",
  ),
  arch: harmless("", "none"),
  nproc: harmless("--all --ignore:", "none"),
  uptime: harmless("-p -s --pretty --since", "none"),
  free: harmless(
    "-b -k -m -g -h -w -t -l -L -v --bytes --kibi --mebi --gibi --kilo --mega --giga --human --si " +
      "--wide --total --lohi",
    "none",
  ),
  lscpu: { options: "-a -b -c -e= -p= -J -x -y --json --extended= --parse=", operands: "none" },
  getconf: { options: "-a", operands: "text" },
  locale: { options: "-a -c -k -m --all-locales --charmaps --category-name", operands: "text" },
  cal: harmless("-1 -3 -h -j -m -s -y -A: -B: -n: -w", "text"),
  ncal: harmless("-1 -3 -h -j -M -S -y -A: -B: -w -b", "text"),
  dirs: harmless("-l -p -v", "none"),
  jobs: harmless("-l -n -p -r -s", "none"),
  times: harmless("", "none"),
};

/** Which print a version and do nothing else when that is their only word. */
export const VERSION_FLAGS: Readonly<Record<string, readonly string[]>> = {
  node: ["--version", "-v"],
  npm: ["--version", "-v"],
  deno: ["--version", "-V"],
  bun: ["--version", "-v"],
  python: ["--version", "-V"],
  python3: ["--version", "-V", "-VV"],
  ruby: ["--version", "-v"],
  perl: ["--version", "-v"],
  php: ["--version", "-v"],
  lua: ["-v"],
  java: ["-version", "--version"],
  javac: ["-version", "--version"],
  go: ["version"],
  rustc: ["--version", "-V"],
  cargo: ["--version", "-V"],
  gcc: ["--version", "-dumpversion"],
  "g++": ["--version"],
  cc: ["--version"],
  clang: ["--version"],
  ld: ["--version", "-v"],
  make: ["--version", "-v"],
  cmake: ["--version"],
  ninja: ["--version"],
  bash: ["--version"],
  tar: ["--version"],
  sed: ["--version"],
  awk: ["--version"],
  find: ["--version"],
  curl: ["--version", "-V"],
  wget: ["--version", "-V"],
  docker: ["--version", "-v"],
  sqlite3: ["--version", "-version"],
};
