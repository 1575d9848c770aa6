import { keywords } from "./keywords.ts";

/** What can be made of a message without understanding it. */
export type Intention =
  | { readonly kind: "command"; readonly command: string }
  | { readonly kind: "read"; readonly paths: readonly string[]; readonly words: readonly string[] }
  | { readonly kind: "list"; readonly path: string | null }
  | { readonly kind: "search"; readonly words: readonly string[] }
  /** Nothing in it can be looked up. */
  | { readonly kind: "nothing" };

const MOST_PATHS = 3;
const PATH_CHARS = 400;
/** Only the start of a long message is looked at for paths. */
const READ_CHARS = 20_000;
/** A longer message tells more than "list the files". */
const LISTING_CHARS = 90;

/** `!=`, `!!` and `!` alone are no commands. */
const COMMAND = /^!\s*([^!=\s][\s\S]*)$/u;

/** Reads a message as a command, a path, a listing, or words to search for. Pure. */
export function understand(message: string): Intention {
  const text = message.trim();
  const command = COMMAND.exec(text)?.[1];
  if (command !== undefined) return { kind: "command", command };
  const paths = pathsIn(text);
  const files = paths.filter((path) => !isFolder(path));
  if (wantsListing(text)) {
    const folder = paths.find(isFolder) ?? folderAfterPreposition(text);
    if (folder !== null || files.length === 0) return { kind: "list", path: folder };
  }
  const words = keywords(text);
  if (files.length > 0) return { kind: "read", paths: files.slice(0, MOST_PATHS), words };
  if (paths[0] !== undefined && text.length <= LISTING_CHARS)
    return { kind: "list", path: paths[0] };
  return words.length > 0 ? { kind: "search", words } : { kind: "nothing" };
}

const EXTENSION =
  /\.(?:[cm]?[jt]sx?|jsonc?|jsonl|md|mdx|txt|rst|adoc|ya?ml|toml|ini|conf|cfg|env|lock|xml|html?|s?css|less|svg|csv|tsv|sql|py|rb|rs|go|java|kts?|swift|c|cc|cpp|cs|h|hpp|php|pl|lua|r|sh|bash|zsh|fish|ps1|bat|mk|gradle|proto|graphql|vue|svelte|tf|log|diff|patch|ipynb|ex|exs|hs|scala|dart|zig|service)$/iu;
const NAMED =
  /^(?:Makefile|Dockerfile|Containerfile|Gemfile|Rakefile|Procfile|LICENSE|CHANGELOG|CODEOWNERS|\.(?:git|docker|npm|eslint|prettier)ignore|\.gitattributes|\.editorconfig|\.npmrc|\.nvmrc|\.env(?:\.\w+)?)$/u;
/** Products that are called like files. */
const PRODUCT =
  /^(?:node|next|vue|nuxt|express|three|d3|react|angular|ember|backbone|chart)\.js$/iu;
const README = /^readme$/iu;
const isFolder = (path: string): boolean => /\/$|^\.{1,2}$/u.test(path);

const QUOTED = /`([^`\n]+)`|"([^"\n]+)"|'([^'\n]+)'|“([^”\n]+)”|«([^»\n]+)»/gu;

/** Paths that a message names, in its order, each once. A folder ends with a slash. */
function pathsIn(message: string): string[] {
  const text = message.slice(0, READ_CHARS);
  const quoted = [...text.matchAll(QUOTED)].map((match) => match.slice(1).find(Boolean) ?? "");
  const paths = [
    ...quoted.map((each) => asPath(each, true)),
    ...text
      .replace(QUOTED, " ")
      .split(/\s+/u)
      .map((each) => asPath(each, false)),
  ];
  return [...new Set(paths.filter((path) => path !== null))];
}

function asPath(token: string, quoted: boolean): string | null {
  const path = token
    .trim()
    .replace(/^[([{<]+/u, "")
    .replace(/[)\]}>,;:!?…]+$/u, "")
    .replace(/(?<=[\p{L}\p{N}/])\.+$/u, "")
    .replace(/:\d+(?::\d+)?$/u, "")
    .replace(/^@(?=\S*\.\w+$)/u, "");
  if (path.length === 0 || path.length > PATH_CHARS || /[\0\n*?|<>]|:\/\//u.test(path)) return null;
  if (README.test(path)) return "README.md";
  return looksLikePath(path, quoted) ? path : null;
}

function looksLikePath(path: string, quoted: boolean): boolean {
  if (/^(?:\.{0,2}|~)\/+$/u.test(path)) return path !== "/";
  if (!/[\p{L}\p{N}_]/u.test(path) || PRODUCT.test(path)) return false;
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (/^(?:\.{1,2}|~)?\//u.test(path) || NAMED.test(name)) return true;
  if (EXTENSION.test(name)) return quoted || !/[()=]/u.test(path);
  const slashes = path.split("/").length - 1;
  if (quoted) return slashes > 0 && !/\s/u.test(path);
  return (slashes > 0 && path.endsWith("/")) || (slashes > 1 && /^[\w./@-]+$/u.test(path));
}

const LISTINGS = [
  /^(?:ls|dir|tree)(?:\s+-\S+)*(?:\s+\S+)?\s*$/iu,
  /\b(?:list|show|display|print)\b.{0,25}\b(?:files|folders?|director(?:y|ies)|contents)\b/iu,
  /\b(?:what|which)\b(?:['’]s)?.{0,20}\b(?:in|inside|are in|files)\b.{0,25}\b(?:folder|directory|workspace|project|repo(?:sitory)?|here)\b/iu,
  /\b(?:what|which) files\b.{0,12}\b(?:are there|exist|do (?:i|we|you) have)\b/iu,
  /\b(?:zeige?|liste)\b.{0,25}\b(?:dateien|ordner|verzeichnis)/iu,
  /\b(?:welche dateien|was (?:ist|liegt|gibt es))\b.{0,25}\b(?:hier|ordner|verzeichnis|projekt|gibt es)\b/iu,
  /(?:\b(?:liste|lister|montre)\b.{0,25}\bfichiers|\bquels fichiers\b|qu['’]y a-t-il dans|qu['’]est-ce qu['’]il y a dans)/iu,
  /(?:\b(?:lista|listar|muestra)\b.{0,25}\barchivos|\bqu[ée] (?:archivos )?hay en\b)/iu,
];
/** "list the files that mention X" is a search. */
const NARROWED =
  /\b(?:that|which (?:use|have|contain)|contain\w*|mention\w*|matching|named|called|using|enthalten|qui|contenant|que)\b/iu;

const wantsListing = (text: string): boolean =>
  text.length <= LISTING_CHARS &&
  !NARROWED.test(text) &&
  LISTINGS.some((listing) => listing.test(text));

const HERE =
  /^(?:this|the|that|my|our|a|an|here|it|dies\w*|der|dem|den|das|mein\w*|ce|cette|le|la|mon|este|esta|el|mi|which|order|total|files?|folders?|directory|-.*)$/iu;

/** `ls src`, "list the files in src". */
function folderAfterPreposition(text: string): string | null {
  const named =
    /(?:^(?:ls|dir|tree)(?:\s+-\S+)*|\b(?:in|inside|under|of|im|dans|en))\s+[`"']?([\w.@/-]+)/iu;
  const folder = named.exec(text)?.[1]?.replace(/(?<=\w)\.$/u, "") ?? null;
  return folder === null || HERE.test(folder) ? null : folder;
}
