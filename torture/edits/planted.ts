/** Ways to edit that are wrong, with the face of the right one: the tests must find them out. */
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Applied, EditPlan, FileAs } from "../../packages/server/src/files/edit.ts";
import { refusalOf } from "../../packages/server/src/files/refused.ts";
import type { Root } from "../../packages/server/src/files/walk.ts";

type Put = (file: string, bytes: Uint8Array, as: FileAs) => void;

/** Each file is whole, but nothing leads back when a later one fails. */
export const applyOneByOne = (root: Root, plan: EditPlan): Promise<Applied> =>
  applyWith(root, plan, (file, bytes, as) => {
    writeFileSync(`${file}.tmp`, bytes, { flush: true });
    liken(`${file}.tmp`, as);
    renameSync(`${file}.tmp`, file);
  });

/** A file is empty from its opening until it is written. */
export const applyInPlace = (root: Root, plan: EditPlan): Promise<Applied> =>
  applyWith(root, plan, (file, bytes, as) => {
    writeFileSync(file, bytes);
    liken(file, as);
  });

function liken(file: string, { mode, uid, gid }: FileAs): void {
  chownSync(file, uid, gid);
  chmodSync(file, mode);
}

async function applyWith(root: Root, { steps, contents }: EditPlan, put: Put): Promise<Applied> {
  for (const [i, { path, after }] of steps.entries()) {
    const file = join(root.path, path);
    try {
      mkdirSync(dirname(file), { recursive: true });
      if (after === null) rmSync(file);
      else put(file, contents[i]!.after!, after);
    } catch (fault) {
      throw refusalOf(path, fault);
    }
  }
  return { unconfirmed: null };
}
