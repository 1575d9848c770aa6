/** Which code blocks of an answer are files that a person may take, and which are not. */
import { expect, test } from "vitest";
import { type OfferedFile, offeredFiles } from "../../src/edits/offered-files.ts";

const body = "const a = 1;";
const block = (info: string, text = body, fence = "```"): string =>
  `${fence}${info}\n${text}\n${fence}`;

const changesIn = (answer: string) => offeredFiles(answer).map(({ change }) => change);

/** An answer, and the path that it offers with `body` as its content. */
const offered: Record<string, [answer: string, path: string]> = {
  "path= on the fence": [block("ts path=src/a.ts"), "src/a.ts"],
  "a quoted title": [block('ts title="src/a.ts"'), "src/a.ts"],
  "filename= in braces": [block("{.ts filename=src/a.ts}"), "src/a.ts"],
  "file: on the fence": [block("ts file:src/a.ts"), "src/a.ts"],
  "language and path": [block("ts src/a.ts"), "src/a.ts"],
  "language:path": [block("ts:src/a.ts"), "src/a.ts"],
  "the path alone": [block("src/a.ts"), "src/a.ts"],
  "a name with an extension": [block("python main.py"), "main.py"],
  "a shell script that the fence names": [block("bash path=run.sh"), "run.sh"],
  "a fence of tildes": [block("ts src/a.ts", body, "~~~"), "src/a.ts"],
  "a longer fence around another": [block("ts src/a.ts", body, "`````"), "src/a.ts"],
  "a comment of //": [block("ts", `// src/a.ts\n${body}`), "src/a.ts"],
  "a comment of #": [block("py", `# app/main.py\n${body}`), "app/main.py"],
  "a comment of <!-- -->": [block("html", `<!-- web/index.html -->\n${body}`), "web/index.html"],
  "a comment of /* */": [block("css", `/* main.css */\n${body}`), "main.css"],
  "a comment that says File:": [block("ts", `// File: src/a.ts\n${body}`), "src/a.ts"],
  "a comment where the language has none": [
    block("json", `// package.json\n${body}`),
    "package.json",
  ],
  "a name in backticks above": [`\`src/a.ts\`\n${block("ts")}`, "src/a.ts"],
  "a name in backticks and a colon, a blank line": [`\`a.ts\`:\n\n${block("ts")}`, "a.ts"],
  "a bold name": [`**src/a.ts**\n${block("ts")}`, "src/a.ts"],
  "a bold name with a colon": [`**src/a.ts:**\n${block("ts")}`, "src/a.ts"],
  "a bold name in backticks": [`**\`a.ts\`**\n${block("ts")}`, "a.ts"],
  "a heading": [`### src/a.ts\n\n${block("ts")}`, "src/a.ts"],
  "a heading in backticks": [`## \`a.ts\`\n\n${block("ts")}`, "a.ts"],
  "a numbered item": [`1. \`src/a.ts\`\n${block("ts")}`, "src/a.ts"],
  "File:": [`File: src/a.ts\n${block("ts")}`, "src/a.ts"],
  "File: in bold": [`**File:** \`src/a.ts\`\n${block("ts")}`, "src/a.ts"],
  "a sentence that ends with it": [`Here is the new \`src/a.ts\`:\n\n${block("ts")}`, "src/a.ts"],
  "create it": [`Create \`src/a.ts\`:\n${block("ts")}`, "src/a.ts"],
  "the content of it": [`The full content of \`src/a.ts\`:\n${block("ts")}`, "src/a.ts"],
  "a name that is known": [`\`Makefile\`\n${block("make")}`, "Makefile"],
  "a dotfile": [`\`.gitignore\`\n${block("")}`, ".gitignore"],
  "a script above a shell block": [`\`scripts/go.sh\`\n${block("bash")}`, "scripts/go.sh"],
  "no language": [`\`src/a.ts\`\n${block("")}`, "src/a.ts"],
  "indented in a list": [`- \`src/a.ts\`\n\n  \`\`\`ts\n  ${body}\n  \`\`\``, "src/a.ts"],
  CRLF: [`\`src/a.ts\`\r\n\`\`\`ts\r\n${body}\r\n\`\`\`\r\n`, "src/a.ts"],
  "a name of other letters": [block("ts path=src/größe.ts"), "src/größe.ts"],
  "brackets of routes": [block("ts path=app/[id]/page.ts"), "app/[id]/page.ts"],
  "./ before it": [block("ts path=./src/a.ts"), "src/a.ts"],
};

