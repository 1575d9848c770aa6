import { closeSync, existsSync, readdirSync, readFileSync } from "node:fs";

/**
 * Closes the descriptors that a parent left open: they would reach every command. Node opens its
 * own with O_CLOEXEC, so what lacks it was inherited.
 */
export function closeInherited(): void {
  const found = readdirSync("/proc/self/fdinfo").map(Number);
  for (const descriptor of found) {
    const info = `/proc/self/fdinfo/${descriptor}`;
    // The descriptor that listed the folder is gone by now.
    if (descriptor > 2 && existsSync(info) && !isCloseOnExec(info)) closeSync(descriptor);
  }
}

const O_CLOEXEC = 0o2000000;

function isCloseOnExec(info: string): boolean {
  const flags = /^flags:\s*(\d+)/m.exec(readFileSync(info, "utf8"))?.[1] ?? "0";
  return (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
}
