import type { ServerResponse } from "node:http";
import type { JournalBody, LiveEvent } from "@mainstay/sdk/events";
import type { Approval, Workspace } from "@mainstay/sdk/resources";
import type { Turn } from "@mainstay/sdk/turn";
import {
  answers,
  frame,
  type Handler,
  refuses,
  type ScriptedServer,
  startScriptedServer,
} from "../../sdk/test/scripted-server.ts";

/** The one turn of a scripted agent: what is pushed reaches everyone who listens. */
export interface ScriptedTurn {
  journal(...bodies: JournalBody[]): void;
  live(...events: LiveEvent[]): void;
  /** The usual end. */
  settle(answer: string, rest?: Partial<Extract<JournalBody, { type: "settled" }>>): void;
}

export interface ScriptedAgent extends ScriptedTurn {
  server: ScriptedServer;
  approvals: Approval[];
  workspaces: Workspace[];
  /** Resolves when somebody follows the turn's events. */
  followed: Promise<void>;
  close(): Promise<void>;
}

const usage = { input_tokens: 12, output_tokens: 3 };

export const turn: Turn = {
  id: "turn_1",
  session_id: "ses_1",
  workspace_id: "ws_1",
  state: "queued",
  message: "hi",
  urgency: "interactive",
  queue: null,
  pause: null,
  answer: null,
  mode: null,
  provider: null,
  model: null,
  provider_why: null,
  usage,
  error: null,
  approvals: [],
  commands: [],
  edits: [],
  last_event: 0,
  created_at: "2026-01-01T00:00:00.000Z",
  settled_at: null,
};

export const approval: Approval = {
  id: "apr_1",
  turn_id: "turn_1",
  state: "pending",
  person: { id: "usr_1", name: "Ada" },
  intent: "clean up",
  command: "rm -rf build\u001b[2K\u202e",
  command_shown: "rm -rf build\\u{1b}[2K\\u{202e}",
  workspace_id: "ws_1",
  workspace_path: "/srv/shop",
  reach: "this folder, no network",
  network: false,
  hosts: [],
  opens: null,
  pause: null,
  reason: "it deletes files",
  findings: [{ verdict: "ask", reason: "it deletes files", part: null }],
  says: ["deletes build"],
  runs: [],
  rule: null,
  suggestion: null,
  created_at: "2026-01-01T00:00:00.000Z",
  expires_at: "2026-01-08T00:00:00.000Z",
  decided_at: null,
  decided_by: null,
};

/** A server of scripted answers with one turn, which `play` tells to its first follower. */
export async function startScriptedAgent(
  play: (agent: ScriptedAgent) => void,
  { socket_path, routes = {} }: { socket_path?: string; routes?: Record<string, Handler> } = {},
): Promise<ScriptedAgent> {
  const journal: (JournalBody & { seq: number; at: number })[] = [];
  const listeners = new Set<ServerResponse>();
  const send = (text: string) => listeners.forEach((response) => response.write(text));
  const followed = Promise.withResolvers<void>();
  let is_followed = false;
  const approvals: Approval[] = [];
  const workspaces: Workspace[] = [];

  const server = await startScriptedServer(
    {
      ...routes,
      "GET /v1/providers": answers({ items: [], next: null }),
      "POST /v1/turns": answers(turn, 202),
      "GET /v1/turns/turn_1/events": ({ headers }, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const after = Number(headers["last-event-id"]);
        response.write(journal.slice(after).map(frame).join(""));
        if (journal.at(-1)?.type === "settled") response.end();
        else listeners.add(response);
        if (!is_followed) play(agent);
        is_followed = true;
        followed.resolve();
      },
      "GET /v1/turns/turn_1": (request, response) =>
        answers({ ...turn, ...folded(), last_event: journal.length })(request, response),
      "GET /v1/approvals/*": (request, response) => {
        const found = approvals.find(({ id }) => request.path.endsWith(`/${id}`));
        const handler = found ? answers(found) : refuses({ status: 404, code: "not_found" });
        return handler(request, response);
      },
      "GET /v1/approvals": (request, response) =>
        answers({ items: approvals, next: null })(request, response),
      "GET /v1/me": answers({
        ...{ id: "usr_1", name: "Ada", role: "admin", tier: "pro", pause: null, banner: null },
      }),
      "GET /v1/workspaces": (request, response) =>
        answers({ items: workspaces, next: null })(request, response),
      "GET /v1/sessions": answers({ items: [], next: null }),
      "GET /v1/edits": answers({ items: [], next: null }),
      "GET /v1/turns/turn_1/changes": answers({
        ...{ files: [], more: 0, not_entered: [], gaps: [], sources: [] },
      }),
      "POST /v1/workspaces": refuses({
        status: 403,
        code: "workspace_unproven",
        proof: { file: ".mainstay-proof-0", expires_in_s: 60 },
      }),
      ...routes,
    },
    socket_path === undefined ? {} : { socket_path },
  );

  const folded = (): Partial<Turn> => {
    const last = journal.at(-1);
    return last?.type === "settled" ? { state: last.state, answer: last.answer } : {};
  };

  const agent: ScriptedAgent = {
    server,
    approvals,
    workspaces,
    journal(...bodies) {
      for (const body of bodies) {
        const event = { seq: journal.length + 1, at: 1000 * journal.length, ...body };
        journal.push(event);
        send(frame(event));
        if (event.type === "settled") listeners.forEach((response) => response.end());
      }
    },
    live: (...events) => send(events.map(frame).join("")),
    settle: (answer, rest = {}) =>
      agent.journal({
        type: "settled",
        state: "done",
        answer,
        mode: "full",
        provider: "fake",
        model: "m1",
        usage,
        error: null,
        ...rest,
      }),
    followed: followed.promise,
    close: () => server.close(),
  };
  return agent;
}
