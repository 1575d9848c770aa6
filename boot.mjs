/**
 * Puts in place what a start needs: dependencies, the pinned Node, bubblewrap.
 * Runs before anything is installed, on any Node from 20: no dependencies, no TypeScript.
 * What is there already is not touched, so that every start may begin here.
 *
 * `--dev` says that tests follow: where there is no sandbox, they would fail and not merely refuse.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_NODE_MAJOR = 20;
/** Where the executor looks (packages/executor/src/bubblewrap.ts), whatever the PATH says. */
const BUBBLEWRAP_PATHS = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"];
/** dpkg needs them, and the PATH of a plain `su` has none. */
const ADMIN_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];
const root = fileURLToPath(new URL(".", import.meta.url));
const modules = join(root, "node_modules");
// Names the lock file that was installed, so that a pull with new dependencies shows.
const stamp = join(modules, ".mainstay-install");
const npm_record = join(modules, ".package-lock.json");
const again = process.argv.includes("--dev") ? "npm test" : "npm start";

checkSystem();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lockDigest()) {
  installDependencies();
  checkPinnedNode();
  writeFileSync(stamp, lockDigest());
}
installSandbox();

function checkSystem() {
  if (process.platform !== "linux")
    stop(`Mainstay runs on Linux; this is ${process.platform}.`, "Use a Linux machine, or WSL 2.");
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE_MAJOR)
    stop(
      `This is Node ${process.versions.node}; the bootstrap needs ${OLDEST_NODE_MAJOR} or newer.`,
      "Install a newer Node; Mainstay then brings the exact version that it runs on.",
    );
}

function lockDigest() {
  const lock = readFileSync(join(root, "package-lock.json"));
  return createHash("sha256").update(lock).digest("hex");
}

function installDependencies() {
  // npm writes its record last: without it an install was never finished.
  const fresh = !existsSync(npm_record);
  say(fresh ? "installing dependencies; the first time takes a minute" : "updating dependencies");
  const started_ms = performance.now();
  // `npm ci` would empty a folder that a running server still loads from.
  let result = fresh ? npm("ci") : npm("install", "--no-save");
  if (/EUSAGE/.test(result.output)) result = npm("install");
  if (result.status !== 0) stop("npm could not install the dependencies.", npmFix(result), result);
  say(`dependencies are in place (${Math.round((performance.now() - started_ms) / 1000)} s)`);
}

function npm(...command) {
  // The engine of our packages is the pinned Node, not the one that npm runs on.
  const flags = ["--loglevel=error", "--no-fund", "--no-audit", "--no-progress"];
  flags.push("--engine-strict=false");
  const args = [...command, "--include=dev", "--include=optional", ...flags];
  const { npm_node_execpath, npm_execpath } = process.env;
  return npm_node_execpath && npm_execpath
    ? run(npm_node_execpath, [npm_execpath, ...args])
    : run("npm", args);
}

function npmFix({ output }) {
  if (/ENOSPC/.test(output)) return `Free some disk space, then: ${again}`;
  if (/EACCES|EPERM|EROFS/.test(output)) return writeFix(output);
  if (/ENOTFOUND|ETIMEDOUT|ECONN|EAI_AGAIN|ERR_SOCKET|network/i.test(output))
    return `Check the network (npm ping; behind a proxy: npm config set https-proxy URL), then: ${again}`;
  return `rm -rf node_modules && ${again}`;
}

function writeFix(output) {
  const path = /^npm (?:error|ERR!) path (.+)$/m.exec(output)?.[1] ?? root;
  if (`${path}/`.startsWith(root)) return `Make ${root} writable for you, then: ${again}`;
  return `Make ${path} writable for you, or give npm another cache: npm_config_cache=/tmp/npm-cache ${again}`;
}

function checkPinnedNode() {
  const node = join(modules, `node-linux-${process.arch}`, "bin", "node");
  if (!existsSync(node))
    stop(
      `npm did not install the pinned Node for ${process.arch} (there is one for x64 and arm64).`,
      `rm -rf node_modules && ${again}`,
    );
  const result = run(node, ["--version"]);
  if (result.status !== 0)
    stop(
      "The pinned Node does not run here.",
      "Use a system with glibc 2.28 or newer (Debian 10, Fedora 29, Ubuntu 18.10).",
      result,
    );
}

/** Without a sandbox Mainstay serves and refuses commands, so nothing here stops the start. */
function installSandbox() {
  if (BUBBLEWRAP_PATHS.some(isExecutable)) return;
  if (process.getuid() !== 0 || !inPath("apt-get")) return adviseSandbox();
  say("installing bubblewrap, the sandbox for commands (apt-get)");
  const install = () => apt("install", "-y", "--no-install-recommends", "bubblewrap");
  let result = install();
  if (result.status !== 0) {
    apt("update");
    result = install();
  }
  if (BUBBLEWRAP_PATHS.some(isExecutable)) return say("bubblewrap is in place");
  process.stderr.write(result.output);
  adviseSandbox();
}

function apt(...args) {
  const PATH = [process.env.PATH ?? "", ...ADMIN_FOLDERS].join(delimiter);
  const env = { ...process.env, PATH, DEBIAN_FRONTEND: "noninteractive" };
  return run("apt-get", ["-q", ...args], env);
}

function adviseSandbox() {
  const installs = {
    "apt-get": "apt-get install -y bubblewrap",
    dnf: "dnf install -y bubblewrap",
    zypper: "zypper install -y bubblewrap",
    pacman: "pacman -S --noconfirm bubblewrap",
  };
  const manager = Object.keys(installs).find(inPath) ?? "apt-get";
  const effect = again === "npm test" ? "tests of commands fail" : "commands are refused";
  say(`bubblewrap (${BUBBLEWRAP_PATHS[0]}) is missing, so ${effect} until you type:`);
  process.stderr.write(`  ${process.getuid() === 0 ? "" : "sudo "}${installs[manager]}\n`);
}

function inPath(program) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs to the end without a word on the screen; what it said is in `output`. */
function run(program, args, env = process.env) {
  const options = { cwd: root, env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 };
  const result = spawnSync(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const output = [result.stdout, result.stderr, result.error?.message].filter(Boolean).join("\n");
  return { status: result.status, output };
}

function say(line) {
  process.stderr.write(`mainstay: ${line}\n`);
}

function stop(what, fix, result) {
  if (result) process.stderr.write(`${result.output.trimEnd()}\n\n`);
  say(what);
  process.stderr.write(`  Fix: ${fix}\n`);
  process.exit(1);
}
