import type { PinnedFile } from "@mainstay/executor/ticket";
import type { Clock } from "@mainstay/sdk/clock";
import type { RuleSuggestion } from "@mainstay/sdk/consent";
import type { Person } from "../../identity/identity.ts";
import { isoTime } from "../../kernel/time.ts";
import type { Store } from "../../store/store.ts";
import type { LiteralCommand } from "../classify/classify.ts";
import { commandInWords } from "./command-in-words.ts";
import { parseCard } from "./card.ts";
import { nothingPinned } from "./pins.ts";
import { agreeingRules } from "./rule-match.ts";
import type { RulePlace, Rules } from "./rules.ts";
import { visible } from "./visible.ts";

const DAY_MS = 86_400_000;
/** So often within so long, by the person whose commands they are. */
const TIMES = 3;
const WITHIN_MS = 30 * DAY_MS;
/** The latest of them are looked at. */
const APPROVALS = 1_000;
const TOLD = 20;

/** What a person approved again and again, and no rule of theirs covers yet. A person makes the rule. */
export interface Suggestions {
  list(person: Person): Promise<RuleSuggestion[]>;
  /** In words, when these parts (JSON) were approved often enough before. */
  textFor(place: RulePlace, asks: string): Promise<string | null>;
}

export interface SuggestionsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly rules: Pick<Rules, "inForce">;
}

export function createSuggestions({ store, clock, rules }: SuggestionsParts): Suggestions {
  /** Approved by the person themselves, lately. */
  const approved = (person_id: string) =>
    store.sql
      .selectFrom("approval")
      .innerJoin("workspace", "workspace.id", "approval.workspace_id")
      .where("approval.person_id", "=", person_id)
      .where("approval.decided_by", "=", person_id)
      .where("approval.state", "=", "approved")
      .where("approval.asks", "is not", null)
      .where("approval.decided_at", ">", clock.now() - WITHIN_MS);

  async function list(person: Person): Promise<RuleSuggestion[]> {
    const rows = await store.query(
      approved(person.id)
        .select(["approval.workspace_id", "workspace.path as workspace_path"])
        .select(["approval.asks", "approval.pins", "approval.command", "approval.card"])
        .select("approval.decided_at")
        .orderBy("approval.decided_at", "desc")
        .limit(APPROVALS),
    );
    const alike = Map.groupBy(rows, ({ workspace_id, asks }) => `${workspace_id} ${asks}`);
    const often = [...alike.values()].filter(({ length }) => length >= TIMES);
    const told: RuleSuggestion[] = [];
    for (const group of often) {
      if (told.length === TOLD) break;
      const [last] = group;
      if (last?.asks == null) continue;
      const { workspace_id, workspace_path, asks, pins, command } = last;
      const rule = parseCard(last.card)?.rule;
      const place = { person_id: person.id, workspace_id };
      if (rule == null || (await isCovered(place, asks, pins))) continue;
      told.push({
        ...{ workspace_id, workspace_path, command, command_shown: visible(command), rule },
        ...{ text: inWords(asks, group.length), times: group.length },
        last_at: isoTime(last.decided_at ?? 0),
      });
    }
    return told;
  }

  async function isCovered(place: RulePlace, asks: string, pins: string): Promise<boolean> {
    const pinning = { ...nothingPinned, pins: JSON.parse(pins) as PinnedFile[] };
    const parts = { asks: JSON.parse(asks) as LiteralCommand[] };
    return agreeingRules(parts, pinning, await rules.inForce(place)) !== null;
  }

  async function textFor({ person_id, workspace_id }: RulePlace, asks: string) {
    const [row] = await store.query(
      approved(person_id)
        .select((of) => of.fn.countAll<number>().as("times"))
        .where("approval.workspace_id", "=", workspace_id)
        .where("approval.asks", "=", asks),
    );
    const times = row?.times ?? 0;
    return times < TIMES ? null : inWords(asks, times);
  }

  return { list, textFor };
}

function inWords(asks: string, times: number): string {
  const commands = (JSON.parse(asks) as LiteralCommand[]).map(commandInWords).join("; ");
  return `You approved \`${commands}\` in this workspace ${times} times`;
}
