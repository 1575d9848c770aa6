import { z } from "zod";
import { Pause } from "./pause.ts";

/** How one model stands with one key. */
export const ModelStatus = z.object({
  model: z.string(),
  /** Names the key without telling it. */
  credential: z.string(),
  /**
   * `ready`; `open`: it failed, and nobody is sent there until it has answered a probe; `half_open`: it
   * answers again and gets a share; `retired`: its key is refused; `paced`: its rate is used up.
   */
  state: z.enum(["ready", "open", "half_open", "retired", "paced"]),
  /** In words; null where there is nothing to tell. */
  cause: z.string().nullable(),
  /** When it is looked at again; null where it is ready. */
  until: z.string().nullable(),
  /** Calls since the server started; 0 for who is no admin. */
  answered: z.int(),
  failed: z.int(),
  /** Median of the last calls; null before there are any. */
  first_token_ms: z.number().nullable(),
});
export type ModelStatus = z.infer<typeof ModelStatus>;

/** `GET /v1/providers`, in the order in which they are asked. */
export const ProviderStatus = z.object({
  id: z.string(),
  type: z.string(),
  /** Where the setting comes from. */
  source: z.string(),
  pause: Pause.nullable(),
  models: z.array(ModelStatus),
});
export type ProviderStatus = z.infer<typeof ProviderStatus>;
