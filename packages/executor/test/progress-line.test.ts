/** What the last line of many programs says of how far they are, and what it does not say. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  lastLine,
  nextPercentage,
  type Percentage,
  percentIn,
  shownPercent,
} from "../src/progress-line.ts";

test.each([
  ["[ 45%] Building C object CMakeFiles/x.dir/a.c.o", 45],
  ["[100%] Linking C executable x", 100],
  ["tests/test_store.py ......                          [ 45%]", 45],
  ["45% [Working]", 45],
  ["[12/340] CXX obj/foo.o", 3],
  ["[12 / 340] 4 actions, 2 running", 3],
  ["    Building [=====>                   ] 45/340: serde, syn", 13],
  ["Receiving objects:  45% (450/1000), 3.20 MiB | 1.10 MiB/s", 45],
  ["remote: Counting objects:   7% (7/100)", 7],
  [" 45%|████▌     | 45/100 [00:10<00:12,  4.40it/s]", 45],
  ["   ━━━━━━━━━━━━━━━━╸━━━━━━━━━━━━━━ 45.2/100.4 MB 3.1 MB/s eta 0:00:18", 45],
  ["     |██████████████▍                 | 45% 12.3 MB 3.1 MB/s eta 0:00:05", 45],
  ["archive.tar.gz      45%[========>           ]  45.01M  11.2MB/s    eta 5s", 45],
  [" 12850K .......... .......... .......... .......... .......... 45% 11.2M 3s", 45],
  ["######################                                  45.3%", 45],
  ["    123,456,789  45%   12.34MB/s    0:00:12", 45],
  ["archive.tar.gz                 45%   45MB  11.2MB/s   00:05 ETA", 45],
  ["numpy-2.3.1          | 7.9 MB    | ##########1       |  45%", 45],
])("%s", (line, percent) => {
  expect(percentIn(line.trim())).toBe(percent);
});

test.each([
  "100% tests passed, 0 tests failed out of 12",
  "Statements   : 85.3% ( 123/145 )",
  "Branches: 70% (7/10)",
  "All files |   85.3 |     70.1 |   90.2 |   85.3 |",
  "TOTAL                       100     20    80%",
  "/dev/sda1       100G   45G   55G  45% /",
  "4 packets transmitted, 4 received, 0% packet loss, time 3004ms",
  "%Cpu(s):  3.2 us,  1.1 sy, 95.1 id",
  "==================== 45% of the tests passed ====================",
  "Required test coverage of 80% reached. Total coverage: 85.00%",
  "[2/4] Fetching packages...",
  "[12/03] the third of December",
  "[500%] of the normal load",
  "users 45% [admins 12%]",
  "cpu  45%|#####     |  12% free",
  "45% of users",
  "2024/11/23 10:00:00 listening on 127.0.0.1",
  "the discount is 45%",
  "",
])("no progress: %s", (line) => {
  expect(percentIn(line.trim())).toBeNull();
});

test("the last line is what a terminal would show of it", () => {
  expect(lastLine("one\ntwo\n\n")).toBe("two");
  expect(lastLine("fetch  10%\rfetch  20%\rfetch  30%\r")).toBe("fetch  30%");
  expect(lastLine("\x1b[2K\x1b[1G\x1b[32m✔\x1b[39m done\x1b]0;title\x07\r\n")).toBe("✔ done");
  expect(lastLine("a\tb\x00c")).toBe("a b c");
  expect(lastLine("x".repeat(1000))).toHaveLength(200);
  expect(lastLine(" \r\n\x1b[0m")).toBeNull();
});

function follow(lines: string[]): (number | null)[] {
  let now: Percentage = { state: "unseen" };
  return lines.map((line) => shownPercent((now = nextPercentage(now, line))));
}

test("only while the last line shows it", () => {
  expect(follow(["begin", "[ 5%] a", "warning: b", "[ 10%] c", "done"])).toEqual([
    ...[null, 5, null, 10, null],
  ]);
});

test("a percentage that falls was that of a part: none is told any more", () => {
  expect(follow(["[ 50%] a", "[100%] a", "[ 3%] b", "[ 70%] b"])).toEqual([50, 100, null, null]);
});

test("what is told never falls, and is one of 0 to 100", () => {
  const line = fc.tuple(fc.integer({ min: 0, max: 120 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const told = follow(lines.map(([at, has]) => (has ? `[${at}%] x` : "x")));
      const seen = told.filter((percent) => percent !== null);
      expect(seen).toEqual(seen.toSorted((one, other) => one - other));
      expect(seen.every((percent) => percent >= 0 && percent <= 100)).toBe(true);
    }),
  );
});

test("no line takes long to judge", () => {
  const pieces = ["[", "=", " ", "%", "9", "9%", "/", "━", "|", "#", ".", ">", "]", "K", ":"];
  fc.assert(
    fc.property(fc.constantFrom(...pieces), fc.constantFrom(...pieces), (one, other) => {
      const line = (one + other).repeat(512).slice(0, 1024);
      // The quickest of a few: a collection of garbage counts as time of this process, too.
      const took_us = Array.from({ length: 5 }, () => {
        const began = process.cpuUsage().user;
        percentIn(line);
        return process.cpuUsage().user - began;
      });
      expect(Math.min(...took_us)).toBeLessThan(20_000);
    }),
  );
});
