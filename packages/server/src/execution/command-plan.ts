import { type Plan, planDigest } from "@mainstay/executor/ticket";
import type { Effect } from "@mainstay/sdk/events";
import type { NewCommand } from "./command-rows.ts";
import type { Agreement } from "./consent/consent.ts";
import type { CommandOfCall, Judged } from "./consent/judge.ts";
import type { Look } from "./consent/rests-on.ts";

/** One command of one call, as the server plans it. */
export interface CommandOrder extends CommandOfCall {
  readonly person: { readonly id: string; readonly number: number };
  readonly intent: string;
}

export type CommandEffect = Extract<Effect, { kind: "command" }>;

/** Agreed to, as of the last look at what consent rests on. */
export interface Ready {
  readonly order: CommandOrder;
  readonly judged: Judged;
  readonly agreement: Agreement;
  readonly plan: Plan;
  readonly looked: Look;
}

export const planOf = (
  order: CommandOrder,
  { pinning, network, opened }: Judged,
  { command_id, output_bytes }: { command_id: string; output_bytes: number },
): Plan => ({
  command_id,
  person_id: order.person.id,
  person_uid_number: order.person.number,
  workspace_id: order.workspace.id,
  run: order.run,
  stdin: null,
  profile: order.profile,
  pins: [...pinning.pins],
  network: network === null ? null : { hosts: [...network.hosts] },
  openings: (opened?.folders ?? []).map(({ id }) => id),
  limits: { wall_ms: order.wall_ms, output_bytes: output_bytes },
});

export const effectOf = ({ order, judged, agreement, plan }: Ready): CommandEffect => ({
  kind: "command",
  command_id: plan.command_id,
  command: judged.command,
  verdict: judged.classified.verdict,
  reason: judged.classified.reason,
  part: judged.classified.part,
  consent: agreement.kind,
  agreed_by: agreement.told,
  agreement_id: agreement.id,
  planned_digest: planDigest(plan),
  ...(order.background && { background: true }),
});

/** What the audit trail says of it before it begins. */
export const intentOf = ({ order, judged, agreement, plan }: Ready) => ({
  ...{ command_id: plan.command_id, turn_id: order.turn_id, step: order.step },
  ...{ call_id: order.call_id, person_id: order.person.id, workspace_id: order.workspace.id },
  profile: order.profile,
  script_sha256: judged.command_sha256,
  planned_digest: planDigest(plan),
  verdict: judged.classified.verdict,
  consent: agreement.kind,
  agreed_by: agreement.person_id,
  agreement_id: agreement.id,
  ...(judged.network !== null && { hosts: judged.network.hosts.length }),
  ...(judged.opened !== null && {
    opened: {
      hosts: judged.opened.hosts.map(({ host, port }) => ({ host, port })),
      workspaces: judged.opened.folders.map(({ id }) => id),
    },
  }),
});

/** Null of what works for the agent alone: nobody looks after a search. */
export const rowOf = ({ order, judged, plan }: Ready, began_at: number): NewCommand | null =>
  order.profile === "search"
    ? null
    : {
        ...{ id: plan.command_id, turn_id: order.turn_id, step: order.step },
        ...{ call_id: order.call_id, intent: order.intent, text: judged.command },
        ...{ person_id: order.person.id, workspace_id: order.workspace.id },
        ...{ background: order.background ? 1 : 0, began_at, wall_ms: order.wall_ms },
      };
