/** Real work fits into the sandbox: as the user that runs the suite, and as an ordinary one. */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openBench, registration, type Bench } from "./harness.ts";
import { registryOf } from "./network/registry.ts";
import { type Done, doWork, WORKS } from "./real-work.ts";

const NOBODY = 65534;
const LIMIT_MS = 120_000;
const is_root = userInfo().uid === 0;
const scenario = fileURLToPath(new URL("real-work.ts", import.meta.url));

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

for (const work of WORKS) {
  test(work.name, { timeout: LIMIT_MS }, async ({ skip }) => {
    const done = await doWork(bench, work);
    if (done.lacks.length > 0) return skip(`NOT RUN: no ${done.lacks.join(", ")} here`);
    expect(done).toMatchObject({ exit_code: 0, output: expect.stringMatching(work.prints) });
  });
}

test(
  "an ordinary user: the same work, and a toolchain of the user's own",
  { timeout: LIMIT_MS },
  async ({ skip }) => {
    if (!is_root) return skip("NOT RUN: the other tests run as this user already");
    const as_nobody = { uid: NOBODY, gid: NOBODY, cwd: "/" };
    const reads = spawnSync(process.execPath, ["--check", scenario], as_nobody);
    if (reads.status !== 0) return skip("NOT RUN: others may not read this clone (or its Node)");
    const base = mkdtempSync(join(tmpdir(), "mainstay-user-"));
    onTestFinished(() => rmSync(base, { recursive: true, force: true }));
    chownSync(base, NOBODY, NOBODY);
    const child = spawn(process.execPath, [scenario], {
      ...as_nobody,
      env: { TMPDIR: base, HOME: base },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (chunk) => (said += chunk));
    await new Promise((resolve) => child.once("close", resolve));
    const found = JSON.parse(said);
    const done = (found.works as Done[]).filter(({ lacks }) => lacks.length === 0);
    for (const { name, exit_code, output } of done) {
      const { prints } = WORKS.find((work) => work.name === name)!;
      expect({ name, exit_code, output }).toMatchObject({
        ...{ exit_code: 0, output: expect.stringMatching(prints) },
      });
    }
    expect(done.map(({ name }) => name)).toContain("git commit and status");
    expect(found.tool.output).toMatch(/^toy at \/home\/agent\/\.cache\/cargo\n.*:\nbin\n$/s);
    expect(found.write).toMatchObject({ exit_code: 1 });
    expect(found.removed).toMatchObject({ exit_code: 0, output: "gone\n" });
  },
);

test.skipIf(!is_root)(
  "root's own toolchain, closed to others: commands run it and cannot change it (not run without root)",
  async () => {
    // Not below /tmp, which is the sandbox's own.
    const user_home = realpathSync(mkdtempSync("/home/mainstay-toolchains-"));
    onTestFinished(() => rmSync(user_home, { recursive: true }));
    const bin = join(user_home, ".cargo/bin");
    mkdirSync(bin, { recursive: true, mode: 0o700 });
    writeFileSync(join(bin, "toy-tool"), "#!/bin/sh\necho toy\n", { mode: 0o700 });
    writeFileSync(join(user_home, ".cargo/credentials.toml"), "token");
    chmodSync(join(user_home, ".cargo"), 0o700);
    const rooted = await openBench({ user_home });
    onTestFinished(() => rooted.close());
    const end = await rooted.exited(
      `toy-tool; ls -A ${user_home}/.cargo; echo x >> ${bin}/toy-tool`,
    );
    expect(end.output).toMatch(/^toy\nbin\n.*Read-only file system\n$/s);

    // Made anew while the executor runs, it is another folder.
    rmSync(bin, { recursive: true });
    expect(await rooted.exited("toy-tool 2>/dev/null || echo gone")).toMatchObject({
      output: "gone\n",
    });
    mkdirSync(bin);
    writeFileSync(join(bin, "toy-tool"), "#!/bin/sh\necho newer\n", { mode: 0o700 });
    expect(await rooted.exited("toy-tool")).toMatchObject({ output: "newer\n" });

    const inside = join(bin, "project");
    mkdirSync(inside);
    for (const folder of [inside, dirname(bin)]) {
      await expect(rooted.link().registerWorkspace(registration("x", folder))).rejects.toThrow(
        /shown the programs in/,
      );
    }
  },
);

const registry = registryOf();

test.skipIf(registry === null)(
  "npm install through the allow-list, and again without a network from the cache (not run where there is no registry)",
  { timeout: LIMIT_MS },
  async () => {
    const { hostname: host } = registry!;
    const manifest = '{"name": "toy", "dependencies": {"picocolors": "1.1.1"}}';
    mkdirSync(join(bench.workspace, "web"));
    writeFileSync(join(bench.workspace, "web/package.json"), manifest);
    const limits = { wall_ms: 100_000, output_bytes: 1 << 16 };
    const install = (network: { hosts: { host: string; port: null; inside: boolean }[] } | null) =>
      bench.exited(
        'cd web && rm -rf node_modules && npm install --no-audit --no-fund && node -p \'require("picocolors").red("").length >= 0\'',
        { network, limits },
      );
    const refused = await install({ hosts: [] });
    expect(refused.exit_code).not.toBe(0);
    expect(refused.network).toMatchObject([{ host, refused: expect.any(String) }]);
    const fetched = await install({ hosts: [{ host, port: null, inside: false }] });
    expect(fetched).toMatchObject({ exit_code: 0, output: expect.stringMatching(/true\n$/) });
    expect(fetched.network).toMatchObject([{ host, refused: null }]);
    const cached = await bench.exited(
      "cd web && rm -rf node_modules && npm ci --offline --no-audit --no-fund",
      { limits },
    );
    expect(cached).toMatchObject({ exit_code: 0, network: [] });
  },
);
