import type { Effect } from "@mainstay/sdk/events";
import type { CommandRecord, EditRecord } from "@mainstay/sdk/turn";
import type { Beginning, CallRecord, StepRecord } from "./step-record.ts";

type CommandEffect = Extract<Effect, { kind: "command" }>;
type Ended = Extract<CallRecord, { state: "ended" }>;

/** The commands that a turn began, each with its real result or a plain word that there is none. */
export function commandsOf(steps: readonly StepRecord[], settled: boolean): CommandRecord[] {
  return callsOf(steps).flatMap((call) => {
    const began = beginningOf(call);
    if (began?.effect.kind !== "command") return [];
    const end = call.state === "ended" ? call : null;
    return [commandRecord(call.call_id, began.intent, began.effect, end, settled)];
  });
}

/** The files that a turn changed: the edits that ended well. */
export function editsOf(steps: readonly StepRecord[]): EditRecord[] {
  return callsOf(steps).flatMap((call) => {
    if (call.state !== "ended" || call.outcome !== "ok") return [];
    const { call_id, began } = call;
    switch (began?.effect.kind) {
      case "edit": {
        const { edit_id: id, files } = began.effect;
        return files.map(({ path, before, after }) => {
          const hashes = {
            before_sha256: before?.sha256 ?? null,
            after_sha256: after?.sha256 ?? null,
          };
          return { id, call_id, path, ...hashes };
        });
      }
      case "file": {
        const { edit_id: id, path, before_sha256, after_sha256 } = began.effect;
        return [{ id, call_id, path, before_sha256, after_sha256 }];
      }
      default:
        return [];
    }
  });
}

const callsOf = (steps: readonly StepRecord[]): CallRecord[] => steps.flatMap(({ calls }) => calls);

function beginningOf(call: CallRecord): Beginning | null {
  if (call.state === "started") return call;
  return call.state === "ended" ? call.began : null;
}

function commandRecord(
  call_id: string,
  intent: string,
  effect: CommandEffect,
  end: Ended | null,
  settled: boolean,
): CommandRecord {
  return {
    id: effect.command_id,
    call_id,
    intent,
    command: effect.command,
    verdict: effect.verdict,
    agreed_by: effect.agreed_by,
    planned_digest: effect.planned_digest,
    ...(end?.command ?? NO_RESULT),
    outcome: outcomeOf(effect, end, settled),
  };
}

const NO_RESULT = {
  exit_code: null,
  signal: null,
  timed_out: false,
  cancelled: false,
  duration_ms: null,
  output_bytes: null,
  output_sha256: null,
  executed_digest: null,
};

function outcomeOf(
  { background }: CommandEffect,
  end: Ended | null,
  settled: boolean,
): CommandRecord["outcome"] {
  if (background && (end === null || isGoingOn(end))) return "background";
  // A turn that is over waits for no command: what has not ended by then is not known.
  if (end === null) return settled ? "unknown" : "running";
  // The executor's word counts, unless the call's own end says that there is none to be had.
  if (end.outcome === "unknown" || end.outcome === "denied") return end.outcome;
  return end.command?.outcome ?? "unknown";
}

const isGoingOn = ({ outcome, command }: Ended): boolean => outcome === "ok" && command === null;
