/** What stands where on this host, for compositions to be made from; read once at start. */
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { findCertificates, type HostSurroundings, readHostVariables } from "./host-variables.ts";

export interface HostLayout {
  /** /bin, /lib and their like: links into /usr, or folders of their own. */
  roots: { path: string; link: string | null }[];
  shell: string;
  variables: Record<string, string>;
  /** Variables for commands with a network. */
  certificates: Record<string, string>;
}

export function readHostLayout(host: HostSurroundings): HostLayout {
  const roots = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"].flatMap((path) => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return [];
    return [{ path, link: found.isSymbolicLink() ? readlinkSync(path) : null }];
  });
  return {
    roots,
    shell: existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh",
    variables: readHostVariables(host),
    certificates: findCertificates(),
  };
}
