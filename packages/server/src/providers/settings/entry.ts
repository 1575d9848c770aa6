import { z } from "zod";
import { providerTypes } from "../target.ts";

const RATE_LIMIT = z.int().min(1);
const USD = z.number().min(0).max(100_000);

const hasCredentials = (url: string): boolean => {
  const { username = "", password = "" } = URL.parse(url) ?? {};
  return username !== "" || password !== "";
};

/** Where a provider is reached; errors and lists quote it. */
export const BaseUrl = z
  .url({ protocol: /^https?$/, error: "must be an http(s) URL" })
  .refine((url) => !hasCredentials(url), "must hold no user name or password: use api_key_env")
  .refine((url) => !/[?#]/.test(url), "must end with its path: what stands after a ? is not sent");

export const ProviderId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "a short lower-case name");

/** One of `providers` in `mainstay.json`. */
export const ProviderEntry = z.strictObject({
  id: ProviderId,
  type: z.enum(providerTypes),
  /** Needed for `openai-compatible`; of the others where they are reached another way. */
  base_url: BaseUrl.optional(),
  /** The variable that holds the key, or one for each of several keys; by default the type's own. */
  api_key_env: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(16)]).optional(),
  /** The first is the default. */
  models: z.array(z.string().min(1)).min(1).max(32).optional(),
  /** Lower is asked first. */
  priority: z.number().optional(),
  /** What may be asked of each model with each key, beside what the provider says of itself. */
  limits: z
    .strictObject({
      concurrency: RATE_LIMIT.optional(),
      requests_per_minute: RATE_LIMIT.optional(),
      tokens_per_minute: RATE_LIMIT.optional(),
    })
    .optional(),
  /** US dollars for a million tokens, by model. */
  prices: z.record(z.string(), z.strictObject({ input_usd: USD, output_usd: USD })).optional(),
  /** Models that think before they speak, and so may be silent for long. */
  reasoning: z.array(z.string().min(1)).optional(),
});
export type ProviderEntry = z.infer<typeof ProviderEntry>;
