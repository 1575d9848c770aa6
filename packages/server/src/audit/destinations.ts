import { join } from "node:path";
import type { AuditHead } from "@mainstay/sdk/audit-trail";
import type { Clock } from "@mainstay/sdk/clock";
import type { Log } from "../telemetry/log.ts";
import { type Carrier, createCarrier, type Deliver } from "./carrier.ts";
import { putWhole } from "../store/whole-file.ts";

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
  /** Rejects where what lies in a file must not be written over. */
  readonly admit: (place: HeadPlace) => Promise<void>;
}

/** A file that has the newest head. */
export interface HeadPlace {
  /** As the operator knows it. */
  readonly name: string;
  readonly path: string;
}

/** The files that heads go to: the note beside the data first. */
export const headPlaces = (home: string, { head_file }: AuditSettings): HeadPlace[] => [
  { name: "audit.head", path: join(home, "audit.head") },
  ...(head_file === null ? [] : [{ name: head_file, path: head_file }]),
];

export function carriersFor(parts: DestinationParts): Carrier[] {
  const { home, clock, log, settings, admit } = parts;
  const { webhook } = settings;
  const to = [
    ...headPlaces(home, settings).map((place) => ({
      to: place.name,
      deliver: toFile(place, admit),
    })),
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
  (place: HeadPlace, admit: DestinationParts["admit"]): Deliver =>
  async (head, signal) => {
    await admit(place);
    await putWhole(place.path, headLine(head), signal);
  };

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
    }).catch(withoutAddress);
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  };

/** What `fetch` says may hold the whole address, and that its secrets: only its code is told. */
function withoutAddress(fault: unknown): never {
  const { code } = ((fault as Error).cause ?? {}) as { readonly code?: unknown };
  const known = typeof code === "string" && /^[A-Z][A-Z0-9_]*$/.test(code) ? ` (${code})` : "";
  throw new Error(`it cannot be reached${known}`);
}
