/** Edits that are killed in their midst, and what they leave. */
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { inject } from "../strace.ts";
import { type Call, callsOf, injectionAt } from "./calls.ts";
import { chosen } from "./chosen.ts";
import { type Editor, type Order, startEditor } from "./editor.ts";
import { memory, orderOf, warm, withFolder, withScene } from "./places.ts";
import type { Scene } from "./scene.ts";

const SWITCHING: ReadonlySet<string> = new Set(["rename", "link"]);

export async function withEditor<T>(
  use: (editor: Editor) => Promise<T>,
  by?: Order["by"],
): Promise<T> {
  const editor = await startEditor();
  try {
    await warm(editor, memory, by);
    return await use(editor);
  } finally {
    await editor.end();
  }
}

/** What a new process does to apply edit 1, or to settle it. */
export const callsTo = (what: Order["what"], scene: Scene, by?: Order["by"]): Promise<Call[]> =>
  withEditor(async (editor) => {
    await editor.order(orderOf("open", scene, 1));
    return callsOf(editor.pid, scene, () => editor.order(orderOf(what, scene, 1, by)));
  }, by);

/** A new process, killed at the call; whether it was. */
export const killedAt = (call: Call, scene: Scene, what: Order["what"], by?: Order["by"]) =>
  withEditor(async (editor) => {
    await editor.order(orderOf("open", scene, 1));
    const trace = await inject(editor.pid, injectionAt(editor.pid, call, scene, "signal=SIGKILL"));
    const heard = await editor.order(orderOf(what, scene, 1, by));
    if (heard.told !== "died") await trace.detach();
    return heard.told === "died";
  }, by);

export const callsToApply = (by?: Order["by"]): Promise<Call[]> =>
  withScene(memory, 0, (scene) => callsTo("apply", scene, by));

/** A file gets its new content, or goes. */
export const isSwitch = ({ name, shown }: Call): boolean =>
  name === "unlink" ? !shown.includes(".edit_") : SWITCHING.has(name) && shown.includes('.new", ');

/** Scenes as kills leave them that strike between the first switch and the last. */
export async function interrupted(use: (scene: Scene, at: Call) => Promise<void>, count: number) {
  const switches = (await callsToApply()).filter(isSwitch).slice(1);
  for (const call of chosen(switches, count))
    await withScene(memory, 0, async (scene) => {
      await killedAt(call, scene, "apply");
      await use(scene, call);
    });
}

/** With its links, and without touching it. */
export const withCopy = <T>(scene: Scene, use: (copy: Scene) => Promise<T>): Promise<T> =>
  withFolder(memory, async (folder) => {
    execFileSync("cp", ["-a", `${dirname(scene.folder)}/.`, folder]);
    return use({ folder: join(folder, "ws"), backups: join(folder, "backups") });
  });
