/** Run as an ordinary user by `as-user.test.ts`. argv: the workspace, the backups. Prints how each edit ended. */
import { statSync } from "node:fs";
import { systemClock } from "@mainstay/sdk/clock";
import { openBackups } from "../../../src/files/backups.ts";
import type { Change } from "../../../src/files/edit.ts";
import { planEdit } from "../../../src/files/plan/plan-edit.ts";
import { applyEdit } from "../../../src/files/transaction/apply.ts";

const [path = "", folder = ""] = process.argv.slice(2);
const { ino, uid } = statSync(path);
const root = { path, ino: String(ino), owner_uid: uid, rights: null };
const budget = { bytes: 1 << 30, days: 30 };
const backups = openBackups({ folder, clock: systemClock, budget });

const write = (name: string): Change => ({ kind: "write", path: name, content: "new\n" });
const edits: Change[] = [
  write("read-only"),
  { kind: "delete", path: "read-only" },
  write("shared/new"),
  write("shared/deep/new"),
  write("open-to-all"),
  write("for-the-group"),
  write("of-root"),
];

const ends: Record<string, string> = {};
for (const [i, edit] of edits.entries()) {
  const plan = planEdit(root, [edit], `edit_${i}`);
  const end = await applyEdit(root, plan, backups).then(
    () => "applied",
    (fault: Error) => fault.message,
  );
  ends[`${edit.kind} ${plan.steps[0]?.path}`] = end;
}
console.log(JSON.stringify(ends));
