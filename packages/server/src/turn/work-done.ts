import type { CallRecord } from "../store/step-record.ts";
import type { TurnRecord } from "../store/turn-record.ts";

/** What stands of the turn's work, in plain words, for an answer that the model did not give. */
export function workDone({ commands, edits, steps }: TurnRecord): string {
  const stopped = commands.filter((command) => command.cancelled || command.timed_out).length;
  const exited = commands.filter((command) => command.outcome === "exited");
  const ran = exited.filter((command) => !command.cancelled && !command.timed_out).length;
  const done = [
    ...(ran > 0 ? [`${count(ran, "command")} ran`] : []),
    ...(stopped > 0 ? [`${count(stopped, "command")} stopped on the way`] : []),
    ...(edits.length > 0 ? [`${count(edits.length, "file edit")} made`] : []),
  ];
  const unknown = steps.flatMap((step) => step.calls).filter(isUnknown).length;
  const doubt = unknown === 0 ? "" : ` What became of ${count(unknown, "call")} is unknown.`;
  if (done.length === 0) return unknown === 0 ? "Nothing was run or changed." : doubt.trim();
  return `Before that: ${done.join(", ")}; that stands.${doubt}`;
}

const isUnknown = (call: CallRecord): boolean =>
  call.state === "ended" ? call.outcome === "unknown" : call.state === "started";

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
