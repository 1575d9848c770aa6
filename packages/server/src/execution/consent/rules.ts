import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Clock } from "@mainstay/sdk/clock";
import type { NewRule, Rule } from "@mainstay/sdk/consent";
import type { Person, Workspaces } from "../../identity/identity.ts";
import { Refusal } from "../../kernel/errors.ts";
import type { NewId } from "../../kernel/ids.ts";
import { isoTime } from "../../kernel/time.ts";
import { auditWrite } from "../../store/audit-log.ts";
import type { Row } from "../../store/schema.ts";
import type { Batch, Guard, Statement, Store } from "../../store/store.ts";
import { revokeRule } from "../../store/withdraw-consent.ts";
import { classify } from "../classify/classify.ts";
import { type Order, type Page, pageOf, type PageWish } from "../../store/page.ts";
import { pinningOf, type ReadProgram } from "./pins.ts";
import { type RuleTerms, ruleTermsFor } from "./rule-match.ts";
import { rulesInWords } from "./rule-in-words.ts";

/** Of one person in one workspace; past it a rule is refused with `too_many_rules`. */
const RULES_HERE = 200;

/** How often another may make the same rule first. */
export const RULE_TRIES = 5;

/** For whose commands, and where. */
export interface RulePlace {
  readonly person_id: string;
  readonly workspace_id: string;
}

export interface KeptRule extends RuleTerms {
  readonly id: string;
  readonly text: string;
  readonly made_by: { readonly id: string; readonly name: string };
}

/** Consent that a person gave for the next times too. Nothing else makes a rule. */
export interface Rules {
  /** The person's own, for an admin everybody's, the latest first; without those that were revoked. */
  list(person: Person, wish?: PageWish): Promise<Page<Rule>>;
  /**
   * One rule for each part of the command that is not safe; what there is already stays.
   * @throws Refusal `rule_impossible`, `too_many_rules`, `not_found`
   */
  add(person: Person, wish: NewRule): Promise<Rule[]>;
  /** Counts from when it resolves: no command begins by it any more. @throws Refusal `not_found` */
  revoke(person: Person, id: string): Promise<Rule>;
  inForce(place: RulePlace): Promise<KeptRule[]>;
  /**
   * What makes the rules, to go into the batch of the decision that wants them. Where the batch fails
   * by `unique` somebody made one of them first, and it is to be asked for again.
   */
  making(place: RulePlace, terms: readonly RuleTerms[], making: Making): Promise<Required<Batch>>;
  /** Holds while none of them is revoked; then what counts the use. */
  use(ids: readonly string[]): { readonly guard: Guard; readonly write: Statement };
}

export interface Making {
  readonly by: Pick<Person, "id">;
  readonly source: Row<"rule">["source"];
}

/** The name of the guard that fails where no rule more has room. */
export const NO_ROOM = "too_many_rules";

export interface RulesParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly workspaces: Pick<Workspaces, "resolve">;
  readonly readProgram: ReadProgram;
  /** Whether the person was told that these parts are worth a rule. */
  readonly wasSuggested: (place: RulePlace, asks: string) => Promise<boolean>;
  readonly onTightened: () => void;
}