const not_offered: Record<string, string> = {
  "no name": block("ts"),
  "no block": "Use `src/a.ts`.",
  commands: `Run it:\n${block("bash", "npm test")}`,
  "commands about a file": `Run \`src/a.ts\`:\n${block("sh", "node src/a.ts")}`,
  "commands below a name": `\`src/a.ts\`\n${block("sh", "node src/a.ts")}`,
  "commands below a remark that names a file": block("sh", `# install.sh\nnpm ci`),
  "a prompt": `\`src/a.ts\`\n${block("", "$ node src/a.ts\n1")}`,
  output: `The output of \`src/a.ts\`:\n${block("")}`,
  "what a file prints": `\`src/a.ts\`:\n${block("output")}`,
  "an error in a file": `The error is in \`src/a.ts\`:\n${block("ts")}`,
  "a part of a file": `Change this in \`src/a.ts\`:\n${block("ts")}`,
  "an addition": `Add this to \`src/a.ts\`:\n${block("ts")}`,
  "how it was": `The current \`src/a.ts\`:\n${block("ts")}`,
  "an example": `Example usage, \`src/a.ts\`:\n${block("ts")}`,
  "a function": `The function from \`src/a.ts\`:\n${block("ts")}`,
  "a path and more words": `See \`src/a.ts\` for this:\n${block("ts")}`,
  "left out by a comment": `\`src/a.ts\`\n${block("ts", `${body}\n// ...`)}`,
  "left out in words": `\`src/a.ts\`\n${block("ts", `// ... rest of the file\n${body}`)}`,
  "left out as existing": block("ts src/a.ts", `${body}\n// existing code`),
  "left out by dots": block("ts src/a.ts", `${body}\n...\n${body}`),
  "a citation with line numbers": block("12:15:src/a.ts"),
  "a path with a line": `\`src/a.ts:12\`\n${block("ts")}`,
  "an address": `\`https://example.org/a.ts\`\n${block("ts")}`,
  "a product": `### Node.js\n\n${block("js")}`,
  "a product in bold": `**Vue.js**\n${block("js")}`,
  "a language with an attribute": block("js {1,3}"),
  "a language that is a name": block("dockerfile"),
  "a media type": block("text/html"),
  "a folder": `\`src/\`\n${block("ts")}`,
  "a version": `\`1.2.3\`\n${block("json")}`,
  "out of the workspace": block("ts path=../a.ts"),
  "a home": block("ts path=~/a.ts"),
  "words with a slash": `and/or\n${block("ts")}`,
  "a comment that says more": block("ts", `// like src/a.ts does\n${body}`),
  "a comment that is a rule": block("ts", `// eslint-disable\n${body}`),
  "cut off": `\`\`\`ts src/a.ts\n${body}`,
  empty: block("ts src/a.ts", ""),
  "a quotation": `> \`src/a.ts\`\n${block("ts")}`,
  "a name two paragraphs above": `\`src/a.ts\`\n\nIt is used so:\n${block("ts")}`,
  "a name above another block": `\`b.ts\`\n${block("ts", "// ...")}\n${block("ts")}`,
  "a diff without names": block("diff", "-a\n+b"),
  "a diff of a named file without names": `\`src/a.ts\`\n${block("diff", "@@ -1 +1 @@\n-a\n+b")}`,
  "code on one line": "```src/a.ts``` is a file.",
};

test.each(Object.entries(offered))("offered: %s", (_name, [answer, path]) => {
  expect(changesIn(`Done.\n\n${answer}\n\nThat is all.`)).toEqual([
    { kind: "write", path, content: `${body}\n` },
  ]);
});

test.each(Object.entries(not_offered))("not offered: %s", (_name, answer) => {
  expect(changesIn(`Done.\n\n${answer}\n`)).toEqual([]);
});

