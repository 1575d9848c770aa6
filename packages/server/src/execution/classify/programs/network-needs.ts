/** How such a reason ends; who is asked hears it before anything else. */
export const NEEDS_NETWORK = "needs the network";

const TALKERS: ReadonlySet<string> = new Set([
  ..."curl wget nc ncat netcat socat telnet ftp sftp scp ssh dig host nslookup ping".split(" "),
]);
const FETCHES = "install i ci add update up upgrade audit outdated view info publish search login";
const IMAGES = "pull push login search";
/** First words by which programs fetch or send; the rest of what they do stays on this machine. */
const DEEDS: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({
    ...{
      npm: `${FETCHES} create init ping`,
      pnpm: `${FETCHES} dlx`,
      bun: "install i add update x",
    },
    ...{ yarn: "install add upgrade up dlx audit", git: "push fetch clone pull ls-remote" },
    ...{ pip: "install download search", pip3: "install download search", docker: IMAGES },
    ...{ podman: IMAGES, apt: "install update upgrade", "apt-get": "install update upgrade" },
    ...{ brew: "install update upgrade", cargo: "install publish search", go: "get install" },
  }).map(([name, words]) => [name, new Set(words.split(" "))]),
);

/** By its words alone. */
export function needsNetwork(name: string, words: readonly string[]): boolean {
  if (TALKERS.has(name)) return true;
  const deeds = Object.hasOwn(DEEDS, name) ? DEEDS[name] : undefined;
  const first = words.find((word) => !word.startsWith("-"));
  if (first === undefined) return name === "yarn" && words.length === 0;
  return deeds?.has(first) === true;
}
