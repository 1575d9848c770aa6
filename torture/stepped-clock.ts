/** A wall clock of one's own that can be stepped under a running program; the monotonic one stays. */
import { chmodSync, existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LIBRARIES = "/usr/lib";

/** libfaketime for programs with threads; null where it is not installed. */
export function faketimeLibrary(): string | null {
  const found = readdirSync(LIBRARIES)
    .map((name) => join(LIBRARIES, name, "faketime", "libfaketimeMT.so.1"))
    .find((path) => existsSync(path));
  return found ?? null;
}

export interface SteppedClock {
  /** What a program's environment must hold for it to live by this clock. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets it this far from the true time, for all programs at once. */
  set(offset_s: number): void;
  /** The path of a `program` that lives by this clock whatever environment it is started with. */
  wrap(program: string): string;
}

/** Its files lie in `folder`. */
export function createSteppedClock(folder: string, library: string): SteppedClock {
  const path = join(folder, "offset");
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: path,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
  const set = (offset_s: number) => {
    writeFileSync(`${path}.new`, `${offset_s < 0 ? "" : "+"}${offset_s}\n`);
    renameSync(`${path}.new`, path);
  };
  set(0);
  return {
    env,
    set,
    wrap(program) {
      const wrapped = join(folder, "program");
      const words = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
      writeFileSync(wrapped, `#!/bin/sh\n${words.join(" ")} exec '${program}' "$@"\n`);
      chmodSync(wrapped, 0o755);
      return wrapped;
    },
  };
}
