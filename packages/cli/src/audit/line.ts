import type { AuditRecord, ConsentKind } from "@mainstay/sdk/audit";
import type { AuditItem } from "@mainstay/sdk/audit-trail";
import { escapePath, oneLine } from "../terminal/escape.ts";

const DIGEST_CHARS = 12;
const COMMAND_CHARS = 60;

/** One record in one line: when, whose, what, of which command, and how it came to that. */
export function auditLine(item: AuditItem): string {
  const { seq, at, record } = item;
  const when = `${String(seq).padStart(6)}  ${at.slice(0, 19).replace("T", " ")}`;
  if (record === null) return `${when}  this record cannot be read: mainstay audit verify`;
  const name = nameIn(item);
  const who = "person_id" in record && record.person_id !== null ? name(record.person_id) : "–";
  const { what, detail } = told(record, name);
  const parts = [what.padEnd(9), commandOf(item, record), detail].filter((part) => part !== "");
  return `${when}  ${who.padEnd(10)}  ${parts.join("  ")}`;
}

type Naming = (id: string) => string;

/** Who is gone has an id still. */
const nameIn =
  ({ people }: AuditItem): Naming =>
  (id) =>
    escapePath(people[id] ?? id);

/** As the journal still has it; else what the trail has of it. */
function commandOf({ command }: AuditItem, record: AuditRecord): string {
  if (command !== null) return oneLine(escapePath(command), COMMAND_CHARS);
  if ("script_sha256" in record) return `sha256 ${record.script_sha256.slice(0, DIGEST_CHARS)}`;
  return "command_id" in record ? (record.command_id ?? "") : "";
}

interface Told {
  readonly what: string;
  readonly detail: string;
}

function told(record: AuditRecord, name: Naming): Told {
  switch (record.kind) {
    case "command_intent":
      return { what: "begins", detail: `${record.verdict}: ${consentOf(record, name)}` };
    case "command_result":
      return { what: "ended", detail: endOf(record) };
    case "command_extended":
      return {
        what: "extended",
        detail: `to ${Math.round(record.wall_ms / 1000)} s by ${name(record.extended_by)}`,
      };
    case "command_stopped":
      return {
        what: "stopped",
        detail: `by ${record.stopped_by === null ? agentOf(record) : name(record.stopped_by)}`,
      };
    case "command_refused":
      return { what: "refused", detail: record.code };
    case "edit_intent":
      return { what: "edits", detail: editOf(record, name) };
    case "edit_result":
      return { what: "edited", detail: `${record.edit_id} ${record.outcome}` };
    case "approval_requested":
      return { what: "asks", detail: record.approval_id };
    case "approval_decided":
      return {
        what: record.because === undefined ? decisions[record.decision] : "unanswered",
        detail: by(record, name),
      };
    case "rule_made":
      return { what: "rule", detail: `${record.rule_id} made by ${name(record.made_by)}` };
    case "rule_revoked":
      return { what: "rule", detail: `${record.rule_id} revoked by ${name(record.revoked_by)}` };
    case "override_granted":
      return { what: "override", detail: `granted by ${name(record.granted_by)}` };
    case "override_withdrawn":
      return {
        what: "override",
        detail: `${record.override_id} withdrawn by ${name(record.withdrawn_by)}`,
      };
    case "policy_set":
      return {
        what: "policy",
        detail:
          `${record.scope} ${name(record.subject)}: ${record.ceiling ?? "taken away"}, ` +
          `by ${name(record.set_by)}`,
      };
    case "workspace_trusted":
      return {
        what: "workspace",
        detail: `${record.workspace_id} ${record.trusted ? "trusted" : "trusted no more"}`,
      };
    case "command_network":
      return { what: "network", detail: networkOf(record) };
    case "network_allowed":
      return {
        what: "network",
        detail:
          `${hostOf(record)} allowed${record.inside ? ", also inside" : ""} ` +
          `in ${record.workspace_id}, by ${name(record.allowed_by)}`,
      };
    case "network_forbidden":
      return {
        what: "network",
        detail: `${hostOf(record)} forbidden in ${record.workspace_id}, by ${name(record.forbidden_by)}`,
      };
    case "unsandboxed":
      return { what: "server", detail: "runs commands WITHOUT a sandbox from here on" };
    case "pause_set":
      return { what: "paused", detail: `${pausedOf(record)}, by ${name(record.set_by)}` };
    case "pause_lifted":
      return { what: "resumed", detail: `${pausedOf(record)}, by ${name(record.lifted_by)}` };
    case "person_added":
      return {
        what: "added",
        detail: `${record.role}, ${record.tier}, by ${name(record.added_by)}`,
      };
    case "server_started":
      return { what: "server", detail: "started" };
    case "executor_chain_began":
      return {
        what: "executor",
        detail: `its chain began anew; record ${record.before_n} of the one before is gone`,
      };
  }
}

