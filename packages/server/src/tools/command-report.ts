import type { CommandEnd } from "@mainstay/executor/command";
import type { CommandResult } from "@mainstay/sdk/events";
import { outcomeOf } from "../execution/execution.ts";
import { type Lacked, lackedLine } from "../kernel/lacked.ts";
import { oneLine } from "./one-line.ts";
import type { ToolEnd } from "./tool.ts";
import { notGranted, type Openable, outOfReach, whatItLacked } from "./what-it-lacked.ts";

/**
 * How a command's end is told to the model and kept in the journal. `why_killed` says who or what
 * wanted a cancelled command to end.
 */
export function reportCommand(end: CommandEnd, why_killed: string, openable: Openable): ToolEnd {
  switch (end.outcome) {
    case "exited":
      return {
        outcome: end.cancelled ? "cancelled" : end.exit_code === 0 ? "ok" : "error",
        result: [...outputOf(end), ...toldBy(end, why_killed), ...missing(end, openable)].join(
          "\n",
        ),
        command: resultOf(end),
      };
    case "interrupted":
      if (end.ran === "no") return didNotRun(end.why);
      if (end.ran === "partly") return ranInPart(end, outcomeOf(end, why_killed).summary);
      return {
        outcome: "unknown",
        result: [
          `Outcome unknown: ${end.why}. The command may have run in part or in full; it was not run again. Check its effects before you repeat it.`,
          ...(end.output ? ["Before that it printed:", end.output] : []),
        ].join("\n"),
        command: noResult("interrupted"),
      };
    case "not_started":
      return didNotRun(end.why);
  }
}

type Interrupted = Extract<CommandEnd, { outcome: "interrupted" }>;

const ranInPart = ({ output = "", duration_ms }: Interrupted, summary: string): ToolEnd => ({
  outcome: "cancelled",
  result: [...outputOf({ output }), `[${summary}]`].join("\n"),
  command: { ...noResult("interrupted"), cancelled: true, duration_ms: duration_ms ?? null },
});

const didNotRun = (why: string): ToolEnd => ({
  outcome: "error",
  result: `The command did not run: ${why}`,
  command: noResult("not_started"),
});

type Exited = Extract<CommandEnd, { outcome: "exited" }>;

const outputOf = ({ output }: Pick<Exited, "output">): string[] =>
  output === "" ? [] : [output.endsWith("\n") ? output.slice(0, -1) : output];

/** What the executor says, each line in brackets; its notices are for the person as well. */
const toldBy = (end: Exited, why_killed: string): string[] =>
  [outcomeOf(end, why_killed).summary, ...end.notices].map((line) => `[${line}]`);

const HOSTS_TOLD = 8;

/** What it was kept from and why, and as the last line how it could be let. */
function missing(end: Exited, openable: Openable): string[] {
  const refused = end.network.filter((use) => use.refused !== null).slice(0, HOSTS_TOLD);
  const lacked = whatItLacked(end, openable);
  return [
    ...refused.map((use) => `[kept from ${use.host}:${use.port}: ${use.refused}]`),
    ...unreached(end, openable),
    ...(lacked === null ? wanted(end) : [fromNowOn(lacked), lackedLine(lacked)]),
  ];
}

const unreached = (end: Exited, openable: Openable): string[] => {
  const named = outOfReach(end, openable);
  if (named === null) return [];
  const path = oneLine(named.path);
  return named.to_write
    ? [`[${path} lies outside the workspace; other folders can be opened to be read alone]`]
    : [
        `[${path} lies outside the workspace, the only folder that a command sees; one of yours can be opened to be read once it is a workspace: mainstay workspace add DIR]`,
      ];
};

/** Programs that are refused a host may end well: what they show is the refusal then. */
const wanted = (end: Exited): string[] => {
  const hosts = notGranted(end);
  return hosts.length === 0 ? [] : [fromNowOn({ hosts, folders: [] })];
};

const fromNowOn = ({ hosts, folders }: Lacked): string =>
  hosts.length > 0
    ? `[it needs ${hosts.join(", ")}; its person allows that from now on with: mainstay workspace network allow ${hosts[0]}]`
    : `[it needs ${folders.join(", ")}, which no command here sees]`;

const resultOf = (end: Exited): CommandResult => ({
  outcome: "exited",
  exit_code: end.exit_code,
  signal: end.signal,
  timed_out: end.timed_out,
  cancelled: end.cancelled,
  duration_ms: end.duration_ms,
  output_bytes: end.output_bytes,
  output_sha256: end.output_sha256,
  executed_digest: end.plan_digest,
});

const noResult = (outcome: "interrupted" | "not_started"): CommandResult => ({
  outcome,
  exit_code: null,
  signal: null,
  timed_out: false,
  cancelled: false,
  duration_ms: null,
  output_bytes: null,
  output_sha256: null,
  executed_digest: null,
});
