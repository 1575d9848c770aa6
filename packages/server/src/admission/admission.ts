import { type Accept, type AcceptanceParts, createAcceptance } from "./acceptance.ts";
import { createQueue, type Queue, type QueueParts } from "./queue.ts";

export type { WaitingTurn } from "./queue.ts";

/** Takes turns in, and says who of those who wait is next. */
export interface Admission extends Queue {
  readonly accept: Accept;
}

export const createAdmission = (parts: AcceptanceParts & QueueParts): Admission => ({
  ...createQueue(parts),
  accept: createAcceptance(parts),
});
