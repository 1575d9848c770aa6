import { hash } from "node:crypto";
import type { AuditRecord } from "@mainstay/sdk/audit";
import { JournalBody } from "@mainstay/sdk/events";
import { z } from "zod";
import type { Store } from "../store/store.ts";

const CommandInput = z.object({ command: z.string() });

/**
 * The commands behind records, where a journal or an approval still has them. The trail itself keeps
 * digests only, and a text counts only where it has the record's digest: what is shown is what it was
 * about, byte for byte.
 */
export async function commandTexts(
  store: Store,
  records: readonly AuditRecord[],
): Promise<(record: AuditRecord) => string | null> {
  const intents = await intentsOf(store, records);
  const decided = await approvalsOf(store, records);
  const turn_ids = new Set([
    ...records.flatMap((record) => ("turn_id" in record ? (record.turn_id ?? []) : [])),
    ...[...intents.values()].map(({ turn_id }) => turn_id),
  ]);
  const texts = new Map(
    [...(await journaled(store, [...turn_ids])), ...decided.values()].map((text) => [
      hash("sha256", text, "hex"),
      text,
    ]),
  );
  return (record) => {
    if ("script_sha256" in record) return texts.get(record.script_sha256) ?? null;
    if (isAfterIntent(record))
      return texts.get(intents.get(record.command_id)?.script_sha256 ?? "") ?? null;
    if (record.kind === "approval_decided") return decided.get(record.approval_id) ?? null;
    return null;
  };
}

type AfterIntent = Extract<
  AuditRecord,
  { kind: "command_result" | "command_network" | "command_extended" | "command_stopped" }
>;

/** Of a command whose intent has its digest. */
const isAfterIntent = (record: AuditRecord): record is AfterIntent => after_intent.has(record.kind);

const after_intent: ReadonlySet<AuditRecord["kind"]> = new Set<AfterIntent["kind"]>([
  "command_result",
  "command_network",
  "command_extended",
  "command_stopped",
]);

interface IntentOfCommand {
  readonly turn_id: string;
  readonly script_sha256: string;
}

async function intentsOf(
  { sql, query }: Store,
  records: readonly AuditRecord[],
): Promise<ReadonlyMap<string, IntentOfCommand>> {
  const ids = records.filter(isAfterIntent).map(({ command_id }) => command_id);
  if (ids.length === 0) return new Map();
  const rows = await query(
    sql
      .selectFrom("audit")
      .select(["command_id", "body"])
      .where("kind", "=", "command_intent")
      .where("command_id", "in", ids),
  );
  return new Map(rows.map(({ command_id, body }) => [command_id!, JSON.parse(body)]));
}

async function approvalsOf(
  { sql, query }: Store,
  records: readonly AuditRecord[],
): Promise<ReadonlyMap<string, string>> {
  const ids = records.flatMap((record) => ("approval_id" in record ? [record.approval_id] : []));
  if (ids.length === 0) return new Map();
  const rows = await query(
    sql.selectFrom("approval").select(["id", "command"]).where("id", "in", ids),
  );
  return new Map(rows.map(({ id, command }) => [id, command]));
}

/** Commands that were begun, and those that a model asked for in vain. */
async function journaled({ sql, query }: Store, turn_ids: readonly string[]): Promise<string[]> {
  if (turn_ids.length === 0) return [];
  const rows = await query(
    sql
      .selectFrom("journal")
      .select("body")
      .where("turn_id", "in", turn_ids)
      .where("type", "in", ["tool_started", "step_ended"]),
  );
  return rows.flatMap(({ body }) => commandsIn(body));
}

function commandsIn(body: string): string[] {
  const event = JournalBody.safeParse(parsed(body)).data;
  if (event?.type === "tool_started")
    return event.effect.kind === "command" ? [event.effect.command] : [];
  if (event?.type !== "step_ended") return [];
  return event.tool_calls.flatMap(({ input }) => {
    const asked = CommandInput.safeParse(parsed(input)).data;
    return asked === undefined ? [] : [asked.command];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
