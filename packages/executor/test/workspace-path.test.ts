import { expect, test } from "vitest";
import { refusePath } from "../src/workspace-path.ts";

const home = "/var/lib/mainstay";
const codeOf = (folder: string) => refusePath(folder, home)?.code ?? "ok";

test.each([
  ["/srv/project", "ok"],
  ["/root/project", "ok"],
  ["/tmp/project", "ok"],
  ["/opt/project", "ok"],
  ["/opt/mainstay/project", "ok"],
  ["/home/agent/project", "ok"],
  ["/usrlocal", "ok"],
  ["/var/lib/mainstay/workspaces/w-1", "ok"],
  ["/var/lib/mainstay-else", "ok"],
  ["/", "home_folder"],
  ["/var/lib", "home_folder"],
  ["/var/lib/mainstay", "home_folder"],
  ["/var/lib/mainstay/run", "home_folder"],
  ["/var/lib/mainstay/workspaces", "home_folder"],
  ["/etc", "system_folder"],
  ["/etc/ssl", "system_folder"],
  ["/usr/src/app", "system_folder"],
  ["/proc/1/root/srv", "system_folder"],
  ["/dev/shm/x", "system_folder"],
  ["/run/user/1000", "system_folder"],
  ["/opt", "system_folder"],
  ["/home", "system_folder"],
  ["/tmp", "system_folder"],
  ["srv/project", "not_canonical"],
  ["/srv/../etc", "not_canonical"],
  ["/srv/project/", "not_canonical"],
])("%s is %s", (folder, code) => {
  expect(codeOf(folder)).toBe(code);
});
