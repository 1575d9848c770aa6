import { z } from "zod";
import { listOf } from "./resources.ts";

export const UsageDimension = z.enum(["day", "person", "provider", "credential", "model"]);
export type UsageDimension = z.infer<typeof UsageDimension>;

/** What models took: every attempt that its provider may bill, also one that failed or was cut. */
export const UsageSums = z.object({
  requests: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  /** Millionths of a US dollar, by the configured prices; of unpriced requests nothing is in it. */
  cost_micro_usd: z.int(),
  /** Of the requests: those whose tokens are our estimate, because the provider told none. */
  estimated_requests: z.int(),
  /** Of the requests: those of models without a price. */
  unpriced_requests: z.int(),
});
export type UsageSums = z.infer<typeof UsageSums>;

/** One group: what it was not asked to tell apart is null. */
export const UsageItem = z.object({
  /** In UTC: `2026-01-31`. */
  day: z.string().nullable(),
  /** The person's name. */
  person: z.string().nullable(),
  provider: z.string().nullable(),
  /** Names the provider's key, without telling it. */
  credential: z.string().nullable(),
  model: z.string().nullable(),
  ...UsageSums.shape,
});
export type UsageItem = z.infer<typeof UsageItem>;

/** `GET /v1/usage`; `total` is of all pages. */
export const UsageReport = listOf(UsageItem).extend({
  from: z.string(),
  to: z.string(),
  total: UsageSums,
});
export type UsageReport = z.infer<typeof UsageReport>;

const MOST_DAYS = 3_660;

/** Filters of `GET /v1/usage`. Days are in UTC, and both ends are in. */
export const UsageFilter = z.strictObject({
  from: z.iso.date().optional(),
  /** Today, unless told otherwise. */
  to: z.iso.date().optional(),
  /** So many until `to`, in the place of `from`; 30 where neither is there. */
  days: z.coerce.number().int().min(1).max(MOST_DAYS).optional(),
  /** Name or id; for an admin, who else is told of everybody. */
  person: z.string().max(128).optional(),
  /** What is told apart, comma-separated, in this order: `day,provider,model` unless told otherwise. */
  by: z
    .string()
    .max(100)
    .transform((text) => [...new Set(text.split(","))])
    .pipe(z.array(UsageDimension))
    .optional(),
});

/** The same as a client writes it. */
export interface UsageWish {
  from?: string;
  to?: string;
  days?: number;
  person?: string;
  by?: readonly UsageDimension[];
}
