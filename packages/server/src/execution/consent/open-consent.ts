import type { ToolCall } from "@mainstay/sdk/events";
import type { Clock } from "@mainstay/sdk/clock";
import type { People, Workspaces } from "../../identity/identity.ts";
import type { NewId } from "../../kernel/ids.ts";
import type { Limits } from "../../kernel/limits.ts";
import type { Journal } from "../../store/journal.ts";
import type { Store } from "../../store/store.ts";
import { type Approvals, createApprovals } from "../approvals.ts";
import { type ApprovalStream, createApprovalStream } from "../approval-stream.ts";
import type { Pauses } from "../pauses.ts";
import { createWorkspaceNetwork, type WorkspaceNetwork } from "./network.ts";
import { createFindOpening, createOpenable, type FindOpening } from "./openings.ts";
import { createOverrides, type Overrides } from "./overrides.ts";
import type { ReadProgram } from "./pins.ts";
import { createPolicies, type Policies } from "./policies.ts";
import { createRules, type Rules } from "./rules.ts";
import { createSuggestions, type Suggestions } from "./suggestions.ts";

export interface ConsentRoom {
  readonly approvals: Approvals;
  readonly approvalStream: ApprovalStream;
  readonly rules: Rules;
  readonly suggestions: Suggestions;
  readonly policies: Policies;
  readonly overrides: Overrides;
  readonly network: WorkspaceNetwork;
  readonly findOpening: FindOpening;
  readonly openable: ReturnType<typeof createOpenable>;
  readonly unsandboxed: boolean;
  /** Rises whenever somebody takes something away that commands may rest on. */
  readonly consentRevision: () => number;
}

export interface ConsentRoomParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly limits: Limits;
  readonly workspaces: Pick<Workspaces, "resolve" | "pathsOf" | "onTightened">;
  readonly people: Pick<People, "named">;
  readonly pauses: Pick<Pauses, "forCommandOf">;
  readonly readProgram: ReadProgram;
  /** An admin has given up the sandbox, here and for everybody. */
  readonly unsandboxed: boolean;
  readonly scriptOf: (call: ToolCall) => string | null;
}

/** Everything by which commands are agreed to. */
export function openConsent(parts: ConsentRoomParts): ConsentRoom {
  const { store, journal, limits } = parts;
  let revision = 0;
  const onTightened = () => void revision++;
  parts.workspaces.onTightened(onTightened);
  const rules = createRules({
    ...parts,
    onTightened,
    wasSuggested: async (place, asks) => (await suggestions.textFor(place, asks)) !== null,
  });
  const suggestions = createSuggestions({ ...parts, rules });
  const life_days = limits.approval_days;
  const approvals = createApprovals({ ...parts, rules, life_days });
  const network = createWorkspaceNetwork({ ...parts, onTightened });
  const wall_ms = limits.command_wall_ms;
  return {
    approvals,
    approvalStream: createApprovalStream({ store, journal, approvals }),
    rules,
    suggestions,
    policies: createPolicies({ ...parts, onTightened }),
    overrides: createOverrides({ ...parts, network, onTightened, wall_ms }),
    network,
    findOpening: createFindOpening(parts.workspaces),
    openable: createOpenable(parts.workspaces),
    unsandboxed: parts.unsandboxed,
    consentRevision: () => revision,
  };
}
