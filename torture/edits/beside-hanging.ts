/** Edits in two workspaces and reads a file in its main thread, when it is told to. */
import { once } from "node:events";
import { statSync } from "node:fs";
import { readFile, watch } from "node:fs/promises";
import { systemClock } from "@mainstay/sdk/clock";
import { workspaceFiles } from "../../packages/server/src/files/files.ts";
import type { Change } from "../../packages/server/src/files/edit.ts";
import { createLog } from "../../packages/server/src/telemetry/log.ts";

const [hanging = "", fine = "", backups = "", edit_id = "", count = ""] = process.argv.slice(2);

const files = workspaceFiles({
  ...{ clock: systemClock, uid: process.getuid?.() ?? 0, log: createLog("silent") },
  backups: { folder: backups, budget: { bytes: 1 << 30, days: 30 } },
});

function rootAt(path: string) {
  const { ino, uid } = statSync(path, { bigint: true });
  return { path, ino: String(ino), owner_uid: Number(uid) };
}

async function edit(folder: string, id: string, names: readonly string[]): Promise<void> {
  const root = rootAt(folder);
  const changes = names.map((path): Change => ({ kind: "write", path, content: `of ${path}\n` }));
  await files.apply(root, await files.plan(root, changes, id));
}

await edit(hanging, "edit_0", ["first"]);
console.log("ready");
await once(process.stdin, "data");
const names = Array.from({ length: Number(count) }, (_, n) => `f${n}`);
const seen = watch(hanging);
const hangs = edit(hanging, edit_id, names);
for await (const { filename } of seen)
  if (filename === `.${edit_id}.${names.length - 1}.new`) break;
await edit(fine, "edit_1", ["a", "b"]);
await readFile(process.execPath);
console.log("went on");
await hangs;
console.log("answered");
await files.close();
process.exit(0);
