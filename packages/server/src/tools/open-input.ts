import { HostPattern, OPENED_HOSTS_LIMIT } from "@mainstay/sdk/network";
import { z } from "zod";
import type { OpeningWish } from "../execution/execution.ts";

const FOLDERS = 8;
const HIGHEST_PORT = 65_535;

const Host = z
  .string()
  .max(260)
  .refine((text) => hostOf(text) !== null, "a name as DNS has it, or NAME:PORT; no address, no *")
  .describe("HOST for ports 80 and 443, or HOST:PORT");

/** How a model asks again for what a command lacked. */
export const OpenInput = z
  .strictObject({
    hosts: z.array(Host).max(OPENED_HOSTS_LIMIT).optional(),
    folders: z
      .array(z.string().startsWith("/", "an absolute path").max(4096))
      .max(FOLDERS)
      .optional()
      .describe("other workspaces of the person, to be read"),
  })
  .describe(
    "open exactly this for this one command, after it failed for lack of it; a person is always asked",
  );
export type OpenInput = z.infer<typeof OpenInput>;

/** Null where nothing is asked for. */
export const openingWish = (open: OpenInput | undefined): OpeningWish | null =>
  open === undefined
    ? null
    : {
        hosts: (open.hosts ?? []).flatMap((text) => hostOf(text) ?? []),
        folders: open.folders ?? [],
      };

/** Public only: what lies inside is an admin's to allow. */
function hostOf(text: string): OpeningWish["hosts"][number] | null {
  const [, name = "", port] = /^([^:*]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = HostPattern.safeParse(name.toLowerCase()).data;
  const number = port === undefined ? null : Number(port);
  if (host === undefined || number === 0 || (number ?? 1) > HIGHEST_PORT) return null;
  return { host, port: number, inside: false };
}
