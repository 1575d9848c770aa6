import type { Flow, Scope } from "./scope.ts";
import { type Field, literalField } from "./words.ts";

/** What a command runs in turn: words of another command, or a script. */
export type Inner = (
  | { readonly kind: "words"; readonly words: readonly Field[] }
  | { readonly kind: "script"; readonly text: string }
) & {
  readonly stdin?: Flow | null;
  /** Perhaps it runs: nothing is said of it but the worst. */
  readonly is_guess?: boolean;
};

/** Programs that run the rest of their words: which options take a value, and how many words come first. */
const prefixes: Readonly<Record<string, readonly [valued: string, before: number]>> = {
  sudo: ["-u -g -h -p -C -D -R -r -t -T -U --user --group --chdir", 0],
  doas: ["-u -C", 0],
  pkexec: ["--user", 0],
  run0: ["-u --user", 0],
  env: ["-u -C --unset --chdir", 0],
  nice: ["-n --adjustment", 0],
  ionice: ["-c -n -p", 0],
  chrt: ["-T -P -D", 1],
  taskset: ["", 1],
  nohup: ["", 0],
  timeout: ["-k -s --kill-after --signal", 1],
  setsid: ["", 0],
  stdbuf: ["-i -o -e --input --output --error", 0],
  time: ["-f -o --format --output", 0],
  command: ["", 0],
  builtin: ["", 0],
  exec: ["-a", 0],
  busybox: ["", 0],
  toybox: ["", 0],
  chroot: ["", 1],
  unshare: ["-S -G -R -w", 0],
  nsenter: ["-t --target -S -G -r -w", 0],
  strace: ["-e -o -p -s -u -E -a -O -S -P", 0],
  ltrace: ["-e -o -p -s -u -a", 0],
  setarch: ["", 1],
  prlimit: ["", 0],
  fakeroot: ["-l -s -i -b", 0],
  firejail: ["", 0],
  "systemd-run": ["-p -u --unit --property", 0],
  "dbus-run-session": ["", 0],
  "xvfb-run": ["-e -f -n -p -s -w", 0],
  unbuffer: ["", 0],
  catchsegv: ["", 0],
  caffeinate: ["-t -w", 0],
  gosu: ["", 1],
  runuser: ["-u -g -G", 0],
  watch: ["-n --interval", 0],
  parallel: ["-j -P -S --jobs", 0],
  entr: ["", 0],
  coproc: ["", 0],
  ssh: ["-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w", 1],
};
const SHELLS = /^(?:r?bash|sh|dash|zsh|ksh|mksh|ash|fish|csh|tcsh)$/;
const ASSIGNMENT = /^[A-Za-z_]\w*=/;

/** Everything that a command would run in turn, for its dangers to be found. */
export function unwrap(name: string, args: readonly Field[], scope: Scope): Inner[] {
  const rule = Object.hasOwn(prefixes, name) ? prefixes[name] : undefined;
  const inner: Inner[] = [];
  const is_question = name === "command" && /^-[vV]$/.test(args[0]?.text ?? "");
  if (rule !== undefined && !is_question) inner.push(...afterPrefix(args, rule));
  inner.push(...withinCode(name, args));
  if (SHELLS.test(name)) inner.push(...shell(args, scope));
  if (name === "eval" || name === "ssh" || name === "watch" || name === "parallel")
    inner.push(script(afterPrefix(args, rule ?? ["", 0])));
  if (name === "eval") inner.push({ kind: "script", text: args.map(({ text }) => text).join(" ") });
  const [sourced] = args;
  if ((name === "source" || name === ".") && sourced?.unknown === true)
    inner.push({ kind: "script", text: sourced.text });
  if (name === "env") inner.push(...splitString(args));
  if (["su", "script", "flock", "runuser", "sg"].includes(name)) inner.push(...optionScript(args));
  if (name === "flock") inner.push({ kind: "words", words: args.slice(1) });
  if (name === "trap" || name === "alias") inner.push(...literalScripts(name, args));
  if (name === "xargs") inner.push(...xargs(args, scope));
  if (name === "find" || name === "fd" || name === "fdfind") inner.push(...executed(args));
  if (["at", "batch", "crontab", "parallel"].includes(name) && scope.stdin?.text)
    inner.push({ kind: "script", text: scope.stdin.text });
  return inner.filter((one) => one.kind === "script" || one.words.length > 0);
}

function afterPrefix(args: readonly Field[], [valued, before]: readonly [string, number]): Inner[] {
  const takes = new Set(valued.split(" "));
  let at = 0;
  let left = before;
  for (; at < args.length; at++) {
    const text = args[at]?.text ?? "";
    if (text === "--") {
      at += 1;
      if (left === 0) break;
    } else if (text.startsWith("-") && text !== "-") at += takes.has(text) ? 1 : 0;
    else if (ASSIGNMENT.test(text)) continue;
    else if (left-- <= 0) break;
  }
  return [{ kind: "words", words: args.slice(at) }];
}

const script = (inner: readonly Inner[]): Inner => {
  const [first] = inner;
  const words = first?.kind === "words" ? first.words : [];
  return { kind: "script", text: words.map(({ text }) => text).join(" ") };
};

