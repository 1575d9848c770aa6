import type { TriedStep } from "@mainstay/server/commands/provider";
import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import { oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";
import type { ProviderParts } from "./provider-list.ts";

const NO_PROVIDER =
  "No provider is configured. To add one, for example: mainstay provider set groq";

export async function testProviders(
  { screen }: ProviderParts,
  name: string | null,
  json: boolean,
): Promise<ExitCode> {
  const room = await import("@mainstay/server/commands/provider");
  const steps = await followTrial(room.testProviders(name), screen, json);
  if (steps.length === 0) throw new UsageFault(nothingTested(name, room.configuredProviders()));
  const ok = steps.every(({ outcome }) => outcome !== "failed");
  if (json) screen.json({ ok, steps });
  return ok ? exit.ok : exit.failed;
}

function nothingTested(name: string | null, configured: readonly { id: string }[]): string {
  const known = configured.map(({ id }) => id).join(", ");
  if (name === null || known === "") return NO_PROVIDER;
  return `There is no provider ${oneLine(name)}; there are: ${known}`;
}

const LINE_CHARS = 500;

/** Shows each step as it ends. */
export async function followTrial(
  trial: AsyncIterable<TriedStep>,
  screen: Screen,
  json: boolean,
): Promise<TriedStep[]> {
  const steps: TriedStep[] = [];
  for await (const step of trial) {
    if (!json) show(step, steps.at(-1), screen);
    steps.push(step);
  }
  return steps;
}

function show(step: TriedStep, last: TriedStep | undefined, screen: Screen): void {
  const { provider, model, credential, outcome, detail, fix, took_ms } = step;
  const is_new = last?.provider !== provider || last.credential !== credential;
  if (is_new) screen.print(oneLine(`${provider}: ${model}`), "strong");
  const took = outcome === "skipped" ? "" : ` (${took_ms} ms)`;
  const tone = outcome === "failed" ? "bad" : "plain";
  const head = `  ${marks[outcome]}  ${step.step.padEnd(6)}  `;
  screen.print(`${head}${oneLine(`${detail}${took}`, LINE_CHARS)}`, tone);
  if (fix !== null) screen.print(`${" ".repeat(head.length)}→ ${oneLine(fix, LINE_CHARS)}`);
}

const marks: Record<TriedStep["outcome"], string> = {
  passed: "ok  ",
  failed: "FAIL",
  skipped: "-   ",
};
