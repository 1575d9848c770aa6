import { NewRule, Rule, RuleSuggestion } from "@mainstay/sdk/consent";
import { listOf } from "@mainstay/sdk/resources";
import { z } from "zod";
import type { Rules, Suggestions } from "../../execution/execution.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";
import { PageQuery } from "../page-query.ts";

const RuleId = z.strictObject({ id: z.string().max(100) });

/** `/v1/rules`: consent for the next times too. */
export const ruleRoutes = (rules: Rules, suggestions: Suggestions): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/v1/rules",
      summary: "Your rules; for an admin, everybody's.",
      auth: "person",
      query: PageQuery,
      responses: { 200: { description: "A page of the rules in force", body: listOf(Rule) } },
    },
    async ({ person, query }) => ({ status: 200, body: await rules.list(person, query) }),
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/rules",
      summary: "Let a command run unasked in a workspace from now on. Nothing runs now.",
      auth: "person",
      body: NewRule,
      responses: {
        201: { description: "The rules that agree to it, one for each part", body: listOf(Rule) },
      },
    },
    async ({ person, body }) => ({
      status: 201,
      body: { items: await rules.add(person, body), next: null },
    }),
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/rules/suggestions",
      summary: "What you approved again and again.",
      auth: "person",
      responses: { 200: { description: "The suggestions", body: listOf(RuleSuggestion) } },
    },
    async ({ person }) => ({
      status: 200,
      body: { items: await suggestions.list(person), next: null },
    }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/v1/rules/{id}",
      summary: "Revoke a rule: from now on nothing begins by it.",
      auth: "person",
      params: RuleId,
      responses: { 200: { description: "The rule as revoked", body: Rule } },
    },
    async ({ person, params }) => ({ status: 200, body: await rules.revoke(person, params.id) }),
  ),
];