/** `-c SCRIPT`, or what comes through its standard input. */
function shell(args: readonly Field[], scope: Scope): Inner[] {
  const options = args.filter(({ text }) => /^[-+]/.test(text));
  const operands = args.filter(
    ({ text }, at) => !/^[-+]/.test(text) && !/^[-+]o$/.test(args[at - 1]?.text ?? ""),
  );
  const has = (letter: string) =>
    options.some(({ text }) => /^-[a-zA-Z]+$/.test(text) && text.includes(letter));
  const [first] = operands;
  if (has("c")) return first === undefined ? [] : [{ kind: "script", text: first.text }];
  const reads_input =
    first === undefined ||
    has("s") ||
    /^(?:\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0)$/.test(first.text);
  const inner: Inner[] = [];
  if (reads_input && scope.stdin?.text) inner.push({ kind: "script", text: scope.stdin.text });
  // A process substitution: its text is what the inner command prints.
  if (first?.unknown === true && first.text !== "")
    inner.push({ kind: "script", text: first.text });
  return inner;
}

function splitString(args: readonly Field[]): Inner[] {
  return args.flatMap(({ text }, at): Inner[] => {
    if (text === "-S" || text === "--split-string") {
      const rest = args.slice(at + 1).map((one) => one.text);
      return [{ kind: "script", text: rest.join(" ") }];
    }
    const attached = /^(?:-[a-z]*S|--split-string=)(.+)$/s.exec(text)?.[1];
    return attached === undefined ? [] : [{ kind: "script", text: attached }];
  });
}

const optionScript = (args: readonly Field[]): Inner[] =>
  args.flatMap(({ text }, at): Inner[] =>
    /^(?:-[a-z]*c|--command)$/.test(args[at - 1]?.text ?? "")
      ? [{ kind: "script", text }]
      : text.startsWith("--command=")
        ? [{ kind: "script", text: text.slice("--command=".length) }]
        : [],
  );

const literalScripts = (name: string, args: readonly Field[]): Inner[] =>
  args
    .slice(0, name === "trap" ? 1 : undefined)
    .map(({ text }) => ({ kind: "script", text: text.replace(/^[\w-]+=/, "") }));

const XARGS: readonly [string, number] = [
  "-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-procs --replace",
  0,
];

function xargs(args: readonly Field[], scope: Scope): Inner[] {
  const [inner] = afterPrefix(args, XARGS);
  const words = inner?.kind === "words" ? inner.words : [];
  const at = args.findIndex(({ text }) => /^-[iI]/.test(text));
  const marker = at === -1 ? null : ((args[at]?.text.slice(2) || args[at + 1]?.text) ?? "{}");
  const { text = null, network = false } = scope.stdin ?? {};
  const given = (text ?? "").split(/[\s]+/).filter((word) => word !== "");
  if (network && text === null) given.push("");
  const fed = given.map((word) => ({ ...literalField(word), unknown: true, network }));
  if (marker === null)
    return [{ kind: "words", words: [...words, ...fed], stdin: { text: "", network } }];
  const fill = (value: string): Inner => ({
    kind: "words",
    words: words.map((word) => ({ ...word, text: word.text.replaceAll(marker, value), network })),
  });
  return given.length === 0 ? [fill(marker)] : given.slice(0, 8).map(fill);
}

/** `-exec` and its like, with each start folder for the names that it will find. */
function executed(args: readonly Field[]): Inner[] {
  const first = args.findIndex(({ text }) => /^[-(!]/.test(text) && !/^-[HLP]$/.test(text));
  const starts = args.slice(0, first).filter(({ text }) => !text.startsWith("-"));
  return args.flatMap(({ text }, at): Inner[] => {
    if (!/^(?:-exec|-execdir|-ok|-okdir|-x|-X|--exec|--exec-batch)$/.test(text)) return [];
    const rest = args.slice(at + 1);
    const end = rest.findIndex((word) => word.text === ";" || word.text === "+");
    const words = end === -1 ? rest : rest.slice(0, end);
    return (starts.length === 0 ? [literalField(".")] : starts).map((start) => ({
      kind: "words",
      words: words.map((word) => ({ ...word, text: word.text.replaceAll("{}", start.text) })),
    }));
  });
}

const INTERPRETERS = /^(?:python[\d.]*|node|nodejs|ruby|perl|php|lua|deno|bun|[gm]?awk)$/;
const STARTS_OTHERS = /system|exec|spawn|popen|subprocess|shell|qx|`|call|run/i;
const ESCAPES = /^(?:vim?|nvim|ex|ed|emacs|gdb|sqlite3|psql|mysql|git|less|man)$/;
const ESCAPE = /^(?::?!|\.?(?:shell|system)\s+|\\!\s*|alias\.[^=]*=!)(.+)$/s;
const STRINGS = 16;

/** Scripts in the texts of a program, and behind the shell escapes of editors. */
function withinCode(name: string, args: readonly Field[]): Inner[] {
  const guess = (text: string): Inner => ({ kind: "script", text, is_guess: true });
  if (ESCAPES.test(name))
    return args.flatMap(({ text }) => ESCAPE.exec(text)?.[1] ?? []).map(guess);
  if (!INTERPRETERS.test(name)) return [];
  const code = args.map(({ text }) => text).join("\n");
  if (!STARTS_OTHERS.test(code)) return [];
  const strings = Array.from(code.matchAll(/(["'`])([^"'`\n]{2,})\1/g), ([, , text = ""]) => text);
  const lists = Array.from(code.matchAll(/\[((?:\s*["'][^"'\n]*["']\s*,?)+)\]/g), ([, list = ""]) =>
    Array.from(list.matchAll(/["']([^"']*)["']/g), ([, word = ""]) => word).join(" "),
  );
  return [...strings, ...lists].slice(0, STRINGS).map(guess);
}
