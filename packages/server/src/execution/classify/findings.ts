import type { Classified, Finding, LiteralCommand, RunFile, Verdict } from "./classify.ts";
import { shown } from "./characters.ts";
import { NEEDS_NETWORK } from "./programs/network-needs.ts";

const FINDINGS_KEPT = 16;
const RUNS_KEPT = 32;

/** What the walk over one script has found so far. */
export interface Findings {
  /** @param part the piece of the script that it comes from; null for the whole */
  add(verdict: Finding["verdict"], reason: string, part: string | null): void;
  /** One more thing that is not safe: as a literal command, or null where words do not say it. */
  ask(command: LiteralCommand | null): void;
  /** A file of the workspace runs; `raced` when other parts of the script run beside it. */
  run(path: string, raced: boolean): void;
  asked(): number;
  conclude(): Classified;
}

export function createFindings(): Findings {
  const found = new Map<string, Finding>();
  const runs = new Map<string, boolean>();
  const commands: LiteralCommand[] = [];
  let literal = true;
  let asked = 0;

  const conclude = (): Classified => {
    const all = [...found.values()];
    const blocked = all.filter(({ verdict }) => verdict === "blocked");
    const asking = all.filter(({ verdict }) => verdict === "ask");
    // What it wants from outside is worth more to who is asked than how it is written.
    const reaching = asking.filter(({ reason }) => reason.endsWith(NEEDS_NETWORK));
    const findings = [...new Set([...blocked, ...reaching, ...asking])];
    const [first] = findings;
    const verdict: Verdict = first?.verdict ?? "safe";
    return {
      verdict,
      reason: first?.reason ?? "it only reads, inside the workspace",
      part: first?.part ?? null,
      findings: findings.slice(0, FINDINGS_KEPT),
      asks: verdict === "safe" ? [] : verdict === "ask" && literal && asked > 0 ? commands : null,
      runs: [...runs].slice(0, RUNS_KEPT).map(([path, changed]): RunFile => ({ path, changed })),
    };
  };

  return {
    add(verdict, reason, part) {
      const finding = { verdict, reason: shown(reason), part: part === null ? null : shown(part) };
      const key = `${verdict} ${finding.reason} ${finding.part}`;
      if (verdict === "blocked" || found.size < 4 * FINDINGS_KEPT) found.set(key, finding);
    },
    ask(command) {
      asked += 1;
      if (command === null) literal = false;
      else commands.push(command);
    },
    run: (path, raced) => void runs.set(path, raced || (runs.get(path) ?? false)),
    asked: () => asked,
    conclude,
  };
}
