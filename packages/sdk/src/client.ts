import { z } from "zod";
import { AuditFilter, AuditHead, AuditPage, ExecutorChain } from "./audit-trail.ts";
import { TurnChanges } from "./changes.ts";
import { call, type Connection, type Request } from "./call.ts";
import {
  Command,
  CommandEvent,
  type CommandExtension,
  CommandNews,
  CommandOutput,
  type CommandsFilter,
} from "./commands.ts";
import {
  ApprovalNews,
  type NewOverride,
  type NewPolicy,
  type NewRule,
  Override,
  Policy,
  type PolicySubject,
  Rule,
  RuleSuggestion,
} from "./consent.ts";
import { Edit, EditDiff, type EditsFilter, Offer } from "./edits.ts";
import type { ClientEvent } from "./events.ts";
import { newsOf } from "./news.ts";
import { type GrantName, NetworkGrant, type NewHostGrant } from "./network.ts";
import { type NewPause, PauseLifted, PauseSet, PausesNow, type PauseSubject } from "./pause.ts";
import { type NewUser, User, UserAdded } from "./people.ts";
import { ProviderStatus } from "./providers.ts";
import {
  Approval,
  type Decision,
  listOf,
  Me,
  type NewWorkspace,
  Readiness,
  Session,
  SessionDetail,
  Workspace,
} from "./resources.ts";
import { type NewTurn, Turn, TurnList, type TurnState } from "./turn.ts";
import type { Outage } from "./outage.ts";
import { UsageReport, type UsageWish } from "./usage.ts";
import { type EventsOptions, turnEvents } from "./turn-events.ts";

export interface ClientOptions extends Connection {
  /** Uniform in [0, 1): spreads the reconnects of many clients. */
  random: () => number;
}

export interface CreateOptions {
  /** Makes a repetition safe: the same key with the same body is the same turn. */
  idempotency_key?: string;
  /** How long the server may hold the answer until the turn is settled or parked. */
  wait_s?: number;
}

export interface List<T> {
  items: T[];
  next: string | null;
}

export interface PageWish {
  /** The `next` of the page before. */
  after?: string;
  limit?: number;
}

export interface AuditPageWish {
  /** The `next` of the page before. */
  before?: string;
  limit?: number;
}

/**
 * The HTTP API, typed. Every call throws `ProblemError` where the server refuses, `Unreachable`
 * where nobody answers and `ProtocolError` where the answer is not of this API.
 */
