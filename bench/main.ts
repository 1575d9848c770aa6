/**
 * What `npm run bench` runs: real processes over loopback, bounded in count and time.
 *
 * Exit code 1 when an answer was wrong or something broke; a missed target is a line of the report.
 */
import { parseArgs } from "node:util";
import { systemClock } from "@mainstay/sdk/clock";
import { measureAudit } from "./audit.ts";
import { type Claim, verdictOf } from "./claim.ts";
import { measureClassify } from "./classify.ts";
import { measureEdits } from "./edits.ts";
import { closeConnections } from "./http.ts";
import { measureFlood } from "./flood.ts";
import { measureHostile } from "./hostile.ts";
import { type House, openHouse } from "./house.ts";
import { measureLatency } from "./latency.ts";
import { measureMemory } from "./memory.ts";
import { measureNoise } from "./noise.ts";
import { measureProviders } from "./providers.ts";
import { measureRecovery } from "./recovery.ts";
import { asJson, asTable, type Report } from "./report.ts";
import { measureSandbox } from "./sandbox.ts";
import { measureStarts } from "./starts.ts";
import { measureThroughput } from "./throughput.ts";

const PEOPLE = 50;
const LIMIT_MS = 360_000;

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const clock = systemClock;
const tell = (text: string) => void process.stderr.write(`${text}\n`);

/** Ends what is under way: requests in flight fail, and every process is ended on the way out. */
const stop = new AbortController();
stop.signal.addEventListener("abort", closeConnections);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
const disarm = clock.after(LIMIT_MS, () =>
  stop.abort(new Error(`not done after ${LIMIT_MS / 1000} s`)),
);

const sections: readonly (readonly [name: string, measure: () => Promise<Claim[]>])[] = [
  ["starts", () => measureStarts(clock, stop.signal)],
  ["recovery", () => measureRecovery(clock, stop.signal)],
  ["classify", () => measureClassify(clock)],
  ["audit", () => measureAudit(clock)],
  ["edits", () => measureEdits(clock)],
  ["providers", () => measureProviders(clock)],
  ["sandbox", () => measureSandbox(clock)],
  ["flood", () => inHouse((house) => measureFlood(house, clock), { noting_lateness: true })],
  ["hostile", () => inHouse((house) => measureHostile(house, clock), { noting_lateness: true })],
  ["one turn at a time", () => inHouse((house) => measureLatency(house, clock))],
  ["text turns at once", () => inHouse((house) => measureThroughput(house, "text", clock))],
  [
    "turns with a command at once",
    () => inHouse((house) => measureThroughput(house, "command", clock)),
  ],
  ["memory", () => inHouse((house) => measureMemory(house, clock))],
];

async function inHouse(
  measure: (house: House) => Promise<Claim[]>,
  how: Parameters<typeof openHouse>[2] = {},
): Promise<Claim[]> {
  await using house = await openHouse(PEOPLE, clock, how);
  return await measure(house);
}

async function measureAll(): Promise<Report> {
  const from_ms = clock.monotonic();
  const claims: Claim[] = [];
  const noise = [measureNoise("nothing yet", clock)];
  for (const [name, measure] of sections) {
    stop.signal.throwIfAborted();
    tell(`▸ ${name}`);
    claims.push(...(await measure()));
    noise.push(measureNoise(name, clock));
  }
  return { claims, noise, elapsed_s: (clock.monotonic() - from_ms) / 1000 };
}

try {
  const report = await measureAll();
  console.log(values.json ? asJson(report) : asTable(report));
  const wrong = report.claims.some((claim) => claim.unit === "%" && verdictOf(claim) !== "met");
  if (wrong) process.exitCode = 1;
} catch (fault) {
  const cause = stop.signal.aborted ? stop.signal.reason : fault;
  tell(`bench: ${cause instanceof Error ? cause.message : String(cause)}`);
  process.exitCode = 1;
} finally {
  disarm();
  closeConnections();
}
