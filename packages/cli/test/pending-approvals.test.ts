import type { ApprovalNews } from "@mainstay/sdk/consent";
import { expect, test } from "vitest";
import { createPendingApprovals, endLine } from "../src/conversation/pending-approvals.ts";
import { approval } from "./scripted-agent.ts";

const named = (id: string) => ({ ...approval, id });
const [a, b, c] = [named("apr_a"), named("apr_b"), named("apr_c")];

test("each approval is told once, whatever is told again, and its end once", () => {
  const pending = createPendingApprovals();
  const heard = (news: ApprovalNews) =>
    pending.hear(news).map(({ kind, approval: { id } }) => `${kind} ${id}`);
  expect(heard({ type: "snapshot", items: [a] })).toEqual(["asked apr_a"]);
  expect(heard({ type: "requested", approval: b })).toEqual(["asked apr_b"]);
  expect(heard({ type: "requested", approval: b })).toEqual([]);
  expect(heard({ type: "decided", id: "apr_b", state: "denied", by: "Ada" })).toEqual([
    "decided apr_b",
  ]);
  expect(heard({ type: "decided", id: "apr_b", state: "denied", by: "Ada" })).toEqual([]);
  expect(heard({ type: "snapshot", items: [c] })).toEqual(["gone apr_a", "asked apr_c"]);
  expect(pending.items()).toEqual([c]);
});

test("an end says who decided, where that is known", () => {
  const ended = { approval: { ...a, command: "npm\u202e test" } };
  const by = { kind: "decided", by: "Ada", ...ended } as const;
  expect(endLine({ ...by, state: "approved" })).toBe(
    "Ada approved it elsewhere: npm\\u{202e} test",
  );
  expect(endLine({ ...by, state: "denied" })).toMatch(/^Ada denied it elsewhere: /);
  expect(endLine({ ...by, state: "denied", because: "no_terminal" })).toMatch(
    /^Not answered elsewhere, where nobody could be asked: npm/,
  );
  expect(endLine({ ...by, state: "expired" })).toMatch(/^Nobody decided in time, so it is denied/);
  expect(endLine({ kind: "gone", ...ended })).toMatch(/^It was decided elsewhere: /);
});