const pausedOf = ({ scope, provider }: Of<"pause_set" | "pause_lifted">): string =>
  provider === undefined ? scope : `${scope} ${provider}`;

/** Paths are no part of the trail. */
function editOf(
  { edit_id, files, undone_by, undoes = [] }: Of<"edit_intent">,
  name: Naming,
): string {
  const what = `${edit_id}: ${files.length} ${files.length === 1 ? "file" : "files"}`;
  return undone_by === undefined
    ? what
    : `${what}, takes back ${undoes.join(", ")} for ${name(undone_by)}`;
}

type Of<Kind extends AuditRecord["kind"]> = Extract<AuditRecord, { kind: Kind }>;

function consentOf(
  { consent, agreed_by, agreement_id }: Of<"command_intent">,
  name: Naming,
): string {
  const who = agreed_by === null ? "" : ` by ${name(agreed_by)}`;
  const which = agreement_id === null ? "" : ` (${agreement_id})`;
  return `${consents[consent]}${who}${which}`;
}

const consents: Record<ConsentKind, string> = {
  policy: "it only reads",
  trust: "the workspace is trusted",
  person: "approved",
  rule: "a rule made",
  override: "let through",
};

function endOf({ outcome, exit_code, signal, duration_ms }: Of<"command_result">): string {
  if (outcome !== "exited") return outcome === "interrupted" ? "interrupted" : "did not start";
  const how = signal === null ? `exit ${exit_code ?? "unknown"}` : `killed by ${signal}`;
  return duration_ms === null ? how : `${how} after ${(duration_ms / 1000).toFixed(1)} s`;
}

const agentOf = ({ turn_id }: Of<"command_stopped">): string =>
  turn_id === undefined ? "the agent" : `the agent in ${turn_id}`;

const hostOf = ({ host, port }: { readonly host: string; readonly port: number | null }): string =>
  port === null ? host : `${host}:${port}`;

function networkOf(record: Of<"command_network">): string {
  const { methods, requests, bytes_up, bytes_down, refused } = record;
  const which = `${hostOf(record)} ${methods.join(" ")}`.trimEnd();
  const bytes = `${bytes_up} bytes up, ${bytes_down} down`;
  return `${which}: ${requests} requests, ${bytes}${refused ? ", refused" : ""}`;
}

const decisions = { approve: "approved", deny: "denied", void: "void" } as const;

function by({ decided_by, because, cause }: Of<"approval_decided">, name: Naming): string {
  if (cause !== undefined) return causes[cause];
  if (because !== undefined) return "asked where nobody could answer";
  return decided_by === null ? "nobody answered in time" : `by ${name(decided_by)}`;
}

const causes: Record<NonNullable<Of<"approval_decided">["cause"]>, string> = {
  cancelled: "its turn was cancelled",
  ended: "its turn ended",
  damaged: "its turn's journal is damaged",
};
