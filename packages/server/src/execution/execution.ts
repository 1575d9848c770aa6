import { createHash, randomBytes } from "node:crypto";
import { type CommandEnd } from "@mainstay/executor/command";
import type { ExecutorLink } from "@mainstay/executor/launch";
import { type Plan, planDigest, signTicket } from "@mainstay/executor/ticket";
import type { Clock } from "@mainstay/sdk/clock";
import type { Effect } from "@mainstay/sdk/events";
import { messageOf } from "../kernel/errors.ts";
import type { NewId } from "../kernel/ids.ts";
import type { Limits } from "../kernel/limits.ts";
import type { TurnWorkspace } from "../kernel/workspace.ts";
import { type Approvals, type ConsentRequest } from "./approvals.ts";
import { type Classified, classify } from "./classify.ts";
import { createExecutorKeeper, type OpenLink } from "./executor-link.ts";

export type { Approvals, ConsentRequest } from "./approvals.ts";

const TICKET_LIFE_MS = 60_000;

/** One command of one call, as the server plans it. */
export interface CommandOrder {
  readonly turn_id: string;
  readonly step: number;
  readonly call_id: string;
  readonly person: { readonly id: string; readonly number: number };
  readonly workspace: TurnWorkspace;
  readonly intent: string;
  readonly run: Plan["run"];
  readonly profile: Plan["profile"];
  readonly wall_ms: number;
  readonly decision: { readonly decision: "approve" | "deny"; readonly by: string } | null;
}

export type CommandEffect = Extract<Effect, { kind: "command" }>;

/** Who looks on while a command runs. */
export interface Onlooker {
  /** `offset` counts UTF-16 units of its output since its start. */
  output(offset: number, text: string): void;
  /** Why it does not get on, in plain words; null once it does. */
  waits(why: string | null): void;
}

export type PlannedCommand =
  | {
      readonly kind: "ready";
      readonly effect: CommandEffect;
      /** Ends when the command has; aborting kills its whole tree first. Never throws for a command's fate. */
      run(signal: AbortSignal, onlooker: Onlooker): Promise<CommandEnd>;
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
      run: (signal, onlooker) =>
        run(order, commandPlan, { ...classified, by: consent.signed_by }, signal, onlooker),
    };
  }

  async function consentTo(
    order: CommandOrder,
    command: string,
    classified: Classified,
  ): Promise<Consent> {
    if (classified.verdict === "blocked") return { kind: "blocked", reason: classified.reason };
    if (classified.verdict === "safe") return agreed("policy: read-only");
    if (order.decision?.decision === "deny") return { kind: "denied", by: order.decision.by };
    if (order.workspace.trusted) return agreed("policy: trusted workspace");
    const command_sha256 = createHash("sha256").update(command).digest("hex");
    const approver = await approvals.approver(order, command_sha256);
    if (approver !== null) return agreed(approver.name, `person: ${approver.id}`);
    const { turn_id, step, call_id, person, workspace, intent } = order;
    const request = approvals.request({
      turn_id,
      step,
      call_id,
      person_id: person.id,
      workspace_id: workspace.id,
      intent,
      command,
      command_sha256,
      reason: classified.reason,
    });
    return { kind: "consent", request };
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
    onlooker: Onlooker,
  ): Promise<CommandEnd> {
    const { command_id } = commandPlan;
    let offset = 0;
    watchers.set(command_id, (text) => {
      onlooker.output(offset, text);
      offset += text.length;
    });
    let link: ExecutorLink | null = null;
    const cancel = () => void link?.cancel(command_id).catch(() => undefined);
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const { id, path, ino, owner_uid } = order.workspace;
      const person_uid_number = order.person.number;
      link = await keeper.register({ id, path, ino, owner_uid, person_uid_number });
      if (signal.aborted) return { outcome: "not_started", why: "cancelled before it started" };
      const answer = await link.run(ticketFor(commandPlan, agreed));
      if (answer.state === "refused") return { outcome: "not_started", why: answer.message };
      return answer.state === "ended" ? answer.end : await link.wait(command_id);
    } catch (fault) {
      return await fate(command_id, fault);
    } finally {
      signal.removeEventListener("abort", cancel);
      watchers.delete(command_id);
    }
  }

  const ticketFor = (commandPlan: Plan, agreed: { verdict: Classified["verdict"]; by: string }) =>
    signTicket(parts.ticket_key, {
      plan: commandPlan,
      consent: { verdict: agreed.verdict, decided_by: agreed.by, rule: null },
      expires_at: clock.now() + TICKET_LIFE_MS,
      nonce: randomBytes(16).toString("hex"),
    });

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
    close: () => keeper.close(),
  };
}

/** Whether a command may run. `by` is for people, `signed_by` cannot be mistaken for another. */
type Consent =
  | { readonly kind: "agreed"; readonly by: string; readonly signed_by: string }
  | Exclude<PlannedCommand, { kind: "ready" }>;

const agreed = (by: string, signed_by = by): Consent => ({ kind: "agreed", by, signed_by });

/** Not started, for certain, is as good as never asked for. */
function fateOf(end: Exclude<CommandEnd, { outcome: "exited" }>): CommandEnd | "never_started" {
  if (end.outcome === "not_started") return "never_started";
  return end.ran === "no" ? "never_started" : end;
}

const searchIsSafe: Classified = { verdict: "safe", reason: "a search only reads" };

const textOf = (run: Plan["run"]): string =>
  run.kind === "script" ? run.script : run.argv.join(" ");
