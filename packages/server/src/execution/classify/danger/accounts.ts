import type { Rule } from "./danger.ts";

const ACCOUNTS = new Set([
  ...["useradd", "userdel", "usermod", "adduser", "deluser", "groupadd", "groupdel", "groupmod"],
  ...["gpasswd", "chpasswd", "newusers", "visudo", "vipw", "vigr", "addgroup", "delgroup", "chage"],
]);

/** Who may log in to the machine, and what runs on it by itself. */
export const accountDangers: Rule = ({ name, args }) => {
  const words = args.map(({ text }) => text);
  if (ACCOUNTS.has(name)) return [`${name} changes who may log in to this machine`];
  if (name === "passwd") return ["it changes who may log in to this machine"];
  if (name === "crontab" && !words.includes("-l")) return ["it changes what runs by itself"];
  return [];
};
