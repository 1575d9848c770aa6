import { z } from "zod";
import type { ProviderType } from "../target.ts";
import { createFetch } from "./fetch.ts";
import { baseUrlOf } from "./models.ts";
import { WireFault, wireFault } from "./wire-fault.ts";

interface ListModelsSettings {
  readonly type: ProviderType;
  /** Null: the type's own. */
  readonly base_url: string | null;
  readonly api_key: string | null;
  readonly signal: AbortSignal;
}

/**
 * The names of the models that a key may ask, as they are asked. The cheapest call that tells whether
 * a key is good.
 *
 * @throws WireFault, or the signal's reason
 */
export async function listModels({
  type,
  base_url,
  api_key,
  signal,
}: ListModelsSettings): Promise<string[]> {
  const { path, headers, names } = lists[type] ?? openAiList;
  const fetch = createFetch()({ kind: "json" });
  try {
    const url = `${baseUrlOf(type, base_url)}${path}`;
    const answer = await fetch(url, { headers: api_key === null ? {} : headers(api_key), signal });
    return namesIn(await answer.text(), answer, names);
  } catch (thrown) {
    signal.throwIfAborted();
    throw wireFault(thrown, {});
  }
}

interface ModelList {
  readonly path: string;
  readonly headers: (api_key: string) => Record<string, string>;
  readonly names: z.ZodType<string[]>;
}

const bearer = (api_key: string) => ({ authorization: `Bearer ${api_key}` });

const openAiList: ModelList = {
  path: "/models",
  headers: bearer,
  names: z
    .object({ data: z.array(z.object({ id: z.string() })) })
    .transform(({ data }) => data.map(({ id }) => id)),
};

const named = z.object({ models: z.array(z.object({ name: z.string() })) });

/** One page of each: more models than it holds has none of them. */
const lists: Partial<Record<ProviderType, ModelList>> = {
  anthropic: {
    ...openAiList,
    path: "/models?limit=1000",
    headers: (api_key) => ({ "x-api-key": api_key, "anthropic-version": "2023-06-01" }),
  },
  google: {
    path: "/models?pageSize=1000",
    headers: (api_key) => ({ "x-goog-api-key": api_key }),
    names: named.transform(({ models }) => models.map(({ name }) => name.replace(/^models\//, ""))),
  },
  cohere: {
    // Its list is one version below its chat.
    path: "/../v1/models?page_size=1000&endpoint=chat",
    headers: bearer,
    names: named.transform(({ models }) => models.map(({ name }) => name)),
  },
};

function namesIn(body: string, answer: Response, names: ModelList["names"]): string[] {
  const { status } = answer;
  const seen = { status, headers: Object.fromEntries(answer.headers), body };
  if (!answer.ok) throw new WireFault("refused", `the list of models: ${status}`, seen);
  try {
    return names.parse(JSON.parse(body));
  } catch (cause) {
    throw new WireFault("malformed", "the answer is no list of models", seen, cause);
  }
}