export function createRules(parts: RulesParts): Rules {
  const { store, clock, newId, onTightened } = parts;

  const rows = () =>
    store.sql
      .selectFrom("rule")
      .innerJoin("person", "person.id", "rule.person_id")
      .innerJoin("person as maker", "maker.id", "rule.made_by")
      .innerJoin("workspace", "workspace.id", "rule.workspace_id")
      .selectAll("rule")
      .select(["person.name as person_name", "maker.name as maker_name"])
      .select("workspace.path as workspace_path");

  async function list(person: Person, wish: PageWish = {}): Promise<Page<Rule>> {
    let query = rows().where("rule.revoked_at", "is", null);
    if (person.role !== "admin") query = query.where("rule.person_id", "=", person.id);
    const { items, next } = await pageOf(store, query, latestFirst, wish);
    return { items: items.map(resource), next };
  }

  async function add(person: Person, { workspace, command }: NewRule): Promise<Rule[]> {
    const root = await parts.workspaces.resolve(person, workspace);
    const classified = classify(command, { root: root.path });
    const pinning = await pinningOf(root, classified.runs, parts.readProgram);
    const rulable = ruleTermsFor(classified, pinning);
    if (!rulable.possible)
      throw new Refusal("rule_impossible", `No rule can say this: ${rulable.why}.`);
    const place = { person_id: person.id, workspace_id: root.id };
    const source = (await parts.wasSuggested(place, JSON.stringify(classified.asks)))
      ? "suggestion"
      : "person";
    await make(place, rulable.terms, { by: person, source });
    const wanted = new Set(rulable.terms.map(keyOf));
    const here = await store.query(rowsInForce(place));
    return here.filter((row) => wanted.has(keyOf(termsOf(row)))).map(resource);
  }

  async function make(place: RulePlace, terms: readonly RuleTerms[], how: Making): Promise<void> {
    for (let tries = 0; tries < RULE_TRIES; tries++) {
      const commit = await store.commit(await making(place, terms, how));
      if (commit.committed) return;
      if (commit.guard === NO_ROOM) throw noRoom();
    }
    throw new Error(`a rule was made ${RULE_TRIES} times by somebody else first`);
  }

  const rowsInForce = ({ person_id, workspace_id }: RulePlace) =>
    rows()
      .where("rule.person_id", "=", person_id)
      .where("rule.workspace_id", "=", workspace_id)
      .where("rule.revoked_at", "is", null)
      .orderBy("rule.made_at", "desc")
      .orderBy("rule.id", "desc");

  async function inForce(place: RulePlace): Promise<KeptRule[]> {
    const found = await store.query(rowsInForce(place));
    return found.map((row) => ({
      ...termsOf(row),
      id: row.id,
      text: rulesInWords([termsOf(row)]),
      made_by: { id: row.made_by, name: row.maker_name },
    }));
  }

  async function making(
    place: RulePlace,
    terms: readonly RuleTerms[],
    { by, source }: Making,
  ): Promise<Required<Batch>> {
    const known = new Set((await inForce(place)).map(keyOf));
    const unlike = new Map(terms.map((each) => [keyOf(each), each]));
    const wanted = [...unlike].flatMap(([key, each]) => (known.has(key) ? [] : [each]));
    const writes = wanted.flatMap((each) => insert(place, each, by, source));
    return { guards: wanted.length === 0 ? [] : [roomFor(place, wanted.length)], writes };
  }

  function insert(
    place: RulePlace,
    { folder, words, pins }: RuleTerms,
    by: Pick<Person, "id">,
    source: Row<"rule">["source"],
  ): Statement[] {
    const rule_id = newId("rule");
    const made_at = clock.now();
    const text = { folder, words: JSON.stringify(words), pins: JSON.stringify(pins) };
    const row = { id: rule_id, ...place, ...text, source, made_at, made_by: by.id };
    const rule_digest = createHash("sha256").update(keyOf({ folder, words, pins })).digest("hex");
    return [
      store.sql.insertInto("rule").values(row).compile(),
      auditWrite(store, made_at, {
        ...{ kind: "rule_made", rule_id, ...place, rule_digest, made_by: by.id },
      }),
    ];
  }

  const roomFor = ({ person_id, workspace_id }: RulePlace, more: number): Guard => ({
    name: NO_ROOM,
    expect: "none",
    query: store.sql
      .selectFrom("rule")
      .select("id")
      .where("person_id", "=", person_id)
      .where("workspace_id", "=", workspace_id)
      .where("revoked_at", "is", null)
      .limit(1)
      .offset(RULES_HERE - more)
      .compile(),
  });

  async function revoke(person: Person, id: string): Promise<Rule> {
    const [row] = await store.query(rows().where("rule.id", "=", id));
    if (row === undefined || (row.person_id !== person.id && person.role !== "admin"))
      throw new Refusal("not_found", `You have no rule ${JSON.stringify(id)}.`);
    const open = store.sql.selectFrom("rule").select("id").where("id", "=", id);
    await store.commit({
      guards: [
        { name: "open", expect: "some", query: open.where("revoked_at", "is", null).compile() },
      ],
      writes: revokeRule(store, row, { by: person.id, at: clock.now() }),
    });
    // Also where another revoked it first: that may not have been told yet.
    onTightened();
    const [revoked] = await store.query(rows().where("rule.id", "=", id));
    return resource(revoked ?? row);
  }

  const use = (ids: readonly string[]) => ({
    guard: {
      name: "a rule that was revoked",
      expect: "none" as const,
      query: store.sql
        .selectFrom("rule")
        .select("id")
        .where("id", "in", ids)
        .where("revoked_at", "is not", null)
        .compile(),
    },
    write: store.sql
      .updateTable("rule")
      .set((rule) => ({ used: rule("used", "+", 1), last_used_at: clock.now() }))
      .where("id", "in", ids)
      .compile(),
  });

  return { list, add, revoke, inForce, making, use };
}

export const noRoom = (): Refusal =>
  new Refusal(NO_ROOM, `There are ${RULES_HERE} rules in this workspace; revoke one first.`);

interface RuleRow extends Row<"rule"> {
  readonly person_name: string;
  readonly maker_name: string;
  readonly workspace_path: string;
}

const latestFirst: Order<RuleRow> = {
  direction: "desc",
  columns: [sql.ref("rule.made_at"), sql.ref("rule.id")],
  keysOf: ({ made_at, id }) => [made_at, id],
};

const termsOf = ({ folder, words, pins }: Row<"rule">): RuleTerms => ({
  folder,
  words: JSON.parse(words) as string[],
  pins: JSON.parse(pins) as RuleTerms["pins"],
});

const keyOf = ({ folder, words, pins }: RuleTerms): string => JSON.stringify([folder, words, pins]);

function resource(row: RuleRow): Rule {
  const { folder, words, pins } = termsOf(row);
  return {
    id: row.id,
    person: { id: row.person_id, name: row.person_name },
    workspace_id: row.workspace_id,
    workspace_path: row.workspace_path,
    words: [...words],
    folder,
    pins: [...pins],
    text: rulesInWords([{ folder, words, pins }]),
    made_at: isoTime(row.made_at),
    made_by: row.maker_name,
    from: row.source,
    used: row.used,
    last_used_at: row.last_used_at === null ? null : isoTime(row.last_used_at),
    revoked_at: row.revoked_at === null ? null : isoTime(row.revoked_at),
  };
}
