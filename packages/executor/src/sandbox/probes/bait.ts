/**
 * What lies on the host for the probes to find: a workspace with a repository, another person's folder
 * beside it, links from one to the other, and two servers that answer whoever reaches them.
 */
import { hash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo, type ListenOptions, type Server } from "node:net";
import { join } from "node:path";
import type { PinnedFile } from "../../ticket.ts";
import type { Workspace } from "../../workspaces.ts";
import type { Stage } from "../stage.ts";
import { HELD_PROGRAM } from "./git.ts";
import { NAMESPACES } from "./namespaces.ts";
import type { Values } from "./probe.ts";

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY;

/** The id of its workspace. */
export const SELF_TEST = "self-test";

export interface Bait extends AsyncDisposable {
  /** Staged already; its owner is the executor's own user. */
  workspace: Workspace;
  pins: PinnedFile[];
  /** What the probes know by name; `abstract` is on no other process of the host. */
  values: Values & { abstract: string };
  /** Whether a probe made this file of the bait, outside its workspace. */
  has(trace: string): boolean;
}

/** One at a time: it always lies in the same place. Rejects where it cannot be staged. */
export async function layBait(parts: {
  home: string;
  run_folder: string;
  stage(): Promise<Stage>;
}): Promise<Bait> {
  await using laid = new AsyncDisposableStack();
  const bait = join(parts.run_folder, "probe");
  rmSync(bait, { recursive: true, force: true });
  laid.defer(() => rmSync(bait, { recursive: true, force: true }));
  layFiles(bait);
  const workspace = await openWorkspace(join(bait, "workspace"), parts.stage, laid);
  const port = await listen({ host: "127.0.0.1", port: 0 }, laid);
  const abstract = `mainstay-probe-${randomBytes(8).toString("hex")}`;
  await listen({ path: `\0${abstract}` }, laid);
  const values = {
    ...{ home: parts.home, run: parts.run_folder, bait, abstract },
    secret: join(bait, "neighbour", "secret"),
    // As /proc/self/mountinfo spells it.
    workspace_mount: workspace.path.replaceAll(/[\\ \t\n]/g, octal),
    port: String((port.address() as AddressInfo).port),
    ...Object.fromEntries(
      NAMESPACES.map((name) => [`ns_${name}`, readlinkSync(`/proc/self/ns/${name}`)]),
    ),
  };
  const sha256 = hash("sha256", HELD_PROGRAM.text, "hex");
  const kept = laid.move();
  return {
    ...{ workspace, values },
    pins: [{ path: HELD_PROGRAM.path, hold: true, sha256 }],
    has: (trace) => existsSync(join(bait, trace)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function layFiles(bait: string): void {
  const workspace = join(bait, "workspace");
  const neighbour = join(bait, "neighbour");
  for (const folder of [neighbour, join(workspace, ".git", "hooks")]) {
    mkdirSync(folder, { recursive: true });
  }
  writeFileSync(join(neighbour, "secret"), `a neighbour's ${randomBytes(8).toString("hex")}\n`);
  symlinkSync(join(neighbour, "secret"), join(workspace, "link-to-secret"));
  symlinkSync(neighbour, join(workspace, "link-to-neighbour"));
  writeFileSync(join(workspace, ".git", "config"), "[core]\n");
  writeFileSync(join(workspace, HELD_PROGRAM.path), HELD_PROGRAM.text, { mode: 0o755 });
}

async function openWorkspace(
  path: string,
  stage: () => Promise<Stage>,
  laid: AsyncDisposableStack,
): Promise<Workspace> {
  const descriptor = openSync(path, FOLDER);
  laid.defer(() => closeSync(descriptor));
  const { dev, ino, uid, gid } = fstatSync(descriptor);
  const staged = {
    ...{ id: SELF_TEST, path, descriptor },
    ...{ owner: { uid, gid }, person_uid_number: 0 },
  };
  const on = await stage();
  laid.defer(() => on.release(staged));
  await on.makeReady(staged);
  return { ...staged, identity: `${dev}:${ino}` };
}

async function listen(on: ListenOptions, laid: AsyncDisposableStack): Promise<Server> {
  const server = createServer((reached) => reached.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(on, resolve);
  });
  laid.defer(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return server;
}

const octal = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
