import { createHash, randomBytes } from "node:crypto";
import { type CommandEnd } from "@mainstay/executor/command";
import type { SandboxReport } from "@mainstay/executor/protocol";
import { type Plan, planDigest, signTicket } from "@mainstay/executor/ticket";
import type { Clock } from "@mainstay/sdk/clock";
import type { Effect } from "@mainstay/sdk/events";
import { messageOf } from "../kernel/errors.ts";
import type { NewId } from "../kernel/ids.ts";
import type { Limits } from "../kernel/limits.ts";
import { type Approvals, type ConsentRequest } from "./approvals.ts";
import { type Classified, classify } from "./classify.ts";
import { createExecutorKeeper, type OpenLink } from "./executor-link.ts";

export type { Approvals, ConsentRequest } from "./approvals.ts";

const TICKET_LIFE_MS = 60_000;

/** One command of one call, as the server plans it. */
export interface CommandOrder {
  readonly turn_id: string;
  readonly call_id: string;
  readonly person: { readonly id: string; readonly number: number };
  readonly workspace: { readonly id: string; readonly path: string; readonly trusted: boolean };
  readonly intent: string;
  readonly run: Plan["run"];
  readonly profile: Plan["profile"];
  readonly wall_ms: number;
  readonly decision: { readonly decision: "approve" | "deny"; readonly by: string } | null;
}

export type CommandEffect = Extract<Effect, { kind: "command" }>;

export type PlannedCommand =
  | {
      readonly kind: "ready";
      readonly effect: CommandEffect;
      /** Ends when the command has; aborting kills its whole tree first. Never throws for a command's fate. */
      run(signal: AbortSignal, onOutput: (text: string) => void): Promise<CommandEnd>;
    }
  | { readonly kind: "consent"; readonly request: ConsentRequest }
  | { readonly kind: "denied"; readonly by: string }
  | { readonly kind: "blocked"; readonly reason: string };

/** The gate to side effects: *plan → classify → consent → ticket*. */
export interface Execution {
  plan(order: CommandOrder): Promise<PlannedCommand>;
  /** What became of a command that an earlier run started. Never runs it. */
  recover(command_id: string): Promise<CommandEnd | "never_started">;
  /** The command's end is in the journal: the executor may drop its output. */
  forget(command_id: string): void;
  sandbox(): Promise<SandboxReport>;
  readonly approvals: Approvals;
  close(): Promise<void>;
}

export interface ExecutionParts {
  readonly approvals: Approvals;
  readonly openLink: OpenLink;
  readonly ticket_key: Uint8Array;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly limits: Limits;
}

