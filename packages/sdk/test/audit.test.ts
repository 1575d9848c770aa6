import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { AuditRecord } from "../src/audit.ts";

const sha = "0".repeat(64);
const refused = {
  ...{ kind: "command_refused", turn_id: "turn_1", step: 1, call_id: "call_1", command_id: null },
  ...{ person_id: "usr_1", workspace_id: "ws_1", script_sha256: sha, code: "blocked" },
} as const;
const intent = {
  ...{ kind: "command_intent", command_id: "cmd_1", turn_id: "turn_1", step: 1, call_id: "call_1" },
  ...{ person_id: "usr_1", workspace_id: "ws_1", profile: "agent", script_sha256: sha },
  ...{ planned_digest: sha, verdict: "ask", consent: "rule", agreed_by: "usr_1" },
  agreement_id: "rule_1,rule_2",
} as const;
const result = {
  ...{ kind: "command_result", command_id: "cmd_1", person_id: "usr_1", outcome: "exited" },
  ...{ exit_code: null, signal: "SIGKILL", duration_ms: 1.5, output_bytes: 0, output_sha256: sha },
  ...{ executed_digest: sha, sandbox: "bubblewrap" },
} as const;

test("a record is of ids, names and digests", () => {
  for (const record of [refused, intent, result]) expect(AuditRecord.parse(record)).toEqual(record);
});

test("no text is an id, a name or a code of it", () => {
  const text = "ada approved this";
  for (const record of [refused, intent, result])
    for (const [field, value] of Object.entries(record))
      if (field !== "call_id" && typeof value !== "number")
        expect(AuditRecord.safeParse({ ...record, [field]: text }).success, field).toBe(false);
});

test("however a call is called, it is on record, and its name only where it is a plain one", () => {
  assert(
    property(string({ unit: "binary", maxLength: 200 }), (call_id) => {
      const is_plain = /^[A-Za-z0-9_-]{1,64}$/.test(call_id);
      expect(AuditRecord.parse({ ...refused, call_id })).toEqual({
        ...refused,
        call_id: is_plain ? call_id : "unnamed",
      });
    }),
  );
});
