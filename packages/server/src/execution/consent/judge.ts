import { createHash } from "node:crypto";
import type { Plan } from "@mainstay/executor/ticket";
import type { HostGrant } from "@mainstay/sdk/network";
import type { TurnWorkspace } from "../../kernel/workspace.ts";
import type { Approvals, Approved, CallOfTurn } from "../approvals.ts";
import { type Classified, classify, safe } from "../classify/classify.ts";
import { type Consent, consentTo } from "./consent.ts";
import type { Overrides } from "./overrides.ts";
import type { WorkspaceNetwork } from "./network.ts";
import { type CommandNetwork, networkOf } from "./network-of-command.ts";
import type { FindOpening, Opened, OpeningWish } from "./openings.ts";
import { changedPaths, nothingPinned, type Pinning, pinningOf, pinsText } from "./pins.ts";
import type { ReadProgram } from "./pins.ts";
import type { Policies } from "./policies.ts";
import { agreeingRules, type OutgrownRule, outgrownRule } from "./rule-match.ts";
import type { KeptRule, Rules } from "./rules.ts";
import { agreedInstead, type Terms, termsOf } from "./terms.ts";
import { visibleLine } from "./visible.ts";

/** What is judged: a command of one call. */
export interface CommandOfCall extends CallOfTurn {
  readonly person: { readonly id: string };
  readonly workspace: TurnWorkspace;
  readonly run: Plan["run"];
  readonly profile: Plan["profile"];
  readonly opens: OpeningWish | null;
  readonly wall_ms: number;
  /** It goes on when its call has ended. */
  readonly background: boolean;
  readonly decision: { readonly decision: "approve" | "deny"; readonly by: string } | null;
}

export interface Judged {
  readonly consent: Consent;
  readonly command: string;
  readonly command_sha256: string;
  readonly classified: Classified;
  readonly pinning: Pinning;
  readonly network: CommandNetwork;
  /** Beyond what its workspace allows. */
  readonly opened: Opened | null;
  /** Where anybody is asked at all, nothing but a word for this very call lets it run. */
  readonly needs_person: boolean;
  /** Why consent that was given, to this call or by a rule, does not count any more; null where none was. */
  readonly again: string | null;
}

export interface JudgeParts {
  readonly policies: Pick<Policies, "limitFor">;
  readonly rules: Pick<Rules, "inForce">;
  readonly overrides: Pick<Overrides, "find">;
  readonly approvals: Pick<Approvals, "approved">;
  readonly network: Pick<WorkspaceNetwork, "allowedIn">;
  readonly findOpening: FindOpening;
  /** An admin has given up the sandbox, here and for everybody. */
  readonly unsandboxed: boolean;
  readonly readProgram: ReadProgram;
}

export type Judge = (order: CommandOfCall) => Promise<Judged>;