/** How sure it is that a block is all of the file `src/a.ts`. */
const named: Record<OfferedFile["named"], readonly string[]> = {
  outright: [block("ts path=src/a.ts"), block("ts src/a.ts"), block("src/a.ts")],
  "as whole": [
    `New file: src/a.ts\n${block("ts")}`,
    `\`src/a.ts\` (new):\n${block("ts")}`,
    `Here is the new \`src/a.ts\`:\n${block("ts")}`,
    `The full content of \`src/a.ts\`:\n${block("ts")}`,
    `The complete updated file, **src/a.ts**:\n${block("ts")}`,
    `The whole file:\n${block("ts", `// src/a.ts\n${body}`)}`,
  ],
  perhaps: [
    `Update \`src/a.ts\`:\n${block("ts")}`,
    `Fixed \`src/a.ts\`:\n${block("ts")}`,
    `I updated \`src/a.ts\`:\n${block("ts")}`,
    `\`src/a.ts\`\n${block("ts")}`,
    block("ts", `// src/a.ts\n${body}`),
    `It has a new port:\n${block("ts", `// src/a.ts\n${body}`)}`,
  ],
};

test.each(
  Object.entries(named).flatMap(([how, answers]) => answers.map((answer) => [how, answer])),
)("named %s: %s", (how, answer) => {
  const change = { kind: "write", path: "src/a.ts", content: `${body}\n` };
  expect(offeredFiles(`Done.\n\n${answer!}`)).toEqual([{ change, named: how }]);
});

test("a diff with names is offered as a patch", () => {
  const patch = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
  expect(changesIn(`Apply:\n\`\`\`diff\n${patch}\`\`\``)).toEqual([{ kind: "patch", patch }]);
  const rename = "diff --git a/x b/y\nrename from x\nrename to y\n";
  expect(changesIn(`\`\`\`\n${rename}\`\`\``)).toEqual([{ kind: "patch", patch: rename }]);
});

test("many blocks are offered in their order, a path once, and not without end", () => {
  const answer = [block("ts a.ts", "old"), block("ts b.ts", "b"), block("ts a.ts", "new")];
  expect(changesIn(answer.join("\n"))).toEqual([
    { kind: "write", path: "b.ts", content: "b\n" },
    { kind: "write", path: "a.ts", content: "new\n" },
  ]);
  const many = Array.from({ length: 30 }, (_, i) => block(`ts f${i}.ts`));
  expect(offeredFiles(many.join("\n"))).toHaveLength(20);
});

test("a fence inside a longer fence is content", () => {
  const inner = block("ts", body);
  expect(changesIn(block("md path=README.md", inner, "````"))).toEqual([
    { kind: "write", path: "README.md", content: `${inner}\n` },
  ]);
});

/** Lines and blocks at which a pattern or a look would take long that tries a place twice. */
const hostile: Record<string, string> = {
  fences: "```\n".repeat(100_000),
  "a heading": `${"#".repeat(500_000)} a/b`,
  backticks: "`a".repeat(250_000),
  "a label without a colon": blocksBelow(`file${"*".repeat(380)} a b`),
  "a label of colons": blocksBelow(
    `file${":".repeat(120)}${" ".repeat(120)}${"*".repeat(120)} a b`,
  ),
  "a mark and stars": blocksBelow(`\`a\`${"*".repeat(390)}x`),
  "a mark and spaces": blocksBelow(`\`a\`${" ".repeat(390)}x`),
  "a comment of semicolons and stars": blocksOf(`${";".repeat(190)}${"*".repeat(190)}x y`),
  "a comment of stars": blocksOf(`/${"*".repeat(380)}x y`),
  "a fence and spaces": `\`\`\`${" ".repeat(390)}x\n`.repeat(2_500),
  "spaces within": block("ts a.ts", `${" ".repeat(390)}x\n`.repeat(2_500)),
  "blocks of many files": Array.from({ length: 20_000 }, (_, i) => block(`f${i}.ts`)).join("\n"),
};

function blocksBelow(line: string): string {
  return `${line}\n${block("ts", "x")}\n`.repeat(400);
}

function blocksOf(line: string): string {
  return `${block("ts", `${line}\nx`)}\n`.repeat(400);
}

test.each(Object.entries(hostile))("a hostile answer takes linear time: %s", (_name, text) => {
  const began = process.cpuUsage();
  offeredFiles(`${text}\n${block("ts")}`);
  expect(process.cpuUsage(began).user / 1e6).toBeLessThan(0.4);
});
