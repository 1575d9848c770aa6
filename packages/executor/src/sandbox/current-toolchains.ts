import { statSync } from "node:fs";
import {
  findToolchains,
  foldersLookedAt,
  type ToolchainHost,
  type Toolchains,
} from "./toolchains.ts";

/** What is there at each call: the executor outlives what is removed, and servers, and sees what is installed. */
export function keepToolchains(host: ToolchainHost): () => Toolchains {
  let folders: string[] = [];
  let stamp: string | null = null;
  let found: Toolchains;
  return () => {
    if (stamp === stampOf(folders)) return found;
    folders = foldersLookedAt(host);
    stamp = stampOf(folders); // before the look: what changes meanwhile is seen by the next call
    found = findToolchains(host);
    return found;
  };
}

/** Names, permissions and owners are in it, by the time when one of them changed. */
function stampOf(folders: string[]): string {
  return folders.map(changeOf).join(" ");
}

function changeOf(folder: string): string {
  try {
    const { dev, ino, ctimeNs } = statSync(folder, { bigint: true });
    return `${dev}:${ino}:${ctimeNs}`;
  } catch {
    return "";
  }
}
