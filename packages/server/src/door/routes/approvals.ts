import type { Clock } from "@mainstay/sdk/clock";
import { ApprovalNews } from "@mainstay/sdk/consent";
import { Approval, Decision, listOf } from "@mainstay/sdk/resources";
import { z } from "zod";
import type { Approvals, ApprovalStream } from "../../execution/execution.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";
import { PageQuery } from "../page-query.ts";
import { eventStream } from "../sse.ts";

const ApprovalId = z.strictObject({ id: z.string().max(100) });

export interface ApprovalRouteParts {
  readonly approvals: Approvals;
  readonly approvalStream: ApprovalStream;
  readonly clock: Clock;
}

/** `/v1/approvals`: what waits for a person's word, and the word. */
export function approvalRoutes({
  approvals,
  approvalStream,
  clock,
}: ApprovalRouteParts): Endpoint[] {
  const list = endpoint(
    {
      method: "get",
      path: "/v1/approvals",
      summary: "What waits for your consent; for an admin, everybody's.",
      auth: "person",
      query: PageQuery,
      responses: { 200: { description: "A page of what waits", body: listOf(Approval) } },
    },
    async ({ person, query }) => ({ status: 200, body: await approvals.pending(person, query) }),
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
      summary:
        "Approve or deny exactly this command, or remember it as a rule; *later* leaves it waiting.",
      auth: "person",
      params: ApprovalId,
      body: Decision,
      responses: { 200: { description: "The approval as it stands", body: Approval } },
    },
    async ({ person, params, body }) => ({
      status: 200,
      body: await approvals.decide(person, params.id, body),
    }),
  );

  const events = endpoint(
    {
      method: "get",
      path: "/v1/approvals/events",
      summary: "What waits for your consent, and every change, as server-sent events.",
      auth: "person",
      responses: {
        200: {
          description: "A snapshot, then changes",
          media: "text/event-stream",
          body: ApprovalNews,
        },
      },
    },
    async ({ person, connection }) =>
      eventStream(clock, connection, (sink) =>
        approvalStream.follow(person, sink.send, sink.ended),
      ),
  );

  // The stream first: its path is one that an id could have.
  return [list, events, get, decide];
}
