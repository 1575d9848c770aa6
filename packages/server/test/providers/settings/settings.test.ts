import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readConfig } from "../../../src/config.ts";
import { knownProviders } from "../../../src/providers/settings/known.ts";

let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), "mainstay-settings-"))));
afterEach(() => rmSync(home, { recursive: true }));

type Env = Record<string, string>;

const read = (file: object = {}, env: Env = {}) => {
  writeFileSync(join(home, "mainstay.json"), JSON.stringify(file));
  return readConfig({ MAINSTAY_HOME: home, ...env });
};
const faultsOf = (file: object, env: Env = {}): string => {
  try {
    read(file, env);
    return "";
  } catch (fault) {
    return (fault as Error).message;
  }
};
const keep = (keys: unknown, mode = 0o600) => {
  const path = join(home, "provider-keys.json");
  writeFileSync(path, typeof keys === "string" ? keys : JSON.stringify(keys));
  chmodSync(path, mode);
};
const keyFor = (api_key: string, origin: string | null = null) => ({ api_key, origin });
const idsOf = (file: object, env: Env = {}) => read(file, env).providers.map(({ id }) => id);

const every_key: Env = Object.fromEntries(
  knownProviders.map(({ id, key_variable }) => [key_variable, `key-of-${id}`]),
);
const entry = (id: string, more: object = {}) => ({
  ...{ id, type: "openai-compatible", base_url: `https://${id}.example/v1`, models: ["m"] },
  ...more,
});

describe("variables", () => {
  test("each known provider is found by its variable, in the documented order", () => {
    const { providers } = read({}, every_key);
    expect(providers.map(({ id, type, api_keys, source }) => [id, type, api_keys, source])).toEqual(
      knownProviders.map(({ id, type, key_variable }) => [
        ...[id, type, [`key-of-${id}`], key_variable],
      ]),
    );
    expect(providers.map(({ id }) => id).join(" ")).toBe(
      "cerebras groq mistral cohere openai anthropic google",
    );
    expect(providers.every(({ models }) => models.length === 1)).toBe(true);
  });

  test("a model's variable wins over file and default", () => {
    const env = { GROQ_API_KEY: "key-of-groq", GROQ_MODEL: "b" };
    expect(read({}, env).providers[0]).toMatchObject({ models: ["b"] });
    const file = { providers: [{ id: "groq", type: "groq", models: ["a", "b"] }] };
    expect(read(file, env).providers[0]).toMatchObject({ models: ["b", "a"] });
  });

  test("what answers at OPENAI_BASE_URL is like OpenAI, needs no key, and gets what is OpenAI's", () => {
    const base_url = "http://127.0.0.1:8000/v1";
    const [alone] = read({}, { OPENAI_BASE_URL: base_url, OPENAI_MODEL: "q" }).providers;
    expect(alone).toMatchObject({
      ...{ id: "openai", type: "openai-compatible", base_url, api_keys: [], models: ["q"] },
      source: "OPENAI_BASE_URL",
    });
    const file = { providers: [{ id: "openai", type: "openai" }] };
    const env = { OPENAI_API_KEY: "k", OPENAI_BASE_URL: base_url };
    expect(read(file, env).providers).toMatchObject([{ type: "openai-compatible", base_url }]);
  });

  test("OPENAI_BASE_URL gets OpenAI's variable, and no key of another name", () => {
    const file = { providers: [{ id: "work", type: "openai", api_key_env: "WORK_KEY" }] };
    const env = { WORK_KEY: "key-of-work", OPENAI_BASE_URL: "http://127.0.0.1:8000/v1" };
    expect(read(file, env).providers).toMatchObject([
      { id: "work", type: "openai", base_url: null },
      { id: "openai", api_keys: [] },
    ]);
  });

  test("nothing said, nobody asked", () => {
    expect(read().providers).toEqual([]);
    expect(read({}, { GROQ_API_KEY: "", OPENAI_MODEL: "x" }).providers).toEqual([]);
  });
});

