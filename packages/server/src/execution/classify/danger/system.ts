import type { Rule } from "./danger.ts";

const STOPPERS = new Set(["shutdown", "reboot", "halt", "poweroff", "telinit", "kexec"]);
const SYSTEMCTL =
  /^(?:poweroff|reboot|soft-reboot|halt|kexec|suspend|hibernate|hybrid-sleep|rescue|emergency|exit|isolate|default|set-default)$/;
const MODULES = new Set(["insmod", "modprobe", "rmmod", "depmod", "kmod"]);
const FIREWALL_OFF: Readonly<Record<string, RegExp>> = {
  iptables: /^(?:-F|--flush|-X|--delete-chain|-P|--policy)$/,
  ip6tables: /^(?:-F|--flush|-X|--delete-chain|-P|--policy)$/,
  nft: /^flush$/,
  ufw: /^(?:disable|reset)$/,
};

/** What stops the machine, or reaches into its kernel. */
export const systemDangers: Rule = ({ name, args }) => {
  const words = args.map(({ text }) => text);
  if (STOPPERS.has(name)) return looksOnly(words) ? [] : [`${name} stops this machine`];
  if (name === "init")
    return words.some((word) => /^[0-6sS]$/.test(word)) ? ["it stops this machine"] : [];
  if (name === "systemctl" || name === "loginctl")
    return words.some((word) => SYSTEMCTL.test(word)) ? [`${name} stops this machine`] : [];
  if (MODULES.has(name))
    return looksOnly(words) || words[0] === "list" ? [] : [`${name} changes the kernel`];
  if (name === "sysctl")
    return words.some(
      (word) => /^(?:-w|--write|-p.*|--system|--load.*)$/.test(word) || word.includes("="),
    )
      ? ["it changes settings of the kernel"]
      : [];
  if (name === "dbus-send" || name === "busctl" || name === "gdbus")
    return words.some((word) => /\b(?:PowerOff|Reboot|Halt|KExec)\b/.test(word))
      ? [`${name} stops this machine`]
      : [];
  if (name === "kill") return [killsAll(words)];
  if (name === "killall5") return ["it ends every process"];
  if (name === "pkill" || name === "killall")
    return words.some((word) => /^(?:init|systemd|systemd-journald|\.|\.\*)$/.test(word))
      ? ["it ends what the machine runs on"]
      : /(?:^| )(?:-[a-zA-Z0-9]*[uU]|--euid|--uid|--user)[ =]?(?:root|0)(?: |$)/.test(
            words.join(" "),
          )
        ? ["it ends everything of root's"]
        : [];
  if (name === "mount" || name === "umount" || name === "pivot_root" || name === "switch_root")
    return [mounts(name, words)];
  const off = Object.hasOwn(FIREWALL_OFF, name) ? FIREWALL_OFF[name] : undefined;
  if (off !== undefined && words.some((word) => off.test(word)))
    return ["it takes the firewall away"];
  return [];
};

const looksOnly = (words: readonly string[]): boolean =>
  words.some((word) => /^(?:--help|--version|-n|--dry-run|--show)$/.test(word));

/** Process 1, or every process. */
function killsAll(words: readonly string[]): string | null {
  const [first = "", second = ""] = words;
  if (/^-(?:l|L)$/.test(first)) return null;
  const takes_value = /^(?:-s|-n|--signal)$/.test(first);
  const is_signal = takes_value || (/^-(?:\d+|[A-Z]+[A-Z0-9+]*)$/.test(first) && second !== "");
  const targets = words.slice(takes_value ? 2 : is_signal ? 1 : 0);
  if (targets.includes("1")) return "it ends the first process, and so the machine";
  return targets.includes("-1") ? "it ends every process" : null;
}

function mounts(name: string, words: readonly string[]): string | null {
  if (name !== "mount" && name !== "umount") return "it changes what the root folder is";
  if (words.some((word) => /remount/.test(word)) || words.includes("/") || words.includes("-a"))
    return "it changes how the system is mounted";
  return words.some((word) => word.startsWith("/dev/"))
    ? "it mounts a device of this machine"
    : null;
}