export function createExecution(parts: ExecutionParts): Execution {
  const { approvals, clock, newId, limits } = parts;
  const watchers = new Map<string, (text: string) => void>();
  const keeper = createExecutorKeeper(parts.openLink, (id, text) => watchers.get(id)?.(text));

  async function plan(order: CommandOrder): Promise<PlannedCommand> {
    const command = textOf(order.run);
    const classified = order.profile === "search" ? searchIsSafe : classify(command);
    const consent = await consentTo(order, command, classified);
    if (consent.kind !== "agreed") return consent;
    const commandPlan = planOf(order);
    return {
      kind: "ready",
      effect: {
        kind: "command",
        command_id: commandPlan.command_id,
        command,
        verdict: classified.verdict,
        agreed_by: consent.by,
        planned_digest: planDigest(commandPlan),
      },
      run: (signal, onOutput) =>
        run(order, commandPlan, { verdict: classified.verdict, by: consent.by }, signal, onOutput),
    };
  }

  async function consentTo(order: CommandOrder, command: string, classified: Classified) {
    if (classified.verdict === "blocked")
      return { kind: "blocked" as const, reason: classified.reason };
    if (classified.verdict === "safe") return { kind: "agreed" as const, by: "policy: read-only" };
    if (order.decision?.decision === "deny")
      return { kind: "denied" as const, by: order.decision.by };
    if (order.workspace.trusted)
      return { kind: "agreed" as const, by: "policy: trusted workspace" };
    const command_sha256 = createHash("sha256").update(command).digest("hex");
    const { turn_id, call_id, person, workspace, intent } = order;
    const approver = await approvals.approver(turn_id, call_id, command_sha256);
    if (approver !== null) return { kind: "agreed" as const, by: approver };
    const request = approvals.request({
      turn_id,
      call_id,
      person_id: person.id,
      workspace_id: workspace.id,
      intent,
      command,
      command_sha256,
      reason: classified.reason,
    });
    return { kind: "consent" as const, request };
  }

  const planOf = (order: CommandOrder): Plan => ({
    command_id: newId("cmd"),
    person_id: order.person.id,
    person_uid_number: order.person.number,
    workspace_id: order.workspace.id,
    run: order.run,
    stdin: null,
    profile: order.profile,
    limits: { wall_ms: order.wall_ms, output_bytes: limits.command_output_bytes },
  });

  async function run(
    order: CommandOrder,
    commandPlan: Plan,
    agreed: { verdict: Classified["verdict"]; by: string },
    signal: AbortSignal,
    onOutput: (text: string) => void,
  ): Promise<CommandEnd> {
    const { command_id } = commandPlan;
    watchers.set(command_id, onOutput);
    try {
      const { id, path } = order.workspace;
      const link = await keeper.register({ id, path, person_uid_number: order.person.number });
      const ticket = signTicket(parts.ticket_key, {
        plan: commandPlan,
        consent: { verdict: agreed.verdict, decided_by: agreed.by, rule: null },
        expires_at: clock.now() + TICKET_LIFE_MS,
        nonce: randomBytes(16).toString("hex"),
      });
      if (signal.aborted) return { outcome: "not_started", why: "cancelled before it started" };
      const answer = await link.run(ticket);
      if (answer.state === "refused") return { outcome: "not_started", why: answer.message };
      return answer.state === "ended" ? answer.end : await ended(command_id, signal);
    } catch (fault) {
      return await fate(command_id, fault);
    } finally {
      watchers.delete(command_id);
    }
  }

  async function ended(command_id: string, signal: AbortSignal): Promise<CommandEnd> {
    const link = await keeper.link();
    const cancel = () => void link.cancel(command_id).catch(() => undefined);
    signal.addEventListener("abort", cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      return await link.wait(command_id);
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  /** The link broke while the command may have been running: ask the next executor what it knows. */
  async function fate(command_id: string, fault: unknown): Promise<CommandEnd> {
    try {
      const known = await recover(command_id);
      if (known !== "never_started") return known;
      return { outcome: "not_started", why: messageOf(fault) };
    } catch (second) {
      return { outcome: "interrupted", ran: "maybe", why: messageOf(second) };
    }
  }

  async function recover(command_id: string): Promise<CommandEnd | "never_started"> {
    const link = await keeper.link();
    const found = await link.state(command_id);
    switch (found.state) {
      case "never":
        return "never_started";
      case "running":
        return await link.wait(command_id);
      case "ended":
        return found.end.outcome === "exited" ? found.end : fateOf(found.end);
    }
  }

  return {
    plan,
    recover,
    forget(command_id) {
      // A lost acknowledgement only keeps some output longer; the executor drops it with age.
      void keeper
        .link()
        .then((link) => link.ack(command_id))
        .catch(() => undefined);
    },
    sandbox: async () => (await keeper.link()).selfTest(),
    approvals,
    close: () => keeper.close(),
  };
}

/** Not started, for certain, is as good as never asked for. */
function fateOf(end: Exclude<CommandEnd, { outcome: "exited" }>): CommandEnd | "never_started" {
  if (end.outcome === "not_started") return "never_started";
  return end.ran === "no" ? "never_started" : end;
}

const searchIsSafe: Classified = { verdict: "safe", reason: "a search only reads" };

const textOf = (run: Plan["run"]): string =>
  run.kind === "script" ? run.script : run.argv.join(" ");
