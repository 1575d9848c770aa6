import type { Field } from "../words.ts";
import { type Allowed, doubtOf, type PathDoubt } from "./options.ts";

type Judge = (args: readonly Field[], pathDoubt: PathDoubt) => string | null;

const SLEEP_S = 300;
const UNARY = new Set([
  ...[
    "-e",
    "-f",
    "-d",
    "-r",
    "-w",
    "-x",
    "-s",
    "-L",
    "-h",
    "-p",
    "-S",
    "-b",
    "-c",
    "-g",
    "-k",
    "-u",
  ],
  ...["-G", "-O", "-N", "-n", "-z", "-t"],
]);
const BINARY = new Set([
  ...["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"],
]);
const JOINTS = new Set(["-a", "-o", "!", "(", ")", "]"]);
/** No option, and no `%n`, which sets a variable. */
const PLAIN_FORMAT = /^(?!-)(?:[^%]|%(?:%|[-+ #0]*[\d*]*(?:\.[\d*]*)?[sdiouxXeEfgGcbqQ]))*$/;
/** Without a dash the letters are one word, and the archive the next. */
const OLD_BUNDLE = /^[tvzjJ]+f$/;
const LISTS_ARCHIVE: Allowed = {
  options: "-t -v -z -j -J -f@ --list --verbose --gzip --bzip2 --xz --file@",
  operands: "text",
  requires: ["-t", "--list"],
  value: (_, archive) => (archive.includes(":") ? "tar reads from another machine" : null),
};

/** Programs with a grammar of their own, each too small for a file. */
export const small: Readonly<Record<string, Judge>> = {
  test: testDoubt,
  "[": testDoubt,

  printf: ([format]) =>
    format === undefined || (!format.unknown && !format.glob && PLAIN_FORMAT.test(format.text))
      ? null
      : "printf with an option, or a format that may set a variable",

  date(args, pathDoubt) {
    const formats = args.filter(({ text }) => text.startsWith("+"));
    const rest = args.filter(({ text }) => !text.startsWith("+"));
    if (formats.length > 1 || args.some((field) => field.unknown || field.glob))
      return "date may set the clock";
    if (args.some(({ text }) => text.includes("TZ="))) return "date reads a file of time zones";
    const options =
      "-u -R -I= -d: -r@ --utc --universal --rfc-email --iso-8601= --rfc-3339: --date: " +
      "--reference@ --help --version";
    return doubtOf("date", rest, { options, operands: "none" }, pathDoubt);
  },

  sleep: (args) => {
    const seconds = Number(args[0]?.text.replace(/s$/, ""));
    const is_bounded = args.length === 1 && seconds >= 0 && seconds <= SLEEP_S;
    return is_bounded && args[0]?.unknown === false ? null : `sleep for more than ${SLEEP_S} s`;
  },

  command: ([question, ...names], pathDoubt) =>
    /^-[vV]$/.test(question?.text ?? "")
      ? (names.map((name) => pathDoubt(name)).find((doubt) => doubt !== null) ?? null)
      : "it runs a program by another name",

  ps: (args) =>
    args.every(({ text, unknown }, at) => {
      if (unknown) return false;
      if (args[at - 1]?.text === "-o" || args[at - 1]?.text === "-eo")
        return /^(?!.*env)[a-z,%]+$/.test(text);
      return /^[auxfjlw]+$/.test(text) || /^-[efAlFjTLo]+$/.test(text);
    })
      ? null
      : "ps may print environments of other processes",

  ulimit: (args) => (args.length === 1 && args[0]?.text === "-a" ? null : "it changes limits"),
  umask: (args) => (args.length === 0 ? null : "it changes modes of files to come"),
  history: (args) => (args.length === 0 ? null : "it changes the history"),

  tar([mode, ...rest], pathDoubt) {
    if (mode === undefined) return "tar does more than list an archive";
    const bundle = OLD_BUNDLE.test(mode.text) ? { ...mode, text: `-${mode.text}` } : mode;
    return doubtOf("tar", [bundle, ...rest], LISTS_ARCHIVE, pathDoubt);
  },
};

/**
 * Subscripts are evaluated by `-v`, even in quotes; numbers are not by `test`, only by `[[`. A word
 * that only running it tells may be `-v` itself, unless an operator beside it makes it an operand.
 */
function testDoubt(args: readonly Field[], pathDoubt: PathDoubt): string | null {
  const words = args.map(({ text, unknown, glob }) => (unknown || glob ? null : text));
  const isOne = (of: ReadonlySet<string>, at: number) => of.has(words[at] ?? "");
  for (const [at, field] of args.entries()) {
    const { text } = field;
    if (/[$`]/.test(text)) return "test may evaluate a subscript";
    if ([UNARY, BINARY, JOINTS].some((known) => isOne(known, at))) continue;
    if (words[at] === null) {
      const is_alone = args.filter((one) => one.text !== "]").length === 1;
      const is_operand = isOne(UNARY, at - 1) || isOne(BINARY, at - 1) || isOne(BINARY, at + 1);
      if (!field.written.startsWith('"') || !(is_alone || is_operand))
        return "test gets a word that only running it tells";
      if (field.unknown) continue;
    }
    if (/^-[a-zA-Z]$/.test(text)) return `${text} is not among the tests that are known`;
    const doubt = pathDoubt(field);
    if (doubt !== null) return doubt;
  }
  return null;
}
