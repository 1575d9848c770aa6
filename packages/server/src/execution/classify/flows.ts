import { isDownload } from "./paths.ts";
import type { Flow, Scope, Walk } from "./scope.ts";
import type { Field } from "./words.ts";

const TALKERS: ReadonlySet<string> = new Set([
  ...["curl", "wget", "nc", "ncat", "netcat", "nc.openbsd", "nc.traditional", "socat", "telnet"],
  ...["fetch", "lynx", "links", "w3m", "aria2c", "http", "https", "httpie", "xh", "ftp", "tftp"],
  ...[
    "sftp",
    "scp",
    "rsync",
    "lwp-request",
    "GET",
    "axel",
    "dig",
    "host",
    "nslookup",
    "drill",
    "ssh",
  ],
]);
const CODE = new Set(["-c", "-e", "-r", "--eval", "-p", "--print"]);
const CODE_THAT_TALKS = /https?:\/\/|urllib|requests\.|socket|fetch\(|LWP::|open-uri|fsockopen/;

export const talksToNetwork = (name: string, args: readonly Field[]): boolean =>
  TALKERS.has(name) || (name === "openssl" && args[0]?.text === "s_client");

/** What a command prints, as far as one can tell without running it. */
export function outputOf(name: string, args: readonly Field[], scope: Scope, walk: Walk): Flow {
  const stdin = scope.stdin ?? { text: "", network: false };
  const is_fed = args.some((field) => field.network || isDownload(field, scope, walk));
  const is_code = args.some(
    ({ text }, at) => CODE.has(args[at - 1]?.text ?? "") && CODE_THAT_TALKS.test(text),
  );
  const network =
    stdin.network || is_fed || talksToNetwork(name, args) || (is_code && isInterpreter(name));
  return { text: textOf(name, args, stdin.text), network };
}

const isInterpreter = (name: string): boolean =>
  /^(?:python|node|perl|ruby|php|deno|bun)/.test(name);

function textOf(name: string, args: readonly Field[], stdin: string | null): string | null {
  const words = args.map((field) => field.text);
  const operands = words.filter((word) => !/^-[a-zA-Z-]/.test(word));
  switch (name) {
    case "echo":
      return `${unescaped(words.filter((word) => !/^-[neE]+$/.test(word)).join(" "), words)}\n`;
    case "printf":
      return printed(words);
    case "cat":
    case "tee":
      return name === "tee" || operands.length === 0 ? stdin : null;
    case "base64":
      return stdin !== null && words.some((word) => /^(-d|-D|--decode|-di|-id)$/.test(word))
        ? Buffer.from(stdin, "base64").toString("utf8")
        : null;
    case "xxd":
      return stdin !== null && words.some((word) => word.startsWith("-r"))
        ? Buffer.from(stdin.replace(/\s/g, ""), "hex").toString("utf8")
        : null;
    case "find":
      // The places where it looks stand for what it finds there.
      return words.slice(0, words.findIndex((word) => /^[-(!]/.test(word)) >>> 0).join("\n") || ".";
    case "rev":
      return stdin === null ? null : stdin.split("\n").map(reversed).join("\n");
    case "tr":
      return stdin === null ? null : translated(stdin, operands, words.includes("-d"));
    default:
      return null;
  }
}

const reversed = (line: string): string => Array.from(line).toReversed().join("");

function unescaped(text: string, words: readonly string[]): string {
  return /^-[neE]*e/.test(words[0] ?? "") ? decoded(text) : text;
}

const decoded = (text: string): string =>
  text
    .replace(/\\x([0-9a-fA-F]{1,2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/\\0?([0-7]{1,3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
    .replace(/\\n/g, "\n")
    .replace(/\\t/g, "\t");

function printed([format = "", ...values]: readonly string[]): string {
  const left = [...values];
  const text = decoded(format).replace(/%[sb]/g, () => decoded(left.shift() ?? ""));
  return left.length > 0 && !format.includes("%") ? text : `${text}${left.join("")}`;
}

function translated(
  text: string,
  [from = "", to = ""]: readonly string[],
  deletes: boolean,
): string {
  const [old, fresh] = [ranged(from), ranged(to)];
  return Array.from(text, (character) => {
    const at = old.indexOf(character);
    if (at === -1) return character;
    return deletes ? "" : (fresh[Math.min(at, fresh.length - 1)] ?? character);
  }).join("");
}

const ranged = (set: string): string[] =>
  Array.from(
    decoded(set).replace(/([a-z])-([a-z])|([A-Z])-([A-Z])|([0-9])-([0-9])/g, (span) => {
      const [start, end] = [span.charCodeAt(0), span.charCodeAt(2)];
      const size = Math.max(0, end - start + 1);
      return Array.from({ length: size }, (_, at) => String.fromCharCode(start + at)).join("");
    }),
  );
