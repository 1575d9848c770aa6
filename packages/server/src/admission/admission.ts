import { type Accept, type AcceptanceParts, createAcceptance } from "./acceptance.ts";
import { createQueue, type Queue } from "./queue.ts";

export type { WaitingTurn } from "./queue.ts";

/** Takes turns in, and says who of those who wait is next. */
export interface Admission extends Queue {
  readonly accept: Accept;
}

export const createAdmission = (parts: AcceptanceParts): Admission => ({
  ...createQueue(parts),
  accept: createAcceptance(parts),
});
