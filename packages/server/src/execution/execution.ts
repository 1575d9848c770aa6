import { createHash } from "node:crypto";
import type { ChainRecord } from "@mainstay/executor/chain-record";
import type { CommandEnd } from "@mainstay/executor/command";
import { type Plan, planDigest, type Consent as SignedConsent } from "@mainstay/executor/ticket";
import type { ConsentKind } from "@mainstay/sdk/audit";
import type { Clock } from "@mainstay/sdk/clock";
import type { Effect } from "@mainstay/sdk/events";
import type { NewId } from "../kernel/ids.ts";
import type { Limits } from "../kernel/limits.ts";
import type { Pause } from "../kernel/pause.ts";
import type { StopMode } from "../kernel/stop-wishes.ts";
import type { TurnWorkspace } from "../kernel/workspace.ts";
import { type Approvals, type ConsentRequest } from "./approvals.ts";
import { type Classified, classify, safe } from "./classify/classify.ts";
import { createExecutorKeeper, type ExecutorUsage, type OpenLink } from "./executor-link.ts";
import { createFollower, type Onlooker, type Standing } from "./follow.ts";
import { createHandOver } from "./hand-over.ts";
import { createOutputDesk } from "./output-desk.ts";
import type { Passage, Pauses } from "./pauses.ts";

export type { Approvals, ConsentRequest } from "./approvals.ts";
export type { Onlooker, Standing } from "./follow.ts";
export type { Passage, Pauses } from "./pauses.ts";

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

export type PlannedCommand =
  | {
      readonly kind: "ready";
      readonly effect: CommandEffect;
      /**
       * Ends when the command has. A cancellation kills its whole tree first; a stopping server
       * leaves it as it is. @throws Stopping; Paused where a pause came before it began; never for
       * the command's fate.
       */
      run(passage: Passage, onlooker: Onlooker): Promise<CommandEnd>;
    }
  | { readonly kind: "consent"; readonly request: ConsentRequest }
  /** All was agreed to, but nothing may begin now. */
  | { readonly kind: "paused"; readonly pause: Pause }
  | { readonly kind: "denied"; readonly by: string }
  | { readonly kind: "blocked"; readonly reason: string };

/** The gate to side effects: *plan → classify → consent → ticket*. */
export interface Execution {
  plan(order: CommandOrder): Promise<PlannedCommand>;
  /** Opens the way for one command of the person; `signal` is the turn's. To be left at the end. */
  enter(person_id: string, signal: AbortSignal): Passage;
  /**
   * Where a command stands that an earlier run started; one that still runs is followed from here.
   * Never runs it. Waits, and tells the onlooker why, while no executor can be asked. @throws Stopping
   */
  recover(command_id: string, passage: Passage, onlooker: Onlooker): Promise<Standing>;
  /** The command's end is in the journal: the executor may drop its output. */
  forget(command_id: string): void;
  /** What commands' output takes on disk; null while no executor runs. */
  usage(): Promise<ExecutorUsage | null>;
  /** A page of the executor's own record of what it ran, after a number; null while there is none. */
  chain(after: number): Promise<ChainRecord[] | null>;
  /** Every call lets go with `Stopping`; commands run on for the next server, or are ended. */
  stop(how: StopMode): Promise<void>;
}

export interface ExecutionParts {
  readonly approvals: Approvals;
  readonly pauses: Pick<Pauses, "enter" | "forCommandOf">;
  readonly openLink: OpenLink;
  /** Ends an executor to which there is no link; resolves with whether there was one. */
  readonly endUnheld: () => Promise<boolean>;
  readonly ticket_key: Uint8Array;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly limits: Limits;
}

export function createExecution(parts: ExecutionParts): Execution {
  const { approvals, pauses, clock, newId, limits, ticket_key } = parts;
  const desk = createOutputDesk();
  const keeper = createExecutorKeeper({
    open: parts.openLink,
    endUnheld: parts.endUnheld,
    onOutput: desk.hear,
    clock,
  });
  const follower = createFollower({ keeper, desk, clock });
  const handOver = createHandOver({ keeper, follower, desk, ticket_key, clock });

  async function plan(order: CommandOrder): Promise<PlannedCommand> {
    const command = textOf(order.run);
    const classified =
      order.profile === "search"
        ? safe("a search only reads")
        : classify(command, { root: order.workspace.path });
    const consent = await consentTo(order, command, classified);
    if (consent.kind !== "agreed") return consent;
    const pause = pauses.forCommandOf(order.person.id);
    if (pause !== null) return { kind: "paused", pause };
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
      run(passage, onlooker) {
        const { person, workspace } = order;
        const { verdict } = classified;
        const signed = { verdict, ...consent.signed, agreement_id: null };
        const agreedTo = { plan: commandPlan, person, workspace, consent: signed };
        return handOver(agreedTo, passage, onlooker);
      },
    };
  }

  async function consentTo(
    order: CommandOrder,
    command: string,
    classified: Classified,
  ): Promise<Consent> {
    if (classified.verdict === "blocked") return { kind: "blocked", reason: classified.reason };
    if (classified.verdict === "safe") return agreed("policy: read-only", "policy");
    if (order.decision?.decision === "deny") return { kind: "denied", by: order.decision.by };
    if (order.workspace.trusted) return agreed("policy: trusted workspace", "trust");
    const command_sha256 = createHash("sha256").update(command).digest("hex");
    const approver = await approvals.approver(order, command_sha256);
    if (approver !== null) return agreed(approver.name, "person", approver.id);
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
    pins: [],
    limits: { wall_ms: order.wall_ms, output_bytes: limits.command_output_bytes },
  });

  /** What certainly did not begin, for whatever reason, may be planned anew, under a new id. */
  async function recover(command_id: string, passage: Passage, onlooker: Onlooker) {
    const found = await follower.find(command_id, passage.signal, onlooker);
    if (found.state === "running") passage.adopt();
    return found.state === "ended" && hadNoEffect(found.end) ? neverStarted : found;
  }

  return {
    plan,
    enter: pauses.enter,
    recover,
    forget(command_id) {
      // A lost acknowledgement only keeps some output longer; the executor drops it with age.
      void keeper
        .link(() => undefined)
        .then((link) => link.ack(command_id))
        .catch(() => undefined);
    },
    usage: keeper.usage,
    chain: keeper.chain,
    stop: keeper.stop,
  };
}

const neverStarted: Standing = { state: "never_started" };

const hadNoEffect = (end: CommandEnd): boolean =>
  end.outcome === "not_started" || (end.outcome === "interrupted" && end.ran === "no");

/** Whether a command may run. `by` is for people, what is signed cannot be mistaken for another. */
type Consent =
  | { readonly kind: "agreed"; readonly by: string; readonly signed: Signed }
  | Exclude<PlannedCommand, { kind: "ready" }>;

type Signed = Pick<SignedConsent, "kind" | "decided_by">;

const agreed = (by: string, kind: ConsentKind, decided_by = by): Consent => ({
  ...{ kind: "agreed", by },
  signed: { kind, decided_by },
});

const textOf = (run: Plan["run"]): string =>
  run.kind === "script" ? run.script : run.argv.join(" ");