describe("the file", () => {
  test("says all there is to say of a provider", () => {
    const file = {
      providers: [
        {
          ...{ id: "groq", type: "groq", api_key_env: ["K1", "K2", "K3"], models: ["a", "b"] },
          limits: { requests_per_minute: 20 },
          prices: { a: { input_usd: 0.15, output_usd: 0.6 } },
          reasoning: ["b"],
        },
      ],
    };
    expect(
      read(file, { K1: "key-one-1", K3: "key-three", GROQ_API_KEY: "other" }).providers,
    ).toEqual([
      {
        ...{ id: "groq", type: "groq", base_url: null, api_keys: ["key-one-1", "key-three"] },
        ...{ models: ["a", "b"], reasoning: ["b"] },
        limits: { concurrency: null, requests_per_minute: 20, tokens_per_minute: null },
        prices: { a: { input_usd: 0.15, output_usd: 0.6 } },
        source: "mainstay.json, key from K1, K3",
      },
    ]);
  });

  test("its entries come first, by priority; a key that one uses is sent nowhere else", () => {
    const file = {
      providers: [
        entry("last", { priority: 9 }),
        entry("team", { api_key_env: "OPENAI_API_KEY" }),
        { id: "claude", type: "anthropic" },
      ],
    };
    expect(idsOf(file, every_key)).toEqual(
      "team claude last cerebras groq mistral cohere google".split(" "),
    );
  });

  test("provider_order comes before all, whoever is there", () => {
    const file = { provider_order: ["google", "cohere", "groq"] };
    const { GROQ_API_KEY, MISTRAL_API_KEY, GOOGLE_GENERATIVE_AI_API_KEY } = every_key as {
      [name: string]: string;
    } & Record<"GROQ_API_KEY" | "MISTRAL_API_KEY" | "GOOGLE_GENERATIVE_AI_API_KEY", string>;
    const env = { GROQ_API_KEY, MISTRAL_API_KEY, GOOGLE_GENERATIVE_AI_API_KEY };
    expect(idsOf(file, env)).toEqual(["google", "groq", "mistral"]);
  });
});

describe("kept keys", () => {
  test("give what no variable gives", () => {
    keep({
      ...{ groq: keyFor("kept-groq"), mistral: keyFor("kept-mistral"), gone: keyFor("kept-gone") },
      team: keyFor("kept-team", "https://team.example"),
    });
    const file = { providers: [entry("team")] };
    const { providers } = read(file, { GROQ_API_KEY: "from-variable" });
    expect(providers.map(({ id, api_keys, source }) => [id, ...api_keys, source])).toEqual([
      ["team", "kept-team", "mainstay.json, key from provider-keys.json"],
      ["groq", "from-variable", "GROQ_API_KEY"],
      ["mistral", "kept-mistral", "provider-keys.json"],
    ]);
  });

  test("go where they were kept for, and nowhere else", () => {
    keep({ openai: keyFor("kept-openai"), team: keyFor("kept-team", "https://team.example") });
    const moved = { providers: [entry("team", { base_url: "https://elsewhere.example/v1" })] };
    expect(faultsOf(moved, { OPENAI_BASE_URL: "http://10.0.0.9:8000/v1" })).toMatch(
      /team was kept for https:\/\/team\.example, .* https:\/\/elsewhere\.example: [^]*openai was kept for the provider's own address, .* http:\/\/10\.0\.0\.9:8000/,
    );
  });

  test("one that is missing hinders nobody who sets it", () => {
    const providers = ["a", "b"].map((id) => entry(id, { api_key_env: `KEY_OF_${id}` }));
    expect(faultsOf({ providers })).toMatch(/provider a has no key.*\n.*provider b has no key/);
    const proposed = { provider: "a", api_key: "key-of-a" };
    const read_so = readConfig({ MAINSTAY_HOME: home }, { proposed, needs_keys: false });
    expect(read_so.providers.map(({ api_keys }) => api_keys)).toEqual([["key-of-a"], []]);
  });

  test("that others can read, or that are none, are told without a word of them", () => {
    keep({ groq: keyFor("s3cr3t-key") }, 0o644);
    expect(faultsOf({})).toMatch(/can be read by others: chmod 600/);
    for (const damaged of ['{"groq": "s3cr3t', '{"groq": ["s3cr3t"]}', '"s3cr3t"']) {
      keep(damaged);
      expect(faultsOf({})).toMatch(/provider-keys\.json is not/);
      expect(faultsOf({})).not.toContain("s3cr3t");
    }
  });
});

