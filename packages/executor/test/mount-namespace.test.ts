/** What a mount namespace for a workspace needs of the host, and what it says where that is lacking. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openBench } from "./harness.ts";

const is_root = process.getuid?.() === 0;

test.skipIf(!is_root)(
  "what is mounted below a workspace is what its commands see and write (not run without root)",
  async () => {
    const bench = await openBench();
    const data = join(bench.workspace, "data");
    mkdirSync(data);
    writeFileSync(join(data, "below"), "hidden");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=0755", "test", data]);
    onTestFinished(async () => {
      await bench.link().close();
      execFileSync("umount", [data]);
      await bench.close();
    });
    writeFileSync(join(data, "above"), "shown\n");
    await bench.link().close(); // what comes later is not seen: the next executor makes it anew
    await bench.relaunch();
    const { output, exit_code } = await bench.exited(
      "ls data; cat data/above; echo x > data/by; stat -c %U data/by",
    );
    expect([exit_code, output]).toEqual([0, "above\nshown\nagent\n"]);
    expect(readFileSync(join(data, "by"), "utf8")).toBe("x\n");
  },
);

test.skipIf(!is_root)(
  "a search sees ripgrep and nothing of its folder (not run without root)",
  async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "mainstay-rg-")));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "rg"), "#!/bin/sh\necho found\n", { mode: 0o755 });
    writeFileSync(join(folder, "secret"), "");
    const bench = await openBench({ ripgrep_path: join(folder, "rg") });
    onTestFinished(() => bench.close());
    expect(await bench.exited("ls /run/mainstay; /run/mainstay/rg")).toMatchObject({
      output: "rg\nfound\n",
    });
  },
);
