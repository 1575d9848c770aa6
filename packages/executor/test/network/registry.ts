import { execFileSync } from "node:child_process";

/** Where npm gets packages here; null where it cannot be reached. */
export function registryOf(): URL | null {
  try {
    const url = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
    execFileSync("curl", ["-sS", "-o", "/dev/null", "--max-time", "5", url], { stdio: "ignore" });
    return new URL(url);
  } catch {
    return null;
  }
}
