import { Approval, Decision, listOf } from "@mainstay/sdk/resources";
import { z } from "zod";
import type { Approvals } from "../../execution/execution.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";

const ApprovalId = z.strictObject({ id: z.string().max(100) });

/** `/v1/approvals`: what waits for a person's word, and the word. */
export function approvalRoutes(approvals: Approvals): Endpoint[] {
  const list = endpoint(
    {
      method: "get",
      path: "/v1/approvals",
      summary: "What waits for your consent; for an admin, everybody's.",
      auth: "person",
      responses: { 200: { description: "Pending approvals", body: listOf(Approval) } },
    },
    async ({ person }) => ({
      status: 200,
      body: { items: await approvals.pending(person), next: null },
    }),
  );

  const get = endpoint(
    {
      method: "get",
      path: "/v1/approvals/{id}",
      summary: "One approval, whatever became of it.",
      auth: "person",
      params: ApprovalId,
      responses: { 200: { description: "The approval as it stands", body: Approval } },
    },
    async ({ person, params }) => ({ status: 200, body: await approvals.get(person, params.id) }),
  );

  const decide = endpoint(
    {
      method: "post",
      path: "/v1/approvals/{id}",
      summary: "Approve or deny exactly this command; *later* leaves it waiting.",
      auth: "person",
      params: ApprovalId,
      body: Decision,
      responses: { 200: { description: "The approval as it stands", body: Approval } },
    },
    async ({ person, params, body }) => ({
      status: 200,
      body: await approvals.decide(person, params.id, body.decision),
    }),
  );

  return [list, get, decide];
}
