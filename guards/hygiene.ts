const longest_source_lines = 400;

/** Hosts of package registries, and addresses of package archives. */
export function registryHosts(text: string): string[] {
  return text.match(/registry\.[\w-]+\.(?:org|com|net|io|dev)\b|https?:\/\/[^\s"']+\.tgz/g) ?? [];
}

/** Absolute paths that exist on the machine of whoever wrote them only. */
export function machinePaths(text: string): string[] {
  return text.match(/(?<![\w.@~/-])\/work\/[\w./-]+/g) ?? [];
}

/** Packages of a lock file that carry the address they came from; links to workspaces do not count. */
export function resolvedUrls(lock: string): string[] {
  const { packages } = JSON.parse(lock) as {
    packages: Record<string, { resolved?: string; link?: boolean }>;
  };
  return Object.keys(packages).filter((name) => packages[name]?.resolved && !packages[name].link);
}

/** Relative links of a Markdown text whose file does not exist. Code is not looked at. */
export function brokenLinks(markdown: string, exists: (target: string) => boolean): string[] {
  const prose = markdown.replaceAll(/^```[^]*?^```|`[^`\n]*`/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target.replace(/#.*$/, ""))
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target) && !exists(target));
}

export function longFiles(sources: readonly (readonly [path: string, text: string])[]): string[] {
  return sources
    .map(([path, text]) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > longest_source_lines)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
}
