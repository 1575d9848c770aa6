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
import { createOverrides, type Overrides } from "./overrides.ts";
import type { ReadProgram } from "./pins.ts";
import { createPolicies, type Policies } from "./policies.ts";
import { createRules, type Rules } from "./rules.ts";
import { createSuggestions, type Suggestions } from "./suggestions.ts";

/** What a command can touch, in plain words. */
const REACH = "the files of the workspace, inside a sandbox without network";

export interface ConsentRoom {
  readonly approvals: Approvals;
  readonly approvalStream: ApprovalStream;
  readonly rules: Rules;
  readonly suggestions: Suggestions;
  readonly policies: Policies;
  readonly overrides: Overrides;
  /** Rises whenever somebody takes something away that commands may rest on. */
  readonly consentRevision: () => number;
}

export interface ConsentRoomParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly limits: Limits;
  readonly workspaces: Pick<Workspaces, "resolve" | "onTightened">;
  readonly people: Pick<People, "named">;
  readonly pauses: Pick<Pauses, "forCommandOf">;
  readonly readProgram: ReadProgram;
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
  const approvals = createApprovals({ ...parts, rules, life_days, reach: REACH });
  return {
    approvals,
    approvalStream: createApprovalStream({ store, journal, approvals }),
    rules,
    suggestions,
    policies: createPolicies({ ...parts, onTightened }),
    overrides: createOverrides({ ...parts, onTightened, wall_ms: limits.command_wall_ms }),
    consentRevision: () => revision,
  };
}
