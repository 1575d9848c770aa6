import { type Field, literalField } from "../words.ts";
import type { PathDoubt } from "./options.ts";

/** What only looks, alone. */
const ALONE: ReadonlySet<string> = new Set([
  ...["-H", "-L", "-P", "!", "(", ")", ",", "-a", "-and", "-o", "-or", "-not", "-print", "-print0"],
  ...["-ls", "-prune", "-quit", "-true", "-false", "-empty", "-depth", "-d", "-mount", "-xdev"],
  ...["-noleaf", "-daystart", "-follow", "-readable", "-writable", "-executable", "-nouser"],
  ...["-nogroup", "-ignore_readdir_race", "-noignore_readdir_race", "-warn", "-nowarn"],
]);
/** What only looks, and takes a word. */
const WITH_WORD: ReadonlySet<string> = new Set([
  ...["-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-regex", "-iregex"],
  ...["-lname", "-ilname", "-type", "-xtype", "-size", "-mtime", "-atime", "-ctime", "-mmin"],
  ...["-amin", "-cmin", "-maxdepth", "-mindepth", "-perm", "-user", "-group", "-uid", "-gid"],
  ...["-links", "-inum", "-regextype", "-printf", "-used", "-fstype", "-newermt", "-newerct"],
]);
const COMPARED: ReadonlySet<string> = new Set(["-newer", "-anewer", "-cnewer", "-samefile"]);
const DEEDS: Readonly<Record<string, string>> = {
  "-delete": "deletes files",
  "-exec": "runs a program",
  "-execdir": "runs a program",
  "-ok": "runs a program",
  "-okdir": "runs a program",
  "-fprint": "writes a file",
  "-fprint0": "writes a file",
  "-fprintf": "writes a file",
  "-fls": "writes a file",
};

/** Why a call of find may do more than look; null when it does not. */
export function findDoubt(args: readonly Field[], pathDoubt: PathDoubt): string | null {
  const starts: Field[] = [];
  let in_expression = false;
  let follows = false;
  for (let at = 0; at < args.length; at++) {
    const field = args[at];
    if (field === undefined) break;
    const { text } = field;
    if (field.unknown) return "find gets a word that only running it tells";
    if (!in_expression && !/^[-(!,)]/.test(text)) {
      starts.push(field);
      if (field.glob && /^[*?[]/.test(text)) return "a file named like a test would become one";
      const doubt = pathDoubt(field);
      if (doubt !== null) return doubt;
      continue;
    }
    if (!["-H", "-L", "-P"].includes(text)) in_expression = true;
    if (text === "-L" || text === "-follow") follows = true;
    if (field.glob) return "names of files would become a part of the expression";
    if (COMPARED.has(text)) {
      const other = args[++at];
      const doubt = other === undefined ? "find lacks a word" : pathDoubt(other);
      if (doubt !== null) return doubt;
    } else if (!ALONE.has(text) && !WITH_WORD.has(text)) {
      const deed = DEEDS[text];
      return deed === undefined
        ? `${text} is not among the tests of find that are known`
        : `\`find ${text}\` ${deed}`;
    } else if (WITH_WORD.has(text)) {
      const value = args[++at];
      if (value === undefined || value.unknown || value.glob)
        return `${text} of find gets names of files, or what only running it tells`;
    }
  }
  if (!follows) return null;
  const places = starts.length === 0 ? [literalField(".")] : starts;
  return places.map((place) => pathDoubt(place, true)).find((doubt) => doubt !== null) ?? null;
}