describe("faults", () => {
  test("all at once, each with what to do", () => {
    const file = {
      providers: [
        entry("a", { api_key_env: ["A1", "A2"] }),
        entry("a"),
        { id: "b", type: "openai-compatible" },
        { id: "mistral", type: "mistral" },
        entry("c", { prices: { x: { input_usd: 1, output_usd: 1 } }, reasoning: ["y"] }),
      ],
      provider_order: ["nobody"],
    };
    const said = faultsOf(file, {
      ...{ GROQ_API_KEY: "two words", OPENAI_BASE_URL: "nowhere", OLLAMA_HOST: "u:p@h" },
      MAINSTAY_DISCOVER_LOCAL: "perhaps",
    });
    const expected = [
      "provider a has no key: set A1 or A2, or keep one with: mainstay provider set a",
      "two providers are named a",
      "provider b: models is missing",
      "provider b: base_url is missing",
      "provider mistral has no key: set MISTRAL_API_KEY",
      "provider c: prices names x",
      "provider c: reasoning names y",
      "provider_order names nobody",
      "GROQ_API_KEY holds a space",
      "OPENAI_BASE_URL must be an http(s) URL",
      "MAINSTAY_DISCOVER_LOCAL must be true or false",
    ];
    for (const fault of expected) expect(said).toContain(fault);
    expect(said).toContain(`${expected.length} fault(s)`);
    expect(said).not.toContain("two words");
  });

  test("a cut key and an address with a query are told", () => {
    expect(faultsOf({}, { GROQ_API_KEY: "gsk_abc" })).toContain("GROQ_API_KEY is too short");
    const file = { providers: [entry("a", { base_url: "https://h/v1?key=s3cr3t" })] };
    expect(faultsOf(file)).toContain("must end with its path");
    expect(faultsOf(file)).not.toContain("s3cr3t");
  });

  test("of an address name it without what is secret in it", () => {
    const file = { providers: [entry("a", { base_url: "https://user:s3cr3t@h/v1" })] };
    expect(faultsOf(file)).toContain("must hold no user name or password");
    expect(faultsOf(file) + faultsOf({}, { OPENAI_BASE_URL: "https://u:s3cr3t@h" })).not.toContain(
      "s3cr3t",
    );
    expect(faultsOf({}, { OLLAMA_HOST: "http://u:s3cr3t@h" })).toMatch(/OLLAMA_HOST must be like/);
  });
});

describe("places of local servers", () => {
  const placesOf = (file: object, env: Env = {}) =>
    read(file, env).local_places.map(({ id, base_url, model }) => [id, base_url, model]);

  test("are looked at unless somebody said no, or said it already", () => {
    const lm_studio = ["lm-studio", "http://127.0.0.1:1234/v1", null];
    expect(placesOf({})).toEqual([["ollama", "http://127.0.0.1:11434/v1", null], lm_studio]);
    const own = entry("mine", { base_url: "http://localhost:11434/v1" });
    expect(placesOf({ providers: [own] })).toEqual([lm_studio]);
    expect(placesOf({ discover_local: false })).toEqual([]);
    expect(placesOf({}, { MAINSTAY_DISCOVER_LOCAL: "false" })).toEqual([]);
    expect(placesOf({ discover_local: false }, { MAINSTAY_DISCOVER_LOCAL: "true" })).toHaveLength(
      2,
    );
  });

  test.each([
    ["127.0.0.1:9999", "http://127.0.0.1:9999/v1"],
    [":9999", "http://127.0.0.1:9999/v1"],
    ["0.0.0.0", "http://127.0.0.1:11434/v1"],
    ["0.0.0.0:80", "http://127.0.0.1/v1"],
    ["box.example", "http://box.example:11434/v1"],
    ["https://box.example", "https://box.example/v1"],
    ["http://box.example:1/", "http://box.example:1/v1"],
  ])("OLLAMA_HOST %s is %s", (OLLAMA_HOST, base_url) => {
    expect(placesOf({}, { OLLAMA_HOST, OLLAMA_MODEL: "qwen" })[0]).toEqual([
      ...["ollama", base_url, "qwen"],
    ]);
  });
});
