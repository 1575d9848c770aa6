/** What the end of a command's output shows of how far it is. Pure. */

const SHOWN_CHARS = 200;
/** Fewer steps are stages (`[2/4] Linking`), which say little of the time that is left. */
const FEWEST_STEPS = 10;

/**
 * The last line that is not empty, as a terminal would show it: a carriage return starts it anew.
 * Null where there is none.
 */
export function lastLine(text: string): string | null {
  const printed = text.replace(ESCAPES, "").trimEnd();
  const line = printed.slice(Math.max(printed.lastIndexOf("\n"), printed.lastIndexOf("\r")) + 1);
  const shown = line.replace(CONTROLS, " ").trim();
  return shown === "" ? null : shown.slice(0, SHOWN_CHARS);
}

// oxlint-disable-next-line no-control-regex
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;
const CONTROLS = /\p{Cc}/gu;

/** An empty one between pipes is a table's cell. */
const BAR = [
  String.raw`\[[=#>. -]{4,}\]`,
  String.raw`<[=> -]{4,}>`,
  String.raw`\| ?[#█][#█▏▎▍▌▋▊▉\d]*[░ ]*\|`,
  String.raw`[━╸╺─]{4,}`,
].join("|");
const PERCENT = String.raw`(?<percent>\d{1,3})(?:\.\d+)?\s?%`;

/** Shapes that programs give to progress and to nothing else. */
const PERCENTAGES = [
  // cmake, make: `[ 45%] Building`; pytest: `test_a.py .... [ 45%]`; apt: `45% [Working]`
  new RegExp(String.raw`^\[\s*${PERCENT}\](?:\s|$)`),
  new RegExp(String.raw`\s\[\s*${PERCENT}\]$`),
  new RegExp(String.raw`^${PERCENT} \[[A-Z]`),
  // pip, tqdm: `45%|████▌     | 45/100`; wget: `file  45%[====>    ]`; bars before: `|#### | 45%`
  new RegExp(String.raw`(?:^|\s)${PERCENT}\s?(?:${BAR})`),
  new RegExp(String.raw`(?:${BAR})\s*${PERCENT}`),
  // curl -#
  new RegExp(String.raw`^#+[=O-]*\s+${PERCENT}$`),
  // git: `Receiving objects:  45% (450/1000), 3 MiB`
  new RegExp(String.raw`ing (?:out )?(?:objects|deltas|files):\s+${PERCENT} \(\d+/\d+\)`),
  // rsync, scp: `45%   12.3MB/s`, `45%  12MB  1.2MB/s`
  new RegExp(String.raw`\s${PERCENT}\s+(?:[\d.]+[kKMGT]i?B?\s+)?[\d.]+\s?[kKMGT]i?B/s`),
  // wget to a file: `  50K .......... .......... 45% 1.2M 3s`
  new RegExp(String.raw`^\s*\d+[KMG]?[ .]{10,}\s${PERCENT}\s`),
];

/** Shapes of counts. The units of both sides are one, as `45.2/100.3 MB`. */
const COUNTS = [
  // ninja: `[12/340] CXX foo.o`; bazel: `[12 / 340] 4 actions`
  /^\[(?<done>\d+) ?\/ ?(?<all>\d+)\]/,
  // cargo: `Building [=====>   ] 45/340: serde`
  /\[[=> ]{4,}\] (?<done>\d+)\/(?<all>\d+)(?:[:,\s]|$)/,
  // pip: `━━━━━━━ 45.2/100.3 MB 3.1 MB/s eta 0:00:05`
  /[━╸╺─]{4,} (?<done>[\d.]+)\/(?<all>[\d.]+) [kMG]?B/,
];

/** How far a line of output says the work is, 0 to 100; null for one that does not certainly. */
export function percentIn(line: string): number | null {
  if ((line.match(/\d\s?%/g) ?? []).length > 1) return null;
  for (const shape of PERCENTAGES) {
    const found = shape.exec(line)?.groups;
    if (found !== undefined) return within(Number(found["percent"]));
  }
  for (const shape of COUNTS) {
    const found = shape.exec(line)?.groups;
    if (found !== undefined) return ofCount(Number(found["done"]), Number(found["all"]));
  }
  return null;
}

const within = (percent: number): number | null => (percent <= 100 ? percent : null);

const ofCount = (done: number, all: number): number | null =>
  all >= FEWEST_STEPS && done <= all ? Math.floor((100 * done) / all) : null;

/**
 * A command's percentage over time. One that falls was that of a part (the second of five downloads),
 * so nothing is known of the whole: from then on none is told.
 */
export type Percentage =
  | { state: "unseen" }
  | { state: "rising"; percent: number; is_showing: boolean }
  | { state: "of_parts" };

export function nextPercentage(before: Percentage, line: string | null): Percentage {
  if (before.state === "of_parts") return before;
  const percent = line === null ? null : percentIn(line);
  if (before.state === "unseen") {
    return percent === null ? before : { state: "rising", percent, is_showing: true };
  }
  if (percent === null) return { ...before, is_showing: false };
  return percent < before.percent
    ? { state: "of_parts" }
    : { state: "rising", percent, is_showing: true };
}

export const shownPercent = (now: Percentage): number | null =>
  now.state === "rising" && now.is_showing ? now.percent : null;
