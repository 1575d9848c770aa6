import { z } from "zod";
import { LARGEST_PAGE } from "../store/page.ts";

/** Which page of a list. */
export const PageQuery = z.strictObject({
  /** The `next` of the page before. */
  after: z.string().max(10_000).optional(),
  limit: z.coerce.number().int().min(1).max(LARGEST_PAGE).optional(),
});
