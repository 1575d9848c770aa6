import { readFile, realpath } from "node:fs/promises";

const PASSWD = "/etc/passwd";
const HOME_FIELD = 5;

/** The home folders of this host's accounts and the one of the environment, as they really lie. */
export async function localHomes(home_env: string | undefined): Promise<string[]> {
  const accounts = await readFile(PASSWD, "utf8");
  const named = accounts.split("\n").map((line) => line.split(":")[HOME_FIELD] ?? "");
  const homes = [...named, home_env ?? ""].filter((path) => path.startsWith("/"));
  const real = await Promise.all(homes.map((path) => realpath(path).catch(() => path)));
  return [...new Set(real)].filter((path) => path !== "/");
}
