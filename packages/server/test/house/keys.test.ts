import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import type { ProviderSettings } from "../../src/providers/target.ts";
import type { Log } from "../../src/telemetry/log.ts";
import { openHouse, says } from "./house.ts";

/** Of no shape that keys are known by: only who knows it can keep it back. */
const CANARY = "Zq7canaryThatNobodyMaySee4711";

/** Refuses all, and quotes the key each time, its head and its body. */
async function quotingProvider(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const said = `Bad key in ${request.headers.authorization}`;
    response.writeHead(request.url === "/v1/models" ? 404 : 401, { "x-error": said });
    response.end(JSON.stringify({ error: { message: said, code: said } }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked };
}

const providerAt = (id: string, base_url: string, key: string): ProviderSettings => ({
  ...{ id, type: "openai-compatible", base_url, api_keys: [key], models: ["m"], source: "test" },
  limits: { concurrency: null, requests_per_minute: null, tokens_per_minute: null },
  ...{ prices: {}, reasoning: [] },
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test("a provider's key is in no answer, journal, log, list or file, also where the provider quotes it", async () => {
  const logged: string[] = [];
  const tested = Promise.withResolvers<void>();
  const note = (fields: object, text: string) => {
    logged.push(JSON.stringify([fields, text]));
    if (text.includes("the key of quoting could not be tested")) tested.resolve();
  };
  const log: Log = { info: note, warn: note, error: note };
  const quoting = await quotingProvider();
  const good = await startFakeProvider({ script: [says("Done.")], clock: systemClock });
  onTestFinished(() => good.close());
  const providers = [
    providerAt("quoting", quoting.url, CANARY),
    providerAt("good", good.url, "fake"),
  ];
  const house = await openHouse({ overrides: { log }, config: { providers } });
  try {
    await tested.promise;
    const turn = await house.ask("hello");
    expect(turn.provider).toBe("good");
    const { items } = await house.client.providers.list();
    expect(items[0]!.models[0]!.state).toBe("retired");
    expect(quoting.asked.toSorted()).toEqual(["/v1/chat/completions", "/v1/models"]);

    const journal = await house.journal(turn.id);
    expect(JSON.stringify(journal)).toContain("Bad key in Bearer [key]");
    const told = [turn, journal, items, await house.client.readyz(), logged];
    expect(JSON.stringify(told)).not.toContain(CANARY);
    const files = filesBelow(house.home);
    expect(files.map((path) => path.split("/").at(-1))).toContain("mainstay.db");
    expect(files.filter((path) => readFileSync(path).includes(CANARY))).toEqual([]);
  } finally {
    await house.close();
  }
});
