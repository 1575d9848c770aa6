/** Which folders of the host are shown as toolchains: by a table, and only what nobody else can write. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { choose, defaultNode } from "../src/sandbox/nvm.ts";
import { keepToolchains } from "../src/sandbox/current-toolchains.ts";
import { findToolchains, TOOLCHAIN_VARIABLES } from "../src/sandbox/toolchains.ts";

const is_root = userInfo().uid === 0;

let base: string;
let user_home: string;
let opt: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "mainstay-toolchains-")));
  user_home = join(base, "ada");
  opt = join(base, "opt");
  for (const folder of [user_home, opt]) mkdirSync(folder);
});
afterEach(() => rmSync(base, { recursive: true }));

const find = (more: { home?: string } = {}) =>
  findToolchains({ user_home, opt, uid: userInfo().uid, home: join(base, "data"), ...more });
const shown = () =>
  find()
    .shown.map(({ path }) => path.slice(base.length + 1))
    .toSorted();

function program(path: string, mode = 0o755): void {
  mkdirSync(dirname(join(base, path)), { recursive: true, mode: 0o755 });
  writeFileSync(join(base, path), "#!/bin/sh\n", { mode });
}

test("a home without toolchains has none", () => {
  expect(find()).toEqual({ shown: [], path: { before: [], after: [] }, variables: {} });
});

test("programs by subfolder; never what lies beside them", () => {
  program("ada/.cargo/bin/cargo");
  program("ada/.cargo/credentials.toml", 0o644);
  program("ada/.rustup/toolchains/stable/bin/rustc");
  program("ada/.rustup/settings.toml", 0o644);
  program("ada/.nvm/versions/node/v22.3.0/bin/node");
  program("ada/.nvm/versions/node/v20.1.0/bin/node");
  program("ada/.pyenv/shims/python3");
  program("ada/.deno/bin/deno");
  program("ada/go/bin/gopls");
  program("ada/go/src/secret.go");
  program("ada/.config/gh/hosts.yml", 0o644);
  program("ada/.npmrc", 0o644);
  expect(shown()).toEqual(
    [
      ...["ada/.cargo/bin", "ada/.deno/bin", "ada/.nvm/versions", "ada/.pyenv"],
      ...["ada/.rustup/settings.toml", "ada/.rustup/toolchains", "ada/go/bin"],
    ].toSorted(),
  );
  const { path, variables } = find();
  expect(path.after).toEqual([]);
  expect(path.before.map((folder) => folder.slice(user_home.length))).toEqual([
    ...["/.cargo/bin", "/.pyenv/shims", "/.deno/bin", "/go/bin"],
    "/.nvm/versions/node/v22.3.0/bin",
  ]);
  expect(variables).toEqual({
    RUSTUP_HOME: join(user_home, ".rustup"),
    RUSTUP_AUTO_INSTALL: "0",
    PYENV_ROOT: join(user_home, ".pyenv"),
    NVM_DIR: join(user_home, ".nvm"),
    NVM_BIN: join(user_home, ".nvm/versions/node/v22.3.0/bin"),
  });
  expect(TOOLCHAIN_VARIABLES).toEqual(expect.arrayContaining(Object.keys(variables)));
});

test("programs of .local/bin that are links bring what they lead to, of kinds that are known", () => {
  program("ada/.local/share/pipx/venvs/black/bin/black");
  program("ada/.local/share/pipx/secret");
  program("ada/.local/share/keyrings/login/bin/unlock");
  program("ada/.local/share/chat-app/profiles/work/helper");
  program("ada/.local/lib/node_modules/tsc/bin/tsc");
  program("ada/.local/bin/plain");
  const link = (to: string, name: string) => symlinkSync(to, join(user_home, ".local/bin", name));
  link("../share/pipx/venvs/black/bin/black", "black");
  link("../lib/node_modules/tsc/bin/tsc", "tsc");
  link("/etc/passwd", "elsewhere");
  link("../share/pipx/secret", "too-near");
  link("../share/keyrings/login/bin/unlock", "unlock");
  link("../share/chat-app/profiles/work/helper", "chat");
  expect(shown()).toEqual([
    ...["ada/.local/bin", "ada/.local/lib/node_modules"],
    "ada/.local/share/pipx/venvs",
  ]);
});

test("of /opt the software that has programs, and none that keeps secrets with them", () => {
  program("opt/jdk/bin/java");
  program("opt/vendor/tool/bin/tool");
  program("opt/data/files/big");
  program("opt/not-programs/bin/readme", 0o644);
  program("opt/gateway/bin/gateway");
  program("opt/gateway/server.key", 0o644);
  program("opt/service/bin/service");
  program("opt/service/.env", 0o644);
  program("opt/closed/bin/closed");
  chmodSync(join(opt, "closed"), 0o750);
  expect(shown()).toEqual(["opt/jdk", "opt/vendor/tool"]);
  // After the system's: none of them answers for a `git` or an `ls`.
  const after = [join(opt, "jdk/bin"), join(opt, "vendor/tool/bin")];
  expect(find().path).toEqual({ before: [], after });
  expect(find().shown.every(({ from }) => from === "opt")).toBe(true);
});

describe("what others could write to is left out", () => {
  test("by its mode", () => {
    program("ada/.cargo/bin/cargo");
    program("opt/jdk/bin/java");
    expect(shown()).toHaveLength(2); // the control
    chmodSync(join(user_home, ".cargo/bin"), 0o777);
    chmodSync(join(opt, "jdk"), 0o757);
    expect(shown()).toEqual([]);
  });

  test("by the mode of a folder on the way to its programs, or of that of its programs", () => {
    program("ada/.deno/bin/deno");
    program("ada/.pyenv/shims/python3");
    program("opt/jdk/bin/java");
    program("opt/vendor/tool/bin/tool");
    expect(shown()).toHaveLength(4); // the control
    chmodSync(join(user_home, ".deno"), 0o777);
    chmodSync(join(user_home, ".pyenv/shims"), 0o777);
    chmodSync(join(opt, "jdk/bin"), 0o777);
    chmodSync(join(opt, "vendor"), 0o777);
    expect(shown()).toEqual(["ada/.pyenv"]);
    expect(find().path).toEqual({ before: [], after: [] });
    chmodSync(user_home, 0o777);
    expect(shown()).toEqual([]);
  });

  test.skipIf(!is_root)("by its owner or group (not run without root)", () => {
    program("opt/jdk/bin/java");
    program("opt/other/bin/other");
    chownSync(join(opt, "other"), 12_345, 12_345);
    expect(shown()).toEqual(["opt/jdk"]);
    chownSync(join(opt, "jdk"), 0, 12_345);
    expect(shown()).toEqual(["opt/jdk"]);
    chmodSync(join(opt, "jdk"), 0o775);
    expect(shown()).toEqual([]);
  });
});

test("neither the data folder, nor what holds it, nor what lies in it", () => {
  program("opt/jdk/bin/java");
  expect(find({ home: join(opt, "jdk/data") }).shown).toEqual([]);
  expect(find({ home: opt }).shown).toEqual([]);
  expect(find({ home: join(opt, "jdk") }).shown).toEqual([]);
});

test("a link is shown at its own path, and judged by where it leads", () => {
  program("store/cargo/bin/cargo");
  mkdirSync(join(user_home, ".cargo"));
  symlinkSync(join(base, "store/cargo/bin"), join(user_home, ".cargo/bin"));
  const path = join(user_home, ".cargo/bin");
  expect(find().shown).toMatchObject([
    { path, source: join(base, "store/cargo/bin"), from: "home" },
  ]);
  chmodSync(join(base, "store/cargo/bin"), 0o777);
  expect(find().shown).toEqual([]);
  rmSync(path);
  symlinkSync(user_home, path); // a home as a toolchain
  expect(find().shown).toEqual([]);
});

test("what comes, goes or is opened to others while the executor lives", () => {
  const current = keepToolchains({ user_home, opt, ...userInfo(), home: join(base, "data") });
  const paths = () => current().shown.map(({ path }) => path.slice(base.length + 1));
  expect(paths()).toEqual([]);
  program("ada/.deno/bin/deno");
  program("opt/jdk/bin/java");
  expect(paths()).toEqual(["ada/.deno/bin", "opt/jdk"]);
  expect(current()).toBe(current());
  chmodSync(join(opt, "jdk"), 0o777);
  rmSync(join(user_home, ".deno"), { recursive: true });
  expect(paths()).toEqual([]);
});

describe("nvm", () => {
  test("the newest of what the alias says; without one of all", () => {
    const versions = ["v9.11.2", "v22.3.0", "v22.11.0", "v20.1.0"];
    expect(choose(versions, "22")).toBe("v22.11.0");
    expect(choose(versions, "v22.3")).toBe("v22.3.0");
    expect(choose(versions, "v2")).toBe("v22.11.0"); // no version begins so
    expect(choose(versions, "node")).toBe("v22.11.0");
    expect(choose([], "node")).toBeNull();
  });

  test("aliases lead to aliases, and never out of their folder", () => {
    program("ada/.nvm/versions/node/v20.1.0/bin/node");
    program("ada/.nvm/versions/node/v22.1.0/bin/node");
    program("ada/.nvm/alias/lts/iron");
    const alias = (name: string, text: string) =>
      writeFileSync(join(user_home, ".nvm/alias", name), `${text}\n`);
    const chosen = () => defaultNode(join(user_home, ".nvm"))?.split("/").at(-2);
    alias("default", "lts/*");
    alias("lts/*", "lts/iron");
    alias("lts/iron", "v20.1.0");
    expect(chosen()).toBe("v20.1.0");
    alias("default", "default");
    expect(chosen()).toBe("v22.1.0");
    alias("default", "../../../../etc/passwd");
    expect(chosen()).toBe("v22.1.0");
  });
});
