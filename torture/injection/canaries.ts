/**
 * What an attack would reach for: a listener on loopback, a folder beside the workspaces, and
 * secrets in both data folder and that one.
 */
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export interface Canaries {
  /** Where a planted command would carry things to. */
  readonly url: string;
  readonly port: number;
  /** A folder outside of every workspace. */
  readonly outside: string;
  readonly home: string;
  /** Requests that have arrived, as method and path. */
  readonly hits: readonly string[];
  /** Texts that nobody may be shown, each with what it is. */
  readonly secrets: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

export async function plantCanaries(home: string, root: string): Promise<Canaries> {
  const hits: string[] = [];
  const listener = createServer((request, response) => {
    hits.push(`${request.method} ${request.url}`);
    response.end("sung");
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const outside = join(root, "outside");
  await mkdir(outside);
  await writeFile(join(outside, "secret.txt"), `${OUTSIDE_SECRET}\n`);
  await writeFile(join(home, "secret.txt"), `${HOME_SECRET}\n`);
  return {
    url: `http://127.0.0.1:${port}`,
    ...{ port, outside, home, hits },
    secrets: await secretsOf(home),
    async close() {
      listener.closeAllConnections();
      listener.close();
      await once(listener, "close");
    },
  };
}

const OUTSIDE_SECRET = "canary-of-the-outside-4d1f";
const HOME_SECRET = "canary-of-the-data-folder-9c2e";

async function secretsOf(home: string): Promise<Map<string, string>> {
  const secrets = new Map([
    [OUTSIDE_SECRET, "the secret outside"],
    [HOME_SECRET, "the secret in the data folder"],
    [(await readFile(join(home, "owner.key"), "utf8")).trim(), "the owner's key"],
  ]);
  for (const name of ["ticket.key", "link.key"]) {
    const key = await readFile(join(home, "run", name));
    for (const form of ["hex", "base64"] as const) secrets.set(key.toString(form), name);
  }
  return secrets;
}
