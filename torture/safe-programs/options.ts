/** The options of installed programs as their own --help tells them. */
import { spawnSync } from "node:child_process";

export interface Option {
  readonly name: string;
  readonly takes_value: boolean;
}

const HELP_LIMIT_MS = 2_000;
const known = new Map<string, readonly Option[]>();

/** Empty where the program is not installed or does not tell. */
export function optionsOf(program: string): readonly Option[] {
  const found = known.get(program) ?? optionsIn(helpOf(program));
  known.set(program, found);
  return found;
}

function helpOf(program: string): string {
  const { stdout, stderr } = spawnSync(program, ["--help"], {
    timeout: HELP_LIMIT_MS,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
  });
  return `${stdout ?? ""}\n${stderr ?? ""}`;
}

const NAMED = /(?<![\w-])(--?[A-Za-z0-9][\w-]*)(\[?[= ]\[?<?[A-Z][\w-]*>?)?/g;

function optionsIn(help: string): Option[] {
  const options = new Map<string, Option>();
  for (const [, name, value] of help.matchAll(NAMED)) {
    if (!name!.startsWith("--") && name!.length > 2 && !name!.startsWith("-n")) continue;
    const takes_value = value !== undefined || options.get(name!)?.takes_value === true;
    options.set(name!, { name: name!, takes_value });
  }
  return [...options.values()];
}
