import fc from "fast-check";
import { expect, test } from "vitest";
import { rankPassages } from "../../src/offline/passages.ts";
import { inline, quote } from "../../src/offline/quote.ts";

test("files with more distinct words come first, however many lines match", () => {
  const result = [
    "a.ts:1: the port is here",
    "a.ts:2: port port port",
    "a.ts:3: another port",
    "b.ts:9: the port of the server is configured",
    "c.ts:4: server",
  ].join("\n");
  const { files } = rankPassages([result], ["port", "server", "configured"]);
  expect(files.map((file) => file.path)).toEqual(["b.ts", "a.ts", "c.ts"]);
  expect(files[0]).toMatchObject({ words: ["port", "server", "configured"], left_out: 0 });
});

test("among as many words the rarer wins, then the path", () => {
  const result = "z.ts:1: rare\ny.ts:1: often\nx.ts:1: often";
  const { files } = rankPassages([result], ["often", "rare"]);
  expect(files.map((file) => file.path)).toEqual(["z.ts", "x.ts", "y.ts"]);
});

test("a line that two searches found counts once; a word counts at the start of a word", () => {
  const results = ["a.ts:1: return port;\nb.ts:2: turn_id", "a.ts:1: return port;"];
  const { files, complete } = rankPassages(results, ["turn", "port"]);
  expect(files.map(({ path, words }) => [path, words])).toEqual([
    ["a.ts", ["port"]],
    ["b.ts", ["turn"]],
  ]);
  expect(files[0]?.passages).toHaveLength(1);
  expect(complete).toBe(true);
});

test("a file shows its four best lines in its own order", () => {
  const lines = [1, 2, 3, 4, 5, 6].map((n) => `a.ts:${n}: one${n >= 5 ? " two" : ""}`);
  const [file] = rankPassages([lines.join("\n")], ["one", "two"]).files;
  expect(file?.passages.map((passage) => passage.line)).toEqual([1, 2, 5, 6]);
  expect(file?.left_out).toBe(2);
});

test("what the search left out and the files past the fifth are told", () => {
  const lines = [1, 2, 3, 4, 5, 6, 7].map((n) => `f${n}.ts:1: x`);
  const found = rankPassages([[...lines, "… 12 more"].join("\n")], ["x"]);
  expect(found).toMatchObject({ left_out_files: 2, complete: false });
});

test("no match, a colon in a path, a word in the path", () => {
  expect(rankPassages(["No matches."], ["x"]).files).toEqual([]);
  expect(rankPassages(["a:b.ts:3: x"], ["x"]).files[0]?.path).toBe("a:b.ts");
  expect(rankPassages(["a.ts:3: c:4: x"], ["x"]).files[0]?.passages[0]?.text).toBe("c:4: x");
});

const hostile = fc
  .array(fc.oneof(fc.constantFrom("```", "`", "\n", "````text\n", " "), fc.string()), {
    maxLength: 30,
  })
  .map((parts) => parts.join(""));

test("no content leaves its fence", () => {
  fc.assert(
    fc.property(hostile, (content) => {
      const lines = quote(content).split("\n");
      const fence = /^`{3,}/u.exec(lines[0] ?? "")?.[0] ?? "";
      const closing = lines.findIndex((line, at) => at > 0 && line.trim().startsWith(fence));
      expect(lines.slice(closing + 1).join("")).toMatch(/^(?:Lines left out: \d+\.)?$/u);
    }),
  );
});

test("no content leaves its code span", () => {
  fc.assert(
    fc.property(hostile, (content) => {
      const [, ticks = "", inner = ""] = /^(`+)(.*?)\1$/su.exec(inline(content)) ?? [];
      expect(ticks).not.toBe("");
      expect(inner.match(/`+/gu) ?? []).not.toContain(ticks);
      expect(inner).not.toContain("\n");
    }),
  );
});

test("a quotation is bounded and says what it left out", () => {
  const long = Array.from({ length: 500 }, (_, n) => `line ${n}`).join("\n");
  expect(quote(long)).toMatch(/\nLines left out: 420\.$/u);
  expect(quote("x".repeat(1_000_000)).length).toBeLessThan(400);
});
