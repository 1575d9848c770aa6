/** The two commands on a bare machine: a scratch clone, and a PATH that holds stubs only. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { BUBBLEWRAP_PATHS } from "@mainstay/executor/bubblewrap";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const shipped = ["boot.mjs", "mainstay", "scripts/node", "packages/cli/bin/mainstay"];
let machine: string;
let clone: string;
/** Stands for the places of bubblewrap, where this machine may have one. */
let sandbox: string;

beforeEach(() => {
  machine = mkdtempSync(join(tmpdir(), "mainstay-boot-"));
  clone = join(machine, "a clone");
  for (const file of shipped) cpSync(join(root, file), join(clone, file), { recursive: true });
  writeFileSync(join(clone, "package-lock.json"), "{}");
  sandbox = join(machine, "usr/bin/bwrap");
  const boot_text = readFileSync(join(clone, "boot.mjs"), "utf8");
  const elsewhere = boot_text.replace(
    /BUBBLEWRAP_PATHS = .*/,
    `BUBBLEWRAP_PATHS = ["${sandbox}"];`,
  );
  expect(elsewhere).not.toBe(boot_text);
  writeFileSync(join(clone, "boot.mjs"), elsewhere);
});

afterEach(() => rmSync(machine, { recursive: true }));

function program(path: string, script: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

const stub = (name: string, script: string) => program(join(machine, "bin", name), script);

/** An npm that notes how it was called and puts this Node where the pinned one belongs. */
function stubNpm(): void {
  const folder = `"${clone}/node_modules/node-linux-${process.arch}/bin"`;
  const record = `"${clone}/node_modules/.package-lock.json"`;
  stub(
    "npm",
    [
      `echo "$1" >> "${machine}/npm.log"`,
      `/bin/mkdir -p ${folder}`,
      `/bin/ln -sf "${process.execPath}" ${folder}/node`,
      `echo {} > ${record}`,
    ].join("\n"),
  );
}

const npmCalls = () => readFileSync(join(machine, "npm.log"), "utf8").trim().split("\n");

function boot(...args: string[]) {
  const env = { PATH: join(machine, "bin") };
  const options = { cwd: clone, env, encoding: "utf8" } as const;
  return spawnSync(process.execPath, [join(clone, "boot.mjs"), ...args], options);
}

test("a first start installs, a second one finds everything in place and says nothing", () => {
  stubNpm();
  program(sandbox, "exit 0");
  const first = boot();
  expect(first.stderr).toMatch(/installing dependencies.*\n.*dependencies are in place/);
  expect(first.status).toBe(0);
  expect(boot()).toMatchObject({ status: 0, stdout: "", stderr: "" });
  expect(npmCalls()).toEqual(["ci"]);
});

test("bubblewrap is looked for where the executor looks", () => {
  const list = /BUBBLEWRAP_PATHS = (\[.*\])/.exec(
    readFileSync(join(root, "boot.mjs"), "utf8"),
  )?.[1];
  expect(JSON.parse(list ?? "null")).toEqual(BUBBLEWRAP_PATHS);
});

test("a pull that changes the lock file updates what is installed", () => {
  stubNpm();
  program(sandbox, "exit 0");
  boot();
  writeFileSync(join(clone, "package-lock.json"), '{"changed": true}');
  expect(boot()).toMatchObject({ status: 0, stderr: expect.stringContaining("updating") });
  expect(npmCalls()).toEqual(["ci", "install"]);
});

test("an install that was cut off starts from nothing", () => {
  stubNpm();
  program(sandbox, "exit 0");
  mkdirSync(join(clone, "node_modules/half-unpacked"), { recursive: true });
  boot();
  expect(npmCalls()).toEqual(["ci"]);
});

test("when npm fails, its own words and one fix are shown, and the next start tries again", () => {
  stub("npm", 'echo "npm error code ENOTFOUND" >&2; exit 1');
  program(sandbox, "exit 0");
  const failed = boot();
  expect(failed.status).toBe(1);
  expect(failed.stderr).toContain("npm error code ENOTFOUND");
  expect(failed.stderr).toMatch(/\n {2}Fix: Check the network .* npm start\n$/);
  stubNpm();
  expect(boot().status).toBe(0);
});

test("what npm cannot write is named, and a folder outside of the clone has a fix of its own", () => {
  program(sandbox, "exit 0");
  const fixFor = (path: string) => {
    stub("npm", `printf 'npm error code EROFS\\nnpm error path ${path}\\n' >&2; exit 1`);
    return boot().stderr.split("\n  Fix: ")[1];
  };
  const outside = "Make /home/ada/.npm writable for you, or give npm another cache: ";
  expect(fixFor("/home/ada/.npm")).toBe(`${outside}npm_config_cache=/tmp/npm-cache npm start\n`);
  expect(fixFor(`${clone}/node_modules`)).toBe(
    `Make ${clone}/ writable for you, then: npm start\n`,
  );
});

test("npm is told not to mind the Node that it runs on", () => {
  program(sandbox, "exit 0");
  stub("npm", `echo "$@" >> "${machine}/npm.log"; exit 1`);
  boot();
  expect(npmCalls()[0]).toContain("--engine-strict=false");
});

test("npx in the clone finds our command and no stranger's, before anything is installed", () => {
  cpSync(join(root, "package.json"), join(clone, "package.json"));
  const env = {
    ...process.env,
    npm_config_cache: join(machine, "cache"),
    npm_config_offline: "true",
  };
  const answer = spawnSync("npx", ["mainstay", "doctor"], { cwd: clone, env, encoding: "utf8" });
  expect(answer.stderr).toContain(`Run \`npm start\` in ${clone} first.`);
});

test("a lock file that does not fit package.json falls back to npm install", () => {
  stubNpm();
  program(sandbox, "exit 0");
  const npm = readFileSync(join(machine, "bin/npm"), "utf8");
  stub("npm", `${npm}\nif [ "$1" = ci ]; then echo "npm error code EUSAGE" >&2; exit 1; fi`);
  expect(boot().status).toBe(0);
  expect(npmCalls()).toEqual(["ci", "install"]);
});

test("a pinned Node that does not run stops the start", () => {
  stubNpm();
  const npm = readFileSync(join(machine, "bin/npm"), "utf8");
  stub("npm", npm.replaceAll(process.execPath, "/bin/false"));
  const failed = boot();
  expect(failed).toMatchObject({ status: 1, stderr: expect.stringContaining("does not run here") });
});

test("without bubblewrap and a way to install it, the exact command is printed and the start goes on", () => {
  stubNpm();
  stub("dnf", "exit 0");
  stub("bwrap", "exit 0"); // not where the executor looks
  const sudo = process.getuid?.() === 0 ? "" : "sudo ";
  const { status, stderr } = boot();
  expect(status).toBe(0);
  expect(stderr).toMatch(/bubblewrap \(.*\) is missing, so commands are refused until you type:\n/);
  expect(stderr).toContain(`\n  ${sudo}dnf install -y bubblewrap\n`);
});

test.runIf(process.getuid?.() === 0)(
  "root gets bubblewrap by apt-get, with an update when needed",
  () => {
    stubNpm();
    const updated = join(machine, "updated");
    mkdirSync(dirname(sandbox), { recursive: true });
    stub(
      "apt-get",
      `case "$*" in
      *update*) echo "$PATH" > "${updated}" ;;
      *) [ -e "${updated}" ] && echo > "${sandbox}" && /bin/chmod +x "${sandbox}" ;;
    esac`,
    );
    expect(boot()).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/installing bubblewrap.*\n.*bubblewrap is in place/),
    });
    expect(readFileSync(updated, "utf8")).toContain(":/usr/local/sbin:/usr/sbin:/sbin");
  },
);

test("without dependencies the command says what to do first", () => {
  const answer = spawnSync(join(clone, "mainstay"), ["doctor"], { encoding: "utf8" });
  expect(answer.status).toBe(1);
  expect(answer.stderr).toContain(`Run \`npm start\` in ${clone} first.`);
});

test("the command becomes the program: arguments, signals and the exit status are its own", async () => {
  stubNpm();
  boot();
  mkdirSync(join(clone, "packages/cli/src"), { recursive: true });
  const main = `
    process.once("SIGTERM", () => process.exit(7));
    setInterval(() => {}, 1000);
    console.log(JSON.stringify([process.pid, ...process.argv.slice(2)]));`;
  writeFileSync(join(clone, "packages/cli/src/main.ts"), main);
  const child = spawn(join(clone, "mainstay"), ["ask", "two words"]);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  expect(JSON.parse(line.toString())).toEqual([child.pid, "ask", "two words"]);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([7, null]);
});
