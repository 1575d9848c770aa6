import { AuditRecord, ConsentKind } from "@mainstay/sdk/audit";

type Intent = Extract<AuditRecord, { kind: "command_intent" }>;
type Result = Extract<AuditRecord, { kind: "command_result" }>;
type Began = Extract<AuditRecord, { kind: "executor_chain_began" }>;

/** What a record of the trail says that the executor's chain says too, or that is about the chain. */
export type CommandRecord =
  | Pick<Intent, "kind" | "command_id" | "planned_digest" | "consent">
  | Pick<
      Result,
      "kind" | "command_id" | "outcome" | "exit_code" | "output_sha256" | "executed_digest"
    >
  | Began
  | { readonly kind: "damaged" };

/** Null of a record that the executor has no part in. */
export function commandRecordOf(body: string): CommandRecord | null {
  if (!OF_INTEREST.test(body)) return null;
  return usualIntent(body) ?? usualResult(body) ?? parsed(body);
}

const OF_INTEREST = /^\{"kind":"(?:command_intent|command_result|executor_chain_began)"/;

/*
 * Almost all of them have these very bytes, which say without a parser what they are: it would take as
 * long as all the rest of a verification. No escape may be in a text. Digests are spelled out digit by
 * digit: counting takes an engine of regular expressions three times as long.
 */
const ID = '"[^"\\\\\\u0000-\\u001f]*"';
const ID_OR_NULL = `(?:null|${ID})`;
const DIGEST = "[0-9a-f]".repeat(64);
const SHA256 = `"${DIGEST}"`;
const SHA256_FOUND = `"(${DIGEST})"`;
const INTENT = new RegExp(
  `^\\{"kind":"command_intent","command_id":"([A-Za-z0-9_.:-]+)","turn_id":${ID},` +
    `"step":\\d{1,9},"call_id":${ID},"person_id":${ID},"workspace_id":${ID},"profile":${ID},` +
    `"script_sha256":${SHA256},"planned_digest":${SHA256_FOUND},` +
    `"verdict":"(?:safe|ask|blocked)","consent":"(${ConsentKind.options.join("|")})",` +
    `"agreed_by":${ID_OR_NULL},"agreement_id":${ID_OR_NULL}\\}$`,
);
const EXITED = new RegExp(
  `^\\{"kind":"command_result","command_id":"([A-Za-z0-9_.:-]+)","person_id":${ID},` +
    `"outcome":"exited","exit_code":(0|-?[1-9]\\d{0,9}),"signal":${ID_OR_NULL},` +
    `"duration_ms":\\d{1,15}(?:\\.\\d{1,20})?,"output_bytes":\\d{1,15},` +
    `"output_sha256":${SHA256_FOUND},"executed_digest":${SHA256_FOUND},"sandbox":${ID_OR_NULL}\\}$`,
);

/** Every group takes part in a match of these. */
type Captures = [string, string, string, string, string];

function usualIntent(body: string): CommandRecord | null {
  const found = INTENT.exec(body);
  if (found === null) return null;
  const [, command_id, planned_digest, consent] = found as string[] as Captures;
  return { kind: "command_intent", command_id, planned_digest, consent: consent as ConsentKind };
}

function usualResult(body: string): CommandRecord | null {
  const found = EXITED.exec(body);
  if (found === null) return null;
  const [, command_id, code, output_sha256, executed_digest] = found as string[] as Captures;
  const exit_code = Number(code);
  return {
    ...{ kind: "command_result", command_id, outcome: "exited" },
    ...{ exit_code, output_sha256, executed_digest },
  };
}

function parsed(body: string): CommandRecord {
  const damaged = { kind: "damaged" } as const;
  try {
    const record = AuditRecord.parse(JSON.parse(body));
    const { kind } = record;
    return kind === "command_intent" || kind === "command_result" || kind === "executor_chain_began"
      ? record
      : damaged;
  } catch {
    return damaged;
  }
}
