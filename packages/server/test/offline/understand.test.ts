import { expect, test } from "vitest";
import { literal, keywords } from "../../src/offline/keywords.ts";
import { understand, type Intention } from "../../src/offline/understand.ts";

const command = (text: string): Intention => ({ kind: "command", command: text });
const list = (path: string | null = null): Intention => ({ kind: "list", path });

test.each<[string, Intention]>([
  ["!ls -la", command("ls -la")],
  ["  ! git status ", command("git status")],
  ["!for i in 1 2; do\n  echo $i\ndone", command("for i in 1 2; do\n  echo $i\ndone")],
  ["!", { kind: "nothing" }],
  ["!!!", { kind: "nothing" }],
  ["ls", list()],
  ["ls -la", list()],
  ["ls src", list("src")],
  ["list files", list()],
  ["List the files in src/door please", list("src/door")],
  ["Which files are in packages/?", list("packages/")],
  ["what is in this folder?", list()],
  ["What's in the workspace", list()],
  ["which files are there?", list()],
  ["Show me the files here.", list()],
  ["show me src/", list("src/")],
  ["Welche Dateien gibt es?", list()],
  ["Was ist in diesem Ordner?", list()],
  ["zeig mir die Dateien", list()],
  ["Quels fichiers y a-t-il ?", list()],
  ["Qu'est-ce qu'il y a dans ce dossier ?", list()],
  ["¿Qué hay en esta carpeta?", list()],
  ["hello", { kind: "nothing" }],
  ["???", { kind: "nothing" }],
  ["👋", { kind: "nothing" }],
  ["", { kind: "nothing" }],
])("%j is %j", (message, intention) => expect(understand(message)).toEqual(intention));

test.each<[string, string[]]>([
  ["show me package.json", ["package.json"]],
  ["README.md", ["README.md"]],
  ["what does the readme say?", ["README.md"]],
  ["Explain `src/a.ts`, please.", ["src/a.ts"]],
  ['open "my notes.txt"', ["my notes.txt"]],
  ["What is in ./x?", ["./x"]],
  ["fix the bug at src/a.ts:12:3", ["src/a.ts"]],
  ["compare a.json, b.json, c.json and d.json", ["a.json", "b.json", "c.json"]],
  ["look at @src/main.py!", ["src/main.py"]],
  ["Was steht in der Datei .gitignore?", [".gitignore"]],
  ["(see docs/design.md)", ["docs/design.md"]],
  ["cat /etc/passwd", ["/etc/passwd"]],
  ["read packages/server/src", ["packages/server/src"]],
  ["Ist der Makefile in Ordnung? Makefile", ["Makefile"]],
  ["README.md and README.md", ["README.md"]],
])("%j names %j", (message, paths) =>
  expect(understand(message)).toMatchObject({ kind: "read", paths }),
);

test.each<[string, string[]]>([
  ["Find everything about leases.", ["everything", "leases"]],
  ["Where is the port configured?", ["configured", "port"]],
  ["How does parse_config handle and/or?", ["parse_config", "handle"]],
  ["list the files that mention retryBudget", ["retryBudget", "list"]],
  ["Is node.js required?", ["node.js", "required"]],
  ["Wo wird die Warteschlange begrenzt?", ["Warteschlange", "begrenzt"]],
  ["Où est-ce que le délai d'attente est défini ?", ["attente", "défini", "délai"]],
  ["¿Dónde se define la cuota?", ["define", "cuota"]],
  ["error “connection refused” on start", ["connection refused", "error", "start"]],
  ["see https://example.com/a.html", ["example.com", "a.html"]],
  ["S3 and DB x", ["S3", "DB"]],
])("%j is searched by %j", (message, words) =>
  expect(understand(message)).toEqual({ kind: "search", words }),
);

test("at most six words, the most telling first", () => {
  const words = keywords("alpha beta-two gammaGamma delta epsilonic zeta_1 eta theta iota");
  expect(words).toHaveLength(6);
  expect(words.slice(0, 3).sort()).toEqual(["beta-two", "gammaGamma", "zeta_1"]);
  expect(words[3]).toBe("epsilonic");
});

test("the expression finds the word as it is, whatever its case", () => {
  const words = ["a.b*c", "Foo::Bar", "(x)|[y]", "^$", "\\d{2}"];
  for (const word of words) {
    expect(word.toUpperCase()).toMatch(new RegExp(literal(word), "iu"));
    expect("aXbbc foo:bar x y 12").not.toMatch(new RegExp(literal(word), "iu"));
  }
  expect(literal("Foo")).toBe("foo");
});
