import { HOME, normal } from "../operands.ts";

/** Below `/`: the system, and what belongs to everybody. */
const TOP: ReadonlySet<string> = new Set([
  ...["bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "sys"],
  ...["usr", "var", "home", "root", "opt", "srv", "mnt", "media", "host", "selinux"],
]);
/** Nothing anywhere below them is a workspace's business. */
const SYSTEM =
  /^\/(?:bin|boot|dev|etc|lib|lib32|lib64|libx32|proc|run|sbin|selinux|sys|usr)(?:\/|$)/;
const STATE = /^\/var\/(?:log|lib|spool|mail|run|db|cache)(?:\/|$)/;
const HARMLESS_DEVICE =
  /^\/dev\/(?:null|zero|full|random|urandom|tty|stdin|stdout|stderr|ptmx|fd\/\d+|pts\/\d+|shm(?:\/.*)?)$/;
const LOGIN =
  /\/\.ssh\/(?:authorized_keys2?|config|rc|environment)$|^\/var\/spool\/cron|\/etc\/(?:passwd|shadow|sudoers)/;
const TRACES = /\/\.(?:bash|zsh|sh|ash)?_?history$/;
const OWN_STATE = /\/\.mainstay(?:\/|$)|\/mainstay\.db$/;
const TRAILING_PATTERN = /\/[.]?(?:[*?]|\{[^/]*\})+$/;

/** What stands behind a path of bash's own, or a device that takes what is written. */
export function deviceOf(path: string): "network" | "device" | null {
  const plain = normal(path);
  if (!path.startsWith("/")) return null;
  if (/^\/dev\/(?:tcp|udp)\//.test(plain)) return "network";
  return plain.startsWith("/dev/") && !HARMLESS_DEVICE.test(plain) ? "device" : null;
}

/** Every absolute path that the word may stand for. */
function spellings(text: string, folders: readonly string[]): string[] {
  if (text.startsWith("/")) return [normal(text)];
  return folders.map((folder) => normal(`${folder}/${text}`));
}

const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);

/**
 * Why taking this path away, or changing all below it, is a disaster; null where it is not.
 *
 * @param does to the path, in words
 */
export function lossDanger(
  text: string,
  folders: readonly string[],
  root: string,
  does = "takes away",
): string | null {
  for (const path of spellings(text, folders)) {
    const whole = withoutPattern(path);
    if (isBelow(path, root) && path !== root) continue;
    if (whole === root) continue;
    if (whole === "/") return `it ${does} the whole system`;
    const [top = "", second, ...more] = whole.slice(1).split("/");
    if (root.startsWith(`${whole}/`)) return `${whole} holds the workspace and more`;
    if (second === undefined && (TOP.has(top) || /[*?[]/.test(top)))
      return `it ${does} ${whole}, which the system or everybody needs`;
    if (whole === HOME || (top === "home" && more.length === 0)) return `it ${does} a home folder`;
    if (SYSTEM.test(whole) && deviceOf(whole) !== null)
      return `${whole} is a device of this machine`;
    if (SYSTEM.test(whole) && !HARMLESS_DEVICE.test(whole)) return `${whole} belongs to the system`;
    if (/^\/var\/log(?:\/|$)/.test(whole)) return `${whole} is a record of what happened`;
    if (STATE.test(whole)) return `${whole} belongs to the system`;
    if (TRACES.test(whole)) return `${whole} is a record of what happened`;
    if (OWN_STATE.test(whole)) return `${whole} is Mainstay's own`;
  }
  return null;
}

function withoutPattern(path: string): string {
  const shorter = path.replace(TRAILING_PATTERN, "");
  if (shorter === path) return path;
  return shorter === "" ? "/" : withoutPattern(shorter);
}

/** Why nothing of a workspace is ever written there; null where it may be. */
export function writeDanger(text: string, folders: readonly string[], root: string): string | null {
  for (const path of spellings(text, folders)) {
    if (isBelow(path, root)) continue;
    if (deviceOf(path) === "device") return `it writes to ${path}, a device of this machine`;
    if (LOGIN.test(path)) return `${path} decides who may log in, or what runs by itself`;
    if (TRACES.test(path) || /^\/var\/log(?:\/|$)/.test(path))
      return `${path} is a record of what happened`;
    if (OWN_STATE.test(path)) return `${path} is Mainstay's own`;
    if (
      (SYSTEM.test(path) || STATE.test(path)) &&
      !HARMLESS_DEVICE.test(path) &&
      deviceOf(path) === null
    )
      return `${path} belongs to the system`;
  }
  return null;
}
