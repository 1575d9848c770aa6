import { join } from "node:path";
import type { AuditHead } from "@mainstay/sdk/audit-trail";
import type { Clock } from "@mainstay/sdk/clock";
import type { Log } from "../telemetry/log.ts";
import { type Carrier, createCarrier, type Deliver } from "./carrier.ts";
import { putWhole } from "./whole-file.ts";

/** Where heads go beside `MAINSTAY_HOME/audit.head`. */
export interface AuditSettings {
  readonly head_file: string | null;
  readonly webhook: string | null;
}

export interface DestinationParts {
  readonly home: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: AuditSettings;
}

export function carriersFor({ home, clock, log, settings }: DestinationParts): Carrier[] {
  const { head_file, webhook } = settings;
  const to = [
    { to: "audit.head", deliver: toFile(join(home, "audit.head")) },
    ...(head_file === null ? [] : [{ to: head_file, deliver: toFile(head_file) }]),
    ...(webhook === null ? [] : [{ to: new URL(webhook).origin, deliver: toWebhook(webhook) }]),
  ];
  return to.map((place) => createCarrier({ ...place, clock, log }));
}

/** How it stands with one destination, for the operator. */
export function arrivalOf(carrier: Carrier): { readonly ok: boolean; readonly detail: string } {
  const carried = carrier.state();
  switch (carried.state) {
    case "nothing_yet":
      return { ok: true, detail: `nothing at ${carrier.to} yet` };
    case "arrived":
      return { ok: true, detail: `${carried.seq} at ${carrier.to}` };
    case "failing":
      return {
        ok: false,
        detail: `nothing arrives at ${carrier.to} since ${carried.since}: ${carried.why}`,
      };
  }
}

/** A head as it stands in a file, on a line of its own. */
const headLine = (head: AuditHead): string => `${JSON.stringify(head)}\n`;

const toFile =
  (path: string): Deliver =>
  (head) =>
    putWhole(path, headLine(head));

/** Any 2xx counts as arrived. Nothing is followed elsewhere: the operator named this place. */
const toWebhook =
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
