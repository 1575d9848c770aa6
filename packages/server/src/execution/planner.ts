import type { NewId } from "../kernel/ids.ts";
import type { Limits } from "../kernel/limits.ts";
import type { Pause } from "../kernel/pause.ts";
import type { Store } from "../store/store.ts";
import type { Approvals, ConsentRequest } from "./approvals.ts";
import { type CommandOrder, planOf, type Ready } from "./command-plan.ts";
import { inBackground } from "./command-rows.ts";
import { cardOf } from "./consent/card.ts";
import type { Agreement } from "./consent/consent.ts";
import type { Judge, Judged } from "./consent/judge.ts";
import { pinsText } from "./consent/pins.ts";
import type { Look, RestsOn } from "./consent/rests-on.ts";
import type { Suggestions } from "./consent/suggestions.ts";
import type { GateAudit } from "./gate-audit.ts";
import type { Pauses } from "./pauses.ts";

/** Why a command is not run now. */
export type Hindered =
  | { readonly kind: "consent"; readonly request: ConsentRequest }
  /** All was agreed to, but nothing may begin now. */
  | { readonly kind: "paused"; readonly pause: Pause }
  | { readonly kind: "denied"; readonly by: string }
  /** An admin's policy is against it, or what it wants opened cannot be. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Only an admin's override lets it through. */
  | { readonly kind: "blocked"; readonly reason: string };

type Planning = Hindered | { readonly kind: "ready"; readonly ready: Ready };

export interface Planner {
  /** What may run is planned; what may not is refused on record, or asked about. */
  plan(order: CommandOrder): Promise<Planning>;
  /** Puts on record that what was judged does not run. @throws Stopping */
  refuse(
    order: CommandOrder,
    judged: Judged,
    command_id: string | null,
    code: string,
  ): Promise<void>;
}

export interface PlannerParts {
  readonly store: Store;
  readonly judge: Judge;
  readonly rests_on: Pick<RestsOn, "look">;
  readonly audit: Pick<GateAudit, "refused">;
  readonly approvals: Pick<Approvals, "request">;
  readonly suggestions: Pick<Suggestions, "textFor">;
  readonly pauses: Pick<Pauses, "forCommandOf">;
  readonly newId: NewId;
  readonly limits: Limits;
  readonly unsandboxed: boolean;
}

/** Judges an order, and makes of it what is agreed to, or what is said instead. */
export function createPlanner(parts: PlannerParts): Planner {
  const { store, judge, rests_on, audit, pauses, newId, limits } = parts;

  async function plan(order: CommandOrder): Promise<Planning> {
    const looked = rests_on.look();
    const judged = await judge(order);
    const { consent } = judged;
    if (consent.kind === "ask")
      return { kind: "consent", request: await requestFor(order, judged) };
    if (consent.kind === "refused") {
      await refuse(order, judged, null, consent.code);
      return refusals[consent.code](consent.why);
    }
    const pause = pauses.forCommandOf(order.person.id);
    if (pause !== null) {
      await refuse(order, judged, null, "paused");
      return { kind: "paused", pause };
    }
    const hindrance = order.background ? await againstBackground(order, consent.agreement) : null;
    if (hindrance !== null) {
      await refuse(order, judged, null, "background");
      return refusals.policy(hindrance);
    }
    return { kind: "ready", ready: readyWith(order, judged, consent.agreement, looked) };
  }

  function readyWith(
    asked: CommandOrder,
    judged: Judged,
    agreement: Agreement,
    looked: Look,
  ): Ready {
    const order = { ...asked, wall_ms: wallOf(asked, agreement) };
    const sized = { command_id: newId("cmd"), output_bytes: limits.command_output_bytes };
    return { order, judged, agreement, plan: planOf(order, judged, sized), looked };
  }

  /** What no person was shown how long it goes on has the usual time; they can give it more. */
  const wallOf = ({ background, wall_ms }: CommandOrder, { kind }: Agreement): number =>
    background && kind !== "person" ? Math.min(wall_ms, limits.background_wall_ms) : wall_ms;

  /** Why it cannot go on by itself; null where it can. */
  async function againstBackground(
    { person }: CommandOrder,
    { kind }: Agreement,
  ): Promise<string | null> {
    if (kind === "override") return "an admin let it run for its call, not in the background";
    const most = limits.background_commands_a_person;
    const running = await store.query(inBackground(store, person.id));
    return running.length < most ? null : `${most} ${FULL}`;
  }

  async function requestFor(order: CommandOrder, judged: Judged): Promise<ConsentRequest> {
    const { turn_id, step, call_id, person, workspace, intent, wall_ms, background } = order;
    const { command, command_sha256, classified, pinning, network, opened, again } = judged;
    const place = { person_id: person.id, workspace_id: workspace.id };
    const asks = classified.asks === null ? null : JSON.stringify(classified.asks);
    const suggestion = asks === null ? null : await parts.suggestions.textFor(place, asks);
    const say = { classified, pinning, network, opened, wall_ms, background, again };
    const { needs_person } = judged;
    const { unsandboxed } = parts;
    const card = cardOf({ command, suggestion, needs_person, unsandboxed, ...say });
    return parts.approvals.request({
      ...{ turn_id, step, call_id, ...place, intent, command, command_sha256, card },
      reason: again ?? classified.reason,
      pins: pinsText(pinning),
      asks: card.rule === null ? null : asks,
    });
  }

  const refuse = (
    { turn_id, step, call_id, person, workspace }: CommandOrder,
    { command_sha256 }: Judged,
    command_id: string | null,
    code: string,
  ) =>
    audit.refused({
      ...{ turn_id, step, call_id, command_id, code },
      ...{ person_id: person.id, workspace_id: workspace.id, script_sha256: command_sha256 },
    });

  return { plan, refuse };
}

const refusals = {
  blocked: (reason: string): Hindered => ({ kind: "blocked", reason }),
  denied: (by: string): Hindered => ({ kind: "denied", by }),
  opening: (reason: string): Hindered => ({ kind: "refused", reason }),
  policy: (reason: string): Hindered => ({ kind: "refused", reason }),
};

const FULL =
  "commands of this person run in the background already, and no more may: wait for one, or stop one";