export interface Client {
  turns: {
    create(turn: NewTurn, options?: CreateOptions): Promise<Turn>;
    get(turn_id: string): Promise<Turn>;
    list(query?: { state?: TurnState }): Promise<List<Turn>>;
    /** What it changed in its workspace, by its edits and its commands. */
    changes(turn_id: string): Promise<TurnChanges>;
    cancel(turn_id: string): Promise<Turn>;
    retry(turn_id: string): Promise<Turn>;
    accept(turn_id: string): Promise<Turn>;
    /** Takes back all of its edits that stand, as one edit. */
    undo(turn_id: string): Promise<Edit>;
    /** Files that its answer shows as code blocks and that nobody wrote. */
    offers(turn_id: string): Promise<List<Offer>>;
    /** Writes one of them; `sha256` is the offer's. */
    takeOffer(turn_id: string, number: number, sha256: string): Promise<Edit>;
  };
  sessions: {
    list(): Promise<List<Session>>;
    get(session_id: string): Promise<SessionDetail>;
    /** Takes back all edits of its turns that stand, as one edit. */
    undo(session_id: string): Promise<Edit>;
  };
  edits: {
    /** Newest first. */
    list(filter?: EditsFilter, page?: PageWish): Promise<List<Edit>>;
    get(edit_id: string): Promise<Edit>;
    diff(edit_id: string): Promise<EditDiff>;
    /** The edit that takes it back. */
    undo(edit_id: string): Promise<Edit>;
  };
  commands: {
    list(filter?: CommandsFilter, page?: PageWish): Promise<List<Command>>;
    get(command_id: string): Promise<Command>;
    /** Reconnects by itself; ends after `ended`. */
    events(command_id: string, outage?: Outage): AsyncIterable<CommandEvent>;
    /** What runs, begins and ends, of all commands of the person. Ends when the signal aborts. */
    news(outage?: Outage): AsyncIterable<CommandNews>;
    /** `from` in bytes; at most 256 KiB come. */
    output(command_id: string, from?: number): Promise<CommandOutput>;
    /** When this resolves its kill is on the way; its end tells what became of it. */
    cancel(command_id: string): Promise<Command>;
    /** The command with the limit that holds now. */
    extend(command_id: string, extension: CommandExtension): Promise<Command>;
  };
  approvals: {
    list(page?: PageWish): Promise<List<Approval>>;
    get(approval_id: string): Promise<Approval>;
    /** `remember`, with approve, makes the approval's `rule` a rule. */
    decide(
      approval_id: string,
      decision: Decision["decision"],
      how?: Pick<Decision, "remember" | "because">,
    ): Promise<Approval>;
    /** Reconnects by itself; ends when the signal aborts. */
    events(options?: Outage): AsyncIterable<ApprovalNews>;
  };
  rules: {
    list(page?: PageWish): Promise<List<Rule>>;
    add(rule: NewRule): Promise<List<Rule>>;
    /** The rule as revoked. */
    revoke(rule_id: string): Promise<Rule>;
    suggestions(): Promise<List<RuleSuggestion>>;
  };
  policies: {
    list(page?: PageWish): Promise<List<Policy>>;
    set(policy: NewPolicy): Promise<Policy>;
    remove(subject: PolicySubject): Promise<void>;
  };
  overrides: {
    list(page?: PageWish): Promise<List<Override>>;
    grant(override: NewOverride): Promise<Override>;
    /** While nothing has used it. */
    withdraw(override_id: string): Promise<Override>;
  };
  workspaces: {
    list(): Promise<List<Workspace>>;
    add(workspace: NewWorkspace): Promise<Workspace>;
    /** Hosts that the commands of a workspace may reach. An admin names everybody's, by their ids. */
    network: {
      list(workspace_id: string): Promise<List<NetworkGrant>>;
      /** The same host and port again changes what is said of it. */
      allow(workspace_id: string, host: NewHostGrant): Promise<NetworkGrant>;
      /** When this resolves no command begins any more that may reach it; one that runs goes on. */
      forbid(workspace_id: string, host: GrantName): Promise<void>;
    };
  };
  audit: {
    /** Newest first; a page may be short, or empty, and still have a next one. */
    list(filter?: AuditFilter, page?: AuditPageWish): Promise<AuditPage>;
    head(): Promise<AuditHead>;
    executor(after: number): Promise<ExecutorChain>;
  };
  /** For admins: what nobody's commands, or nothing for a person, may begin. */
  pauses: {
    now(): Promise<PausesNow>;
    /** When this resolves no command begins any more that it concerns. */
    set(pause: NewPause): Promise<PauseSet>;
    lift(subject: PauseSubject): Promise<z.infer<typeof PauseLifted>>;
  };
  users: {
    list(): Promise<List<User>>;
    add(user: NewUser): Promise<UserAdded>;
  };
  providers: { list(): Promise<List<ProviderStatus>> };
  usage: {
    /** In the order of `by`; an admin is told of everybody. */
    list(wish?: UsageWish, page?: PageWish): Promise<UsageReport>;
  };
  me(): Promise<Me>;
  readyz(): Promise<Readiness>;
  /** Reconnects by itself, gives each journal event once and ends after `settled`. */
  events(turn_id: string, options?: EventsOptions): AsyncIterable<ClientEvent>;
}

const WAIT_MARGIN_MS = 10_000;

