import { Problem } from "@mainstay/sdk/problem";
import { z } from "zod";
import type { Answered, Endpoint } from "./endpoint.ts";

type Json = Record<string, unknown>;

const PROBLEM = { $ref: "#/components/schemas/Problem" };

/** The OpenAPI 3.1 document of the endpoints: zod's JSON Schema is the dialect that 3.1 speaks. */
export function openApiOf(endpoints: readonly Endpoint[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const endpoint of endpoints) {
    (paths[endpoint.path] ??= {})[endpoint.method] = operationOf(endpoint);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Mainstay",
      version,
      description: "A self-hosted AI agent that keeps its word.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { Problem: schemaOf(Problem, "output") },
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
    },
  };
}

function operationOf(endpoint: Endpoint): Json {
  const { method, path, summary, auth, body } = endpoint;
  return {
    operationId: `${method}${path.replaceAll(/[^a-z0-9]+/gi, "_").replace(/_$/, "")}`,
    summary,
    security: auth === "none" ? [] : [{ key: [] }],
    parameters: [
      ...parametersOf(endpoint.params, "path"),
      ...parametersOf(endpoint.query, "query"),
      ...parametersOf(endpoint.headers, "header"),
    ],
    ...(body && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: schemaOf(body, "input") } },
      },
    }),
    responses: responsesOf(endpoint),
  };
}

function parametersOf(schema: z.ZodType | undefined, place: "path" | "query" | "header"): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
  });
  return Object.entries(properties)
    .filter(([name]) => name !== "authorization")
    .map(([name, own]) => ({ name, in: place, required: required.includes(name), schema: own }));
}

function responsesOf({ responses }: Endpoint): Json {
  const answers = Object.entries(responses).map(([status, answered]) => [
    status,
    { description: answered.description, ...contentOf(answered) },
  ]);
  const refusal = {
    description: "A refusal",
    content: { "application/problem+json": { schema: PROBLEM } },
  };
  return { ...Object.fromEntries(answers), default: refusal };
}

function contentOf({ body, media }: Answered): Json {
  return body === undefined
    ? {}
    : { content: { [media ?? "application/json"]: { schema: schemaOf(body, "output") } } };
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...own } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return own;
}
