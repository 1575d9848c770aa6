import { expect, test } from "vitest";
import { answers } from "../../sdk/test/scripted-server.ts";
import { runHere } from "./run-here.ts";
import { start, useScriptedRuns } from "./scripted-runs.ts";

useScriptedRuns();

test("a model that no provider has is told, with those that there are; the request goes its way", async () => {
  const status = { state: "ready", cause: null, until: null, answered: 0, failed: 0 };
  const model = { ...status, model: "llama", credential: "a", first_token_ms: null };
  const groq = { id: "groq", type: "groq", source: "test", pause: null, models: [model] };
  const agent = await start(({ settle }) => settle("ok"), {
    "GET /v1/providers": answers({ items: [groq], next: null }),
  });
  const said = async (...wish: string[]) => {
    const { code, err } = await runHere(["ask", ...wish, "hi"], agent);
    expect(code).toBe(0);
    return err;
  };
  expect(await said("--model", "nosuch")).toContain(
    "No provider has a model nosuch: the usual order is asked. There are: groq/llama\n",
  );
  for (const wish of ["llama", "groq/llama"])
    expect(await said("--model", wish)).not.toContain("No provider");
  expect(agent.server.to("GET /v1/providers")).toHaveLength(3);
  await said();
  expect(agent.server.to("GET /v1/providers")).toHaveLength(3);
});