export function createClient(options: ClientOptions): Client {
  const get = <T extends z.ZodType>(path: string, answer: T, rest: Partial<Request<T>> = {}) =>
    call(options, { method: "GET", path, answer, ...rest });
  const post = <T extends z.ZodType>(path: string, answer: T, rest: Partial<Request<T>> = {}) =>
    call(options, { method: "POST", path, answer, ...rest });
  const turnPath = (turn_id: string) => `/v1/turns/${encodeURIComponent(turn_id)}`;
  const commandPath = (command_id: string) => `/v1/commands/${encodeURIComponent(command_id)}`;
  const approvalPath = (approval_id: string) => `/v1/approvals/${encodeURIComponent(approval_id)}`;
  const sessionPath = (session_id: string) => `/v1/sessions/${encodeURIComponent(session_id)}`;
  const editPath = (edit_id: string) => `/v1/edits/${encodeURIComponent(edit_id)}`;

  return {
    turns: {
      create: (turn, how = {}) => post("/v1/turns", Turn, { body: turn, ...waiting(how) }),
      get: (turn_id) => get(turnPath(turn_id), Turn),
      list: ({ state } = {}) => get(`/v1/turns${state ? `?state=${state}` : ""}`, TurnList),
      changes: (turn_id) => get(`${turnPath(turn_id)}/changes`, TurnChanges),
      cancel: (turn_id) => post(`${turnPath(turn_id)}/cancel`, Turn),
      retry: (turn_id) => post(`${turnPath(turn_id)}/retry`, Turn),
      accept: (turn_id) => post(`${turnPath(turn_id)}/accept`, Turn),
      undo: (turn_id) => post(`${turnPath(turn_id)}/undo`, Edit),
      offers: (turn_id) => get(`${turnPath(turn_id)}/offers`, listOf(Offer)),
      takeOffer: (turn_id, number, sha256) =>
        post(`${turnPath(turn_id)}/offers/${number}`, Edit, { body: { sha256 } }),
    },
    sessions: {
      list: () => get("/v1/sessions", listOf(Session)),
      get: (session_id) => get(sessionPath(session_id), SessionDetail),
      undo: (session_id) => post(`${sessionPath(session_id)}/undo`, Edit),
    },
    edits: {
      list: ({ standing, ...filter } = {}, page = {}) => {
        const query = { ...filter, ...(standing && { standing: "true" }), ...page };
        return get(pathWith("/v1/edits", query), listOf(Edit));
      },
      get: (edit_id) => get(editPath(edit_id), Edit),
      diff: (edit_id) => get(`${editPath(edit_id)}/diff`, EditDiff),
      undo: (edit_id) => post(`${editPath(edit_id)}/undo`, Edit),
    },
    commands: {
      list: (filter = {}, page = {}) =>
        get(pathWith("/v1/commands", { ...filter, ...page }), listOf(Command)),
      get: (command_id) => get(commandPath(command_id), Command),
      events: (command_id, outage) => commandEvents(options, commandPath(command_id), outage),
      news: (outage) => newsOf(options, "/v1/commands/events", CommandNews, outage),
      output: (command_id, from = 0) =>
        get(`${commandPath(command_id)}/output?from=${from}`, CommandOutput),
      cancel: (command_id) => post(`${commandPath(command_id)}/cancel`, Command),
      extend: (command_id, extension) =>
        post(`${commandPath(command_id)}/extend`, Command, { body: extension }),
    },
    approvals: {
      list: (page) => get(pagePath("/v1/approvals", page), listOf(Approval)),
      get: (approval_id) => get(approvalPath(approval_id), Approval),
      decide: (approval_id, decision, how = {}) =>
        post(approvalPath(approval_id), Approval, { body: { decision, ...how } }),
      events: (outage) => newsOf(options, "/v1/approvals/events", ApprovalNews, outage),
    },
    rules: {
      list: (page) => get(pagePath("/v1/rules", page), listOf(Rule)),
      add: (rule) => post("/v1/rules", listOf(Rule), { body: rule }),
      revoke: (rule_id) =>
        call(options, {
          method: "DELETE",
          path: `/v1/rules/${encodeURIComponent(rule_id)}`,
          answer: Rule,
        }),
      suggestions: () => get("/v1/rules/suggestions", listOf(RuleSuggestion)),
    },
    policies: {
      list: (page) => get(pagePath("/v1/policies", page), listOf(Policy)),
      set: (policy) =>
        call(options, { method: "PUT", path: "/v1/policies", answer: Policy, body: policy }),
      remove: (subject) =>
        call(options, {
          method: "DELETE",
          path: `/v1/policies?${new URLSearchParams(subject).toString()}`,
          answer: z.undefined(),
        }),
    },
    overrides: {
      list: (page) => get(pagePath("/v1/admin/overrides", page), listOf(Override)),
      grant: (override) => post("/v1/admin/overrides", Override, { body: override }),
      withdraw: (override_id) =>
        call(options, {
          method: "DELETE",
          path: `/v1/admin/overrides/${encodeURIComponent(override_id)}`,
          answer: Override,
        }),
    },
    workspaces: {
      list: () => get("/v1/workspaces", listOf(Workspace)),
      add: (workspace) => post("/v1/workspaces", Workspace, { body: workspace }),
      network: {
        list: (id) => get(networkPath(id), listOf(NetworkGrant)),
        allow: (id, host) => post(networkPath(id), NetworkGrant, { body: host }),
        forbid: (id, { host, port }) =>
          call(options, {
            method: "DELETE",
            path: `${networkPath(id)}?${queryOf({ host, port })}`,
            answer: z.undefined(),
          }),
      },
    },
    audit: {
      list: (filter = {}, page = {}) =>
        get(`/v1/audit?${queryOf({ ...filter, ...page })}`, AuditPage),
      head: () => get("/v1/audit/head", AuditHead),
      executor: (after) => get(`/v1/audit/executor?after=${after}`, ExecutorChain),
    },
    pauses: {
      now: () => get("/v1/admin/pause", PausesNow),
      set: (pause) =>
        call(options, { method: "PUT", path: "/v1/admin/pause", answer: PauseSet, body: pause }),
      lift: (subject) =>
        call(options, {
          method: "DELETE",
          path: pathWith("/v1/admin/pause", subject),
          answer: PauseLifted,
        }),
    },
    users: {
      list: () => get("/v1/admin/users", listOf(User)),
      add: (user) => post("/v1/admin/users", UserAdded, { body: user }),
    },
    providers: { list: () => get("/v1/providers", listOf(ProviderStatus)) },
    usage: {
      list: ({ by, ...wish } = {}, page = {}) => {
        const query = { ...wish, ...(by && { by: by.join(",") }), ...page };
        return get(pathWith("/v1/usage", query), UsageReport);
      },
    },
    me: () => get("/v1/me", Me),
    readyz: () => get("/readyz?verbose", Readiness, { also: [503] }),
    events: (turn_id, how) => turnEvents(options, turn_id, how),
  };
}

const networkPath = (workspace_id: string): string =>
  `/v1/workspaces/${encodeURIComponent(workspace_id)}/network`;

const pagePath = (path: string, page: PageWish = {}): string => pathWith(path, { ...page });

function pathWith(path: string, values: Parameters<typeof queryOf>[0]): string {
  const query = queryOf(values);
  return query === "" ? path : `${path}?${query}`;
}

async function* commandEvents(
  connection: ClientOptions,
  path: string,
  outage: Outage | undefined,
): AsyncGenerator<CommandEvent, void, void> {
  for await (const event of newsOf(connection, `${path}/events`, CommandEvent, outage)) {
    yield event;
    if (event.type === "ended") return;
  }
}

function queryOf(values: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined) query.set(name, String(value));
  return query.toString();
}

function waiting({ idempotency_key, wait_s }: CreateOptions) {
  return {
    headers: {
      ...(idempotency_key !== undefined && { "idempotency-key": idempotency_key }),
      ...(wait_s !== undefined && { prefer: `wait=${wait_s}` }),
    },
    ...(wait_s !== undefined && { timeout_ms: wait_s * 1000 + WAIT_MARGIN_MS }),
  };
}
