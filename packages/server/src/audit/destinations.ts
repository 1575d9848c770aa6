import type { AuditHead } from "@mainstay/sdk/audit-trail";
import type { Deliver } from "./carrier.ts";
import { putWhole } from "./whole-file.ts";

/** A head as it stands in a file, on a line of its own. */
export const headLine = (head: AuditHead): string => `${JSON.stringify(head)}\n`;

export const toFile =
  (path: string): Deliver =>
  (head) =>
    putWhole(path, headLine(head));

/** Any 2xx counts as arrived. Nothing is followed elsewhere: the operator named this place. */
export const toWebhook =
  (url: string): Deliver =>
  async (head, signal) => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: headLine(head),
      redirect: "manual",
      signal,
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  };
