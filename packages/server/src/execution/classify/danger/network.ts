import { isDownload } from "../paths.ts";
import type { Field } from "../words.ts";
import type { Rule, Suspect } from "./danger.ts";
import { deviceOf } from "./targets.ts";

const SHELLS = /^(?:r?bash|sh|dash|zsh|ksh|mksh|ash|fish|csh|tcsh)$/;
const INTERPRETERS =
  /^(?:python[\d.]*|node|nodejs|ruby|perl|php|lua|deno|bun|tclsh|Rscript|osascript)$/;
const RUNS_A_PROGRAM =
  /^(?:-[a-zA-Z]*[ec]|--exec|--sh-exec|--lua-exec|-[a-z]*[ec]\/.*|--exec=.*|--sh-exec=.*)$/;

/** What runs whatever comes over the network, or hands a shell to it. */
export const networkDangers: Rule = (suspect) => {
  const { name, args, call, scope, walk } = suspect;
  const words = args.map(({ text }) => text);
  const is_interpreter = SHELLS.test(name) || INTERPRETERS.test(name);
  const [named] = call.words;
  const runs_download =
    (named !== undefined && named.text.includes("/") && isDownload(named, scope, walk)) ||
    ((is_interpreter || name === "source" || name === ".") &&
      args.slice(0, afterOptions(args) + 1).some((field) => isDownload(field, scope, walk)));
  return [
    runs_download ? "it runs what it has just fetched from the network" : null,
    named?.network === true ? "what comes over the network names the program" : null,
    takesCode(suspect, is_interpreter) ? "it runs what comes over the network" : null,
    is_interpreter || name === "exec" ? connects(suspect) : null,
    isNetcat(name) && words.some((word) => RUNS_A_PROGRAM.test(word))
      ? "it hands a program to the network"
      : null,
    name === "socat" &&
    words.some((word) => /\b(?:EXEC|SYSTEM|SHELL):/i.test(word)) &&
    words.some((word) => /TCP|UDP|OPENSSL|SSL|LISTEN|SOCKS/i.test(word))
      ? "it hands a program to the network"
      : null,
  ];
};

/** Where the program's file stands; what comes after it is its own affair. */
const afterOptions = (args: readonly Field[]): number =>
  args.findIndex(({ text }) => !/^[-+]/.test(text));

const isNetcat = (name: string): boolean =>
  /^(?:nc|ncat|netcat|nc\.traditional|nc\.openbsd)$/.test(name);

function takesCode({ name, args, scope }: Suspect, is_interpreter: boolean): boolean {
  const given = args.some((field) => field.network);
  if (name === "eval" || name === "source" || name === ".")
    return given || scope.stdin?.network === true;
  if (!is_interpreter) return false;
  if (given) return true;
  const evaluates = args.some(({ text }) => /\b(?:exec|eval|Function)\b/.test(text));
  if (evaluates && scope.stdin?.network === true) return true;
  const { text: first = "-" } =
    args.find(({ text }) => !/^-[a-zA-Z]/.test(text) || text === "-c") ?? {};
  const reads_input =
    /^(?:-|\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0)$/.test(first) ||
    args.some(({ text }) => SHELLS.test(name) && /^-[a-zA-Z]*s/.test(text));
  return (
    scope.stdin?.network === true &&
    (reads_input || (SHELLS.test(name) && !args.some(({ text }) => /^-[a-z]*c$/.test(text))))
  );
}

/** A shell whose input or output is a connection. */
function connects({ name, call }: Suspect): string | null {
  const is_connected = call.targets.some(({ text }) => deviceOf(text) === "network");
  if (!is_connected) return null;
  return name === "exec" ? null : "it hands a shell to the network";
}
