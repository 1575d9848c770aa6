/** An executor of another build or protocol, as a server that was replaced has left it. */
import { execFile } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import type { LaunchSettings } from "../src/launch.ts";
import type { WorkspaceRegistration } from "../src/protocol.ts";
import type { Ticket } from "../src/ticket.ts";

const SOURCES = fileURLToPath(new URL("../src", import.meta.url));
const PACKAGES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

export interface Older {
  settings: Omit<LaunchSettings, "clock" | "log">;
  workspace: WorkspaceRegistration;
  /** Begun there before its server leaves. */
  tickets: Ticket[];
  /** As it stands in its source; ours where it is left out. */
  protocol?: number;
}

/** Resolves with its pid once the commands run and its server has left. */
export async function leaveOlder({ protocol, ...orders }: Older): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-older-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(SOURCES, join(folder, "src"), { recursive: true });
  symlinkSync(PACKAGES, join(folder, "node_modules"));
  appendFileSync(join(folder, "src", "life.ts"), "// another build\n");
  if (protocol !== undefined) setProtocol(join(folder, "src", "protocol.ts"), protocol);
  const server = [
    process.execPath,
    "--input-type=module",
    "--eval",
    SERVER,
    JSON.stringify(orders),
  ];
  const { stdout } = await promisify(execFile)(server[0]!, server.slice(1), { cwd: folder });
  return Number(stdout);
}

function setProtocol(file: string, protocol: number): void {
  const source = readFileSync(file, "utf8");
  const changed = source.replace(/PROTOCOL = \d+/, `PROTOCOL = ${protocol}`);
  if (changed === source) throw new Error("there is no protocol to change");
  writeFileSync(file, changed);
}

const SERVER = `
  import { systemClock as clock } from "@mainstay/sdk/clock";
  const { launchExecutor } = await import("file://" + process.cwd() + "/src/launch.ts");
  const { settings, workspace, tickets } = JSON.parse(process.argv[1]);
  const link = await launchExecutor({ ...settings, clock, log() {} });
  await link.registerWorkspace(workspace);
  for (const ticket of tickets) {
    const answer = await link.run(ticket);
    if (answer.state !== "started") throw new Error(JSON.stringify(answer));
  }
  await link.leave();
  console.log(link.pid);
`;
