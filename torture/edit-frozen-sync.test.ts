/** A disk whose syncs hang keeps neither another workspace nor the main thread from theirs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { mountLoopDisk } from "./disks.ts";
import { lackOfLoopDisks, lackOfTracing, titled } from "./means.ts";
import { inject, type Trace } from "./strace.ts";

const lack = lackOfLoopDisks() ?? lackOfTracing();
const program = fileURLToPath(new URL("edits/beside-hanging.ts", import.meta.url));
const scripts_node = fileURLToPath(new URL("../scripts/node", import.meta.url));
/** More than the pool of the process has threads. */
const FILES = 20;
const DISK_MB = 32;
const EDIT_ID = "edit_that_hangs";

test.skipIf(lack !== null)(
  titled("syncs that hang leave room for those of others", lack),
  async () => {
    const place = mkdtempSync(join(tmpdir(), "mainstay-frozen-"));
    const disk = mountLoopDisk(DISK_MB);
    const hanging = join(disk.folder, "workspace");
    const fine = join(place, "fine");
    for (const folder of [hanging, fine]) mkdirSync(folder);
    const given = [program, hanging, fine, join(place, "backups"), EDIT_ID, `${FILES}`];
    const child = spawn(scripts_node, given, { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "exit");
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const said = async () => (await lines.next()).value;
    let trace: Trace | null = null;
    try {
      expect(await said()).toBe("ready");
      const names = Array.from({ length: FILES }, (_, n) => join(hanging, `.${EDIT_ID}.${n}.new`));
      trace = await inject(child.pid!, {
        ...{ calls: "fsync", fault: "delay_enter=600000000", files: names },
      });
      child.stdin.write("hang\n");
      expect(await said()).toBe("went on");
      await trace.detach();
      expect(await said()).toBe("answered");
      await ended;
    } finally {
      await trace?.detach();
      child.kill("SIGKILL");
      await ended;
      disk.remove();
      rmSync(place, { recursive: true });
    }
  },
);
