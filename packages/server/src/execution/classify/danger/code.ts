import type { Rule } from "./danger.ts";
import { lossDanger } from "./targets.ts";

const INTERPRETERS =
  /^(?:python[\d.]*|node|nodejs|ruby|perl|php|lua|deno|bun|awk|gawk|mawk|tclsh)$/;
const FORKS =
  /fork\s+while\b|while\b[^;]*?(?:fork|popen|spawn)|fork[^;]*?iter\(int|loop\s*\{?\s*(?:do\s*)?fork|for\s*\(;;\)[^}]*(?:fork|spawn)/is;
const CONNECTS =
  /socket|["']net["']|fsockopen|\/inet\/(?:tcp|udp)|TCPSocket|net\.(?:connect|Socket|createConnection)|IO::Socket/;
const HANDS_OVER =
  /\/bin\/(?:ba|da|z)?sh|pty\.spawn|dup2|child_process|exec\w*\s*\(|system|\|&|getline|subprocess/;
const FETCHES = /urlopen|urllib|requests\.get|https?:\/\/|LWP::Simple|open-uri|file_get_contents/;
const RUNS_FETCHED = /\b(?:exec|eval|system|popen|Function|execSync|spawn|passthru|shell_exec)\b/;
const REMOVES =
  /(?:rmtree|rm_rf|rmSync|rmdirSync|rm_r|removeSync|remove_tree|unlink|FileUtils\.\w+)\s*\(?\s*["'](\/[^"']*|~[^"']*)["']/g;
const OVERWRITES =
  /open(?:Sync)?\s*\(\s*["'](\/dev\/(?:sd|nvme|vd|hd|mem|kmem|disk|mapper)[^"']*)["']/;

/** Programs given on the command line: what their text gives away of the worst. */
export const codeDangers: Rule = ({ name, args, scope, walk }) => {
  if (!INTERPRETERS.test(name)) return [];
  const code = args.map(({ text }) => text).join("\n") + (scope.stdin?.text ?? "");
  const removed = Array.from(code.matchAll(REMOVES), ([, path = ""]) =>
    path.replace(/^~/, "/home/agent"),
  );
  return [
    FORKS.test(code) ? "it starts processes without end" : null,
    CONNECTS.test(code) && HANDS_OVER.test(code) ? "it hands a shell to the network" : null,
    FETCHES.test(code) && RUNS_FETCHED.test(code) ? "it runs what comes over the network" : null,
    OVERWRITES.test(code) ? "it writes to a device of this machine" : null,
    ...removed.map((path) => lossDanger(path, scope.folders.paths, walk.root)),
  ];
};
