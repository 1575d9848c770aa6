import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { UsageFault } from "./faults.ts";

/** Where the server is: on the socket in this machine's data folder, or wherever the person says. */
export type ServerAddress =
  | { kind: "local"; home: string; key: string | undefined }
  | { kind: "remote"; base_url: string; key: string };

export interface Config {
  server: ServerAddress;
  /** `MAINSTAY_HOME`, absolute. */
  home: string;
  /** The folder that the person stands in. Throws where it is gone. */
  folder: () => string;
  colors: boolean;
  version: string;
}

const Environment = z.object({
  MAINSTAY_URL: z
    .url({ protocol: /^https?$/, error: "is no http(s) URL; fix: http://127.0.0.1:7420, say" })
    .optional(),
  MAINSTAY_KEY: z.string().regex(/^\S+$/, "has spaces; fix: paste the key alone").optional(),
  MAINSTAY_HOME: z.string().optional(),
  NO_COLOR: z.string().optional(),
});

/** Reads the environment once. Throws a `UsageFault` that names every fault with its fix. */
export function readConfig(): Config {
  const set = Object.entries(process.env).filter(([, value]) => value !== "");
  const environment = Environment.safeParse(Object.fromEntries(set));
  if (!environment.success) throw new UsageFault(faultsOf(environment.error).join("\n"));
  const { MAINSTAY_URL, MAINSTAY_KEY, MAINSTAY_HOME, NO_COLOR } = environment.data;
  const home = resolve(MAINSTAY_HOME ?? defaultHome());
  return {
    server: addressOf(MAINSTAY_URL, MAINSTAY_KEY, home),
    home,
    folder: () => process.cwd(),
    colors: NO_COLOR === undefined,
    version: readVersion(),
  };
}

/** The owner's key is never sent to an address: whoever sits there would have it. */
function addressOf(url: string | undefined, key: string | undefined, home: string): ServerAddress {
  if (url === undefined) return { kind: "local", home, key };
  if (key === undefined)
    throw new UsageFault(
      "MAINSTAY_URL is set without a key; fix: set MAINSTAY_KEY, or unset MAINSTAY_URL",
    );
  return { kind: "remote", base_url: url.replace(/\/+$/, ""), key };
}

function defaultHome(): string {
  return process.getuid?.() === 0 ? "/var/lib/mainstay" : join(homedir(), ".mainstay");
}

function readVersion(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version;
}

const faultsOf = ({ issues }: z.ZodError): string[] =>
  issues.map(({ path, message }) => `${path.join(".")} ${message}`);
