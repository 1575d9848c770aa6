import type { Rule } from "./danger.ts";

const LOGGERS =
  /^(?:rsyslogd?|syslogd?|syslog-ng|auditd|systemd-journald|journald|klogd|falco|osqueryd?|wazuh.*|ossec.*|falcon-sensor|crowdstrike|fail2ban|apparmor|sysmon|filebeat|fluentd?|fluent-bit|vector)(?:\.service|\.socket)?$/;
const isLogger = (word: string): boolean => LOGGERS.test(word);
const STOPS = /^(?:stop|disable|mask|kill)$/;

/** What stops the machine's records, or takes them away. */
export const auditDangers: Rule = ({ name, args }) => {
  const words = args.map(({ text }) => text);
  const names_logger = words.some(isLogger);
  const stops = words.some((word) => STOPS.test(word));
  switch (name) {
    case "auditctl":
      return words.some((word) => /^-(?:e|D|d|W|R|r|b)/.test(word))
        ? ["it stops the kernel's audit"]
        : [];
    case "service":
    case "systemctl":
    case "rc-service":
    case "initctl":
      return names_logger && stops ? ["it stops the machine's records"] : [];
    case "pkill":
    case "killall":
    case "kill":
      return names_logger || args.some(({ written }) => written.split(/[^\w.-]+/).some(isLogger))
        ? ["it stops the machine's records"]
        : [];
    case "journalctl":
      return words.some((word) => /^--(?:vacuum|rotate|relinquish|flush)/.test(word))
        ? ["it takes the journal of the machine away"]
        : [];
    case "setenforce":
    case "aa-teardown":
    case "aa-disable":
    case "aa-complain":
      return words.includes("1") && name === "setenforce"
        ? []
        : [`${name} takes a protection away`];
    case "history":
      return words.some((word) => /^-[a-z]*[cdw]/.test(word))
        ? ["it takes the shell's history away"]
        : [];
    case "dmesg":
      return words.some((word) =>
        /^(?:-[a-zA-Z]*[cCDn]|--clear|--read-clear|--console-off)/.test(word),
      )
        ? ["it takes the kernel's records away"]
        : [];
    default:
      return /^(?:auditd|rsyslog|syslog)$/.test(words[0] ?? "") ? [] : initScript(name, words);
  }
};

function initScript(name: string, words: readonly string[]): string[] {
  const script = /^\/etc\/init\.d\/(.+)$/.exec(name)?.[1];
  const stops =
    script !== undefined && LOGGERS.test(script) && words.some((word) => STOPS.test(word));
  return stops ? ["it stops the machine's records"] : [];
}
