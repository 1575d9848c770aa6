import { LONGEST_LINE } from "./code-blocks.ts";

/** How an answer names the file that a code block is: on its fence, in its first line, or above it. */

const NAMED_BY =
  /(?:^|[\s{,])(?:path|file|filename|title|name)\s*[=:]\s*(?:"([^"]+)"|'([^']+)'|([^\s},]+))/i;

/** `ts path=src/a.ts`, `ts src/a.ts`, `ts:src/a.ts`, `src/a.ts`. Null: it names none. */
export function namedByInfo(info: string): string | null {
  const [, double, single, plain] = NAMED_BY.exec(info) ?? [];
  const named = double ?? single ?? plain;
  if (named !== undefined) return pathIn(named);
  const words = info.split(/\s+/);
  if (words.length === 2 && /^[\w+#-]+$/.test(words[0] ?? "")) return pathIn(words[1] ?? "");
  if (words.length !== 1) return null;
  const [, path = info] = /^[A-Za-z+#-]+:(.+)$/.exec(info) ?? [];
  // A bare name of this kind is a language: "dockerfile", "makefile".
  return WELL_KNOWN.test(path) ? null : pathIn(path);
}

const COMMENT = /^(?:\/\/|#|--|;+|%|"|REM|\/\*+|<!--|\{\/\*)\s*(?:file(?:name)?\s*:\s*)?/i;
const COMMENT_END = /(?:\*{1,2}\/\}?|-->)$/;

/** A comment that holds a path and nothing else: it labels the block, and is no line of the file. */
export function namedByComment(line: string): string | null {
  if (line.length > LONGEST_LINE) return null;
  const text = line.trim();
  const opening = COMMENT.exec(text);
  if (opening === null) return null;
  const label = text.slice(opening[0].length).replace(COMMENT_END, "").trimEnd();
  return pathIn(label.replace(/^[`"']/, "").replace(/[`"']$/, ""));
}

/** A heading, a bullet or a number before a name. */
const LEAD = /^(?:#{1,6}\s+|[-*+]\s+|\d+[.)]\s+)/;
// No two neighbours of these patterns take the same character: what fails, fails in one pass.
const MARKED =
  /(?:`([^`]+)`|\*\*([^*`]+)\*\*|__([^_`]+)__)[*_]*\s*(?:\((?:new|updated|new file|modified)\)\**)?(?:[:.]\**)?$/;
const LABEL =
  /^\W*(?:new |updated |modified |full )?(?:file(?:\s?name)?|path)[*`]*\s*:[*`\s]*([^\s`*]+)[`*]*$/i;
/** That a block is all of a file, whose path reads "file" here. */
const WHOLE =
  /\b(?:full|whole|entire|complete|new)[\s*_`./]+(?:new |updated )?(?:file|contents?|version|source|text)\b|\(new\)/i;

/** A line that is a path, or ends with one that it says the block to be. */
export function namedAbove(line: string | null): string | null {
  if (line === null || line.length > LONGEST_LINE || /^[>|]/.test(line)) return null;
  const text = line.replace(LEAD, "");
  const labelled = LABEL.exec(text)?.[1];
  if (labelled !== undefined) return pathIn(labelled.replace(/:$/, ""));
  const marked = MARKED.exec(text);
  if (marked === null) {
    const bare = text.replace(/:$/, "");
    return /\s/.test(bare) || !bare.includes("/") ? null : pathIn(bare);
  }
  const before = text.slice(0, marked.index);
  const name = (marked[1] ?? marked[2] ?? marked[3] ?? "").replace(/:$/, "");
  return introduces(before) ? pathIn(name) : null;
}

/** Whether what is said beside the name is that the block is the whole file. */
export const saysWhole = (line: string, path: string): boolean =>
  line.length <= LONGEST_LINE && WHOLE.test(line.replaceAll(path, "file"));

/** "The error is in `a.ts`:" shows a part of it, "The output of `a.ts`:" none. */
const ABOUT =
  /\b(in|into|of|from|to|at|inside|see|run|running|with|by|for|on|like|after|before|and|or|line|against|replace|remove|delete|not|without)[\s*_]*$/i;
const CONTENT_OF =
  /\b(contents?|version|source|code|text|all) (of|for)( the (new |updated )?file)?[\s*_]*$/i;
const PART =
  /\b(error|bug|problem|issue|output|result|snippet|excerpt|part|lines?|change|changes|currently|current|old|before|example|usage|function|method|diff)\b/i;

const introduces = (before: string): boolean =>
  CONTENT_OF.test(before) ? !PART.test(before) : !ABOUT.test(before) && !PART.test(before);

const WELL_KNOWN =
  /^(Makefile|Dockerfile|Containerfile|Procfile|Rakefile|Gemfile|Justfile|LICENSE|README|CMakeLists\.txt|Jenkinsfile|Vagrantfile)$/i;
/** Names of things that look like files. */
const PRODUCT =
  /^((node|vue|next|nuxt|express|three|d3|react|angular|ember|backbone|discord|chart|p5|moment|alpine)\.js|asp\.net|socket\.io|e\.g|i\.e)$/i;
const MEDIA_TYPE = /^(text|application|image|audio|video|font)\/[\w.+-]+$/;
const LONGEST = 300;

/** A path of a file, as one is written without spaces; null for whatever else it may be. */
function pathIn(name: string): string | null {
  const path = name.replace(/^\.\//, "");
  if (
    path.length > LONGEST ||
    !/^[\w.@+~/[\]()$=-]+$/u.test(path.normalize("NFC").replace(/[\p{L}\p{N}]/gu, "a"))
  )
    return null;
  if (path.endsWith("/") || path.endsWith(".") || /^[-~$=(]/.test(path)) return null;
  if (path.split("/").includes("..") || MEDIA_TYPE.test(path) || PRODUCT.test(path)) return null;
  const base = path.slice(path.lastIndexOf("/") + 1);
  const has_extension = /^.+\.[A-Za-z][\w+-]{0,15}$/.test(base) || /^\.[A-Za-z][\w.-]+$/.test(base);
  return has_extension || WELL_KNOWN.test(base) || isNested(path) ? path : null;
}

/** "bin/tool" is a path; "and/or" is none, so that one without an extension has a folder known for it. */
const isNested = (path: string): boolean =>
  /^\.?\/?(bin|scripts?|src|tools|etc|hooks)\/[\w/.-]+$/.test(path);
