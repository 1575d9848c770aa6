import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lackOfMounting, titled } from "../torture/means.ts";

const root = join(import.meta.dirname, "..");
const text = readFileSync(join(root, "packaging/mainstay.service"), "utf8");
const installed = "/opt/mainstay/mainstay";

/** Section → key → values, as systemd reads them. */
function parse(unit: string): Record<string, Record<string, string[]>> {
  const sections: Record<string, Record<string, string[]>> = {};
  let section = "";
  for (const line of unit.split("\n").map((each) => each.trim())) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (name !== undefined) section = name;
    else {
      const at = line.indexOf("=");
      const keys = (sections[section] ??= {});
      (keys[line.slice(0, at)] ??= []).push(line.slice(at + 1));
    }
  }
  return sections;
}

/** What a restart would break, and what would break the sandbox of commands. */
function faultsOf(unit: string): string[] {
  const service = parse(unit)["Service"] ?? {};
  const wanted = {
    KillMode: "process",
    Restart: "on-failure",
    RestartSec: "1",
    ExecStart: `${installed} serve`,
    Environment: "MAINSTAY_HOME=/var/lib/mainstay",
    StateDirectory: "mainstay",
    NoNewPrivileges: "yes",
    ProtectSystem: "full",
  };
  const breaks_bubblewrap = [
    ...["RestrictNamespaces", "PrivateUsers", "ProtectKernelTunables", "ProtectKernelLogs"],
    ...["ProtectProc", "ProcSubset", "SystemCallFilter", "MemoryDenyWriteExecute"],
  ];
  return [
    ...Object.entries(wanted)
      .filter(([key, value]) => service[key]?.join() !== value)
      .map(([key, value]) => `${key} is not ${value}`),
    ...breaks_bubblewrap.filter((key) => key in service).map((key) => `${key} breaks bubblewrap`),
  ];
}

test("a restart leaves the executor alone, and commands have their sandbox", () => {
  expect(faultsOf(text)).toEqual([]);
  expect(Object.keys(parse(text))).toEqual(["Unit", "Service", "Install"]);
});

test("the planted faults are seen", () => {
  const planted = text
    .replace("KillMode=process", "KillMode=mixed")
    .replace("Restart=on-failure", "Restart=always")
    .replace("[Install]", "RestrictNamespaces=yes\n[Install]");
  expect(faultsOf(planted)).toEqual([
    "KillMode is not process",
    "Restart is not on-failure",
    "RestrictNamespaces breaks bubblewrap",
  ]);
});

/** Of systemd 254: an older one says so and goes on, and commands have no control groups. */
const IS_YOUNGER = /Unknown key 'DelegateSubgroup'/;

const has_systemd = spawnSync("systemd-analyze", ["--version"]).status === 0;
test.skipIf(!has_systemd)(
  `systemd finds no fault in it${has_systemd ? "" : " (not run: there is no systemd-analyze)"}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "mainstay-unit-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const verified = (unit: string) => {
      const path = join(folder, "mainstay.service");
      writeFileSync(path, unit.replace(installed, join(root, "mainstay")));
      const { status, stderr } = spawnSync("systemd-analyze", ["verify", path], {
        encoding: "utf8",
      });
      const said = stderr.split("\n").filter((line) => line.includes("mainstay"));
      return { status, said: said.filter((line) => !IS_YOUNGER.test(line)) };
    };
    expect(verified(text)).toEqual({ status: 0, said: [] });
    expect(verified(text.replace("KillMode=process", "KilMode=process")).said).not.toEqual([]);
  },
);

/** `NoNewPrivileges=yes` and `ProtectSystem=full`, by hand, and what `more` takes away. */
const asTheUnit = (more: string) => `
for folder in /usr /etc /boot; do
  [ ! -d $folder ] || { mount --rbind $folder $folder && mount -o remount,bind,ro $folder; } || exit 1
done
${more}
exec setpriv --no-new-privs "$@"`;

/** What `doctor` finds missing of the sandbox. */
function missingOfSandbox(more: string): string[] {
  const home = mkdtempSync(join(tmpdir(), "mainstay-unit-home-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const doctor = [join(root, "mainstay"), "doctor", "--json"];
  const { stdout } = spawnSync(
    "unshare",
    ["--mount", "--propagation", "private", "sh", "-c", asTheUnit(more), "sh", ...doctor],
    { encoding: "utf8", env: { PATH: process.env["PATH"], MAINSTAY_HOME: home } },
  );
  const { checks } = JSON.parse(stdout) as {
    checks: { area: string; ok: boolean; name: string }[];
  };
  const sandbox = checks.filter(({ area }) => area === "sandbox");
  expect(sandbox).not.toEqual([]);
  return sandbox.filter(({ ok }) => !ok).map(({ name }) => name);
}

const lack = process.getuid?.() === 0 ? lackOfMounting() : "needs root";
test.skipIf(lack !== null)(
  titled("the sandbox holds under what the unit takes away, and not under more", lack),
  () => {
    expect(missingOfSandbox("")).toEqual([]);
    const as_protect_kernel_logs = "mount --bind /dev/null /proc/kmsg";
    expect(missingOfSandbox(as_protect_kernel_logs)).toContain("runs a command and ends all of it");
  },
);