/** Gathers what bears on a command, as of now, and decides by it. Only what the verdict needs is looked up. */
export function createJudge(parts: JudgeParts): Judge {
  const { policies, rules, overrides, approvals, network, unsandboxed } = parts;

  return async (order) => {
    const command = textOf(order.run);
    const { workspace, person, decision, background } = order;
    const classified = classifiedOf(order, command);
    const { verdict, reason } = classified;
    const [limit, opening] = await Promise.all([
      policies.limitFor(person.id, workspace.id),
      parts.findOpening(order, order.opens),
    ]);
    const opened = opening.state === "found" ? opening.opened : null;
    const facts = {
      ...{ verdict, reason, limit, approval: null, rules: null, override: null },
      ...{ needs_person: unsandboxed || opened !== null, background },
      denied_by: decision?.decision === "deny" ? decision.by : null,
    };
    const command_sha256 = createHash("sha256").update(command).digest("hex");
    const needs_person = facts.needs_person || background;
    const judged = {
      ...{ command, command_sha256, classified, needs_person },
      ...{ pinning: nothingPinned, again: null },
    };
    const reaching = (named: readonly HostGrant[] | null) =>
      networkFor(order, judged, opened, named);
    if (opening.state === "impossible") return { ...judged, ...unopenable(opening.why) };
    const at_once = consentTo(facts);
    if (!needsWord(at_once))
      return { ...judged, opened, network: await reaching(null), consent: at_once };

    const pinning = await pinningOf(workspace, classified.runs, parts.readProgram);
    const terms = termsOf({ ...order, unsandboxed, opened });
    const agreeable = { command_sha256, pins: pinsText(pinning), terms };
    const place = { person_id: person.id, workspace_id: workspace.id };
    if (verdict === "blocked") {
      const use = { ...callOf(order), ...place, ...agreeable };
      // An admin's word was for a command that opens nothing.
      const override = opened === null ? await overrides.find(use) : null;
      const consent = consentTo({ ...facts, override });
      return {
        ...judged,
        pinning,
        opened,
        network: await reaching(override?.hosts ?? null),
        consent,
      };
    }
    const { approval, changed_since } = await approvalOf(order, agreeable);
    const made = approval === null ? await rules.inForce(place) : [];
    const agreeing = approval === null ? agreeingRules(classified, pinning, made) : null;
    const outgrown = needs_person ? null : outgrownRule(classified, pinning, made);
    const again = changed_since ?? (outgrown && outgrownInWords(outgrown));
    const consent = consentTo({ ...facts, approval, rules: agreeing });
    const reached = await reaching(approval?.hosts ?? null);
    return { ...judged, pinning, opened, network: reached, consent, again };
  };

  async function networkFor(
    { workspace, profile }: CommandOfCall,
    { classified }: Pick<Judged, "classified">,
    opened: Opened | null,
    named: readonly HostGrant[] | null,
  ): Promise<CommandNetwork> {
    if (unsandboxed || profile === "search") return null;
    const is_safe = classified.verdict === "safe";
    const allowed = is_safe ? [] : await network.allowedIn(workspace.id);
    return networkOf({ classified, allowed, opened: opened?.hosts ?? [], named });
  }

  async function approvalOf(order: CommandOfCall, now: Agreeable) {
    const approved = await approvals.approved(callOf(order), now.command_sha256);
    const same = approved.find(
      ({ pins, terms }) => pins === now.pins && agreedInstead(terms, now.terms) === null,
    );
    if (same !== undefined) return { approval: same, changed_since: null };
    const last = approved.at(-1);
    return { approval: null, changed_since: last === undefined ? null : changedSince(last, now) };
  }
}

const unopenable = (why: string) => ({
  ...{ opened: null, network: null },
  consent: { kind: "refused", code: "opening", why } as const,
});

/** What a word was for, all of it. */
interface Agreeable {
  readonly command_sha256: string;
  readonly pins: string;
  readonly terms: Terms;
}

const callOf = ({ turn_id, step, call_id }: CallOfTurn): CallOfTurn => ({ turn_id, step, call_id });

/** It depends on somebody's word that was not looked up yet. */
const needsWord = (consent: Consent): boolean =>
  consent.kind === "ask" || (consent.kind === "refused" && consent.code === "blocked");

function changedSince({ by, pins, terms }: Approved, now: Agreeable): string {
  const paths = changedPaths(pins, now.pins).map(visibleLine);
  if (paths.length === 0)
    return `asked again: ${by.name} approved ${agreedInstead(terms, now.terms) ?? "something else"}`;
  return `asked again: since ${by.name} approved it, this changed: ${paths.join(", ")}`;
}

const outgrownInWords = ({ rule, changed }: OutgrownRule<KeptRule>): string =>
  `asked again: your rule ${rule.text} no longer fits: ${changed.map(visibleLine).join(", ")} changed`;

/** A search is composed by the server itself. */
const classifiedOf = ({ profile, workspace }: CommandOfCall, command: string): Classified =>
  profile === "search" ? safe("a search only reads") : classify(command, { root: workspace.path });

const textOf = (run: Plan["run"]): string =>
  run.kind === "script" ? run.script : run.argv.join(" ");
