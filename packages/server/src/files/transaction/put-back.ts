import { renameSync } from "node:fs";
import { appear, writeFresh } from "./fresh-file.ts";
import type { Spot } from "./ground.ts";
import { removeIfPresent } from "./leftovers.ts";
import { give } from "./owner.ts";

/** Lays an original down again that has no second name. */
export async function layBack({ step, fresh }: Spot, bytes: Uint8Array): Promise<void> {
  if (step.before === null) throw new Error(`${step.path} was nothing before`);
  removeIfPresent(fresh);
  const { before } = step;
  await writeFresh(fresh, bytes, before, (fd) => give(fd, before));
}

/** Undoes the switch; who calls has just seen that what is there is the edit's. */
export function putBack({ step, at, fresh, old }: Spot, from: "old" | "fresh"): void {
  const original = from === "old" ? old : fresh;
  if (step.before === null) removeIfPresent(at);
  else if (step.after === null) appear(original, at);
  else renameSync(original, at);
}
