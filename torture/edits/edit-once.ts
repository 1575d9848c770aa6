/**
 * A process to torture: carries out an order for each line of its input, and answers with a line.
 * Everything it may load it has loaded when it says that it is ready.
 */
import { createInterface } from "node:readline";
import { systemClock } from "@mainstay/sdk/clock";
import { type Backups, openBackups } from "../../packages/server/src/files/backups.ts";
import { FileRefused } from "../../packages/server/src/files/refused.ts";
import { applyEdit } from "../../packages/server/src/files/transaction/apply.ts";
import { settleEdit } from "../../packages/server/src/files/transaction/settle.ts";
import type { Answer, Order } from "./editor.ts";
import { applyInPlace, applyOneByOne } from "./planted.ts";
import { planOf, recordOf } from "./scene.ts";

const engines: Record<NonNullable<Order["by"]> | "whole", typeof applyEdit> = {
  whole: applyEdit,
  one_by_one: applyOneByOne,
  in_place: applyInPlace,
};
const budget = { bytes: 2 ** 30, days: 30 };

const opened = new Map<string, Backups>();

function backupsIn(folder: string): Backups {
  const backups = opened.get(folder) ?? openBackups({ folder, clock: systemClock, budget });
  opened.set(folder, backups);
  return backups;
}

async function carryOut({ what, scene, root, n, by }: Order): Promise<Answer> {
  try {
    const backups = backupsIn(scene.backups);
    switch (what) {
      case "open":
        return { told: "opened" };
      case "settle":
        return { told: "settled", ...(await settleEdit(root, recordOf(n), backups)) };
      case "apply":
        return { told: "applied", ...(await engines[by ?? "whole"](root, planOf(n), backups)) };
    }
  } catch (fault) {
    if (fault instanceof FileRefused)
      return { told: "refused", fault: fault.fault, message: fault.message };
    return { told: "broke", message: fault instanceof Error ? fault.stack! : String(fault) };
  }
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await carryOut(JSON.parse(line) as Order)));
