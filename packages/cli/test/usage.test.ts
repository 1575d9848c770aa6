/** What models took, on the command line. */
import type { UsageItem, UsageReport, UsageSums } from "@mainstay/sdk/usage";
import { expect, test } from "vitest";
import { answers } from "../../sdk/test/scripted-server.ts";
import { runHere } from "./run-here.ts";
import { start, useScriptedRuns } from "./scripted-runs.ts";

useScriptedRuns();

const sums: UsageSums = {
  ...{ requests: 12, input_tokens: 1_234_567, output_tokens: 890, cost_micro_usd: 729_000 },
  ...{ estimated_requests: 0, unpriced_requests: 0 },
};
const item: UsageItem = {
  ...{ day: "2026-11-22", person: null, provider: "groq", credential: null, model: "big" },
  ...sums,
};
const report: UsageReport = {
  ...{ from: "2026-10-25", to: "2026-11-23", next: null },
  items: [
    item,
    { ...item, day: "2026-11-23", requests: 3, estimated_requests: 1, cost_micro_usd: 41 },
    { ...item, day: "2026-11-23", provider: "home\u{1b}[2J", requests: 2, unpriced_requests: 2 },
  ],
  total: { ...sums, requests: 17, estimated_requests: 1, unpriced_requests: 2 },
};

const usage = async (args: string[], told: UsageReport = report) => {
  const agent = await start(() => undefined, { "GET /v1/usage": answers(told) });
  const ran = await runHere(["usage", ...args], agent);
  return { ...ran, asked: agent.server.to("GET /v1/usage").map(({ path }) => path) };
};

test("a table: estimates and sums that lack a price are marked, what has no price is not free", async () => {
  const { code, out, asked } = await usage([]);
  expect(code).toBe(0);
  expect(asked).toEqual(["/v1/usage?by=day%2Cprovider%2Cmodel"]);
  expect(out.split("\n")).toEqual([
    "day         provider       model  requests       input  output        cost",
    "2026-11-22  groq           big          12   1,234,567     890       $0.73",
    "2026-11-23  groq           big           3  ~1,234,567    ~890  ~$0.000041",
    "2026-11-23  home\\u{1b}[2J  big           2   1,234,567     890    no price",
    "total                                   17  ~1,234,567    ~890     ~$0.73+",
    "",
  ]);
});

test("days, people and what is told apart are asked for", async () => {
  const { asked } = await usage(["--days", "7", "--by", "person,day,person", "--person", "ada"]);
  expect(asked).toEqual(["/v1/usage?days=7&person=ada&by=person%2Cday"]);
});

test("JSON is the whole report", async () => {
  const { out } = await usage(["--json"]);
  expect(JSON.parse(out)).toEqual(report);
});

test("nothing is said to be nothing, of which days", async () => {
  const { out, err } = await usage([], { ...report, items: [] });
  expect([out, err]).toEqual(["", "Nothing from 2026-10-25 to 2026-11-23.\n"]);
});

test.each([
  ["--days", "0"],
  ["--by", "hour"],
])("usage %s %s is wrong usage", async (...args) => {
  const { code, err, asked } = await usage(args);
  expect([code, asked]).toEqual([2, []]);
  expect(err).toContain("fix: ");
});
