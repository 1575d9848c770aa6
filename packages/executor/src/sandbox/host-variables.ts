/**
 * What programs of the host are told by their surroundings, told again inside: certificates, time
 * zone, registries. Of a registry its address alone, never what opens it.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The certificates that the host trusts, wherever its distribution keeps them. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
];
/** Each ecosystem looks for them under another name, and some bring their own instead. */
export const CERTIFICATE_VARIABLES = [
  "SSL_CERT_FILE",
  "NODE_EXTRA_CA_CERTS",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "REQUESTS_CA_BUNDLE",
  "PIP_CERT",
  "CARGO_HTTP_CAINFO",
];
export const HOST_VARIABLES =
  "TZ npm_config_registry PIP_INDEX_URL PIP_EXTRA_INDEX_URL GOPROXY".split(" ");

const ZONES = "/usr/share/zoneinfo";
/** Longer, it is a name that nobody gave by hand: somebody's token. */
const TOKEN = /^(?=[^/]*\d)[\w.~=-]{20,}$/;
const CONFIG_LIMIT_CHARS = 1 << 16;

export interface HostSurroundings {
  user_home: string;
  /** By its name in the zone database. */
  time_zone: string;
}

/** For commands with a network: Node 20 reads them at every start, which takes it twice as long. */
export function findCertificates(): Record<string, string> {
  const bundle = BUNDLES.find((file) => existsSync(file));
  if (bundle === undefined) return {};
  return Object.fromEntries(CERTIFICATE_VARIABLES.map((name) => [name, bundle]));
}

export function readHostVariables(host: HostSurroundings): Record<string, string> {
  const found: Record<string, string | null> = {
    TZ: existsSync(join(ZONES, host.time_zone)) ? host.time_zone : null,
    ...registries(host.user_home),
  };
  return Object.fromEntries(
    Object.entries(found).filter((each): each is [string, string] => each[1] !== null),
  );
}

/** Of each tool the first file that names one, as the tool itself ranks them. */
function registries(user_home: string): Record<string, string | null> {
  const of = (...names: string[]) => names.map((name) => join(user_home, name));
  const npm = [...of(".npmrc"), "/etc/npmrc", "/usr/local/etc/npmrc", "/usr/etc/npmrc"];
  const pip = [...of(".config/pip/pip.conf", ".pip/pip.conf"), "/etc/pip.conf"];
  const go = of(".config/go/env");
  return {
    npm_config_registry: settingIn(npm, "registry"),
    PIP_INDEX_URL: settingIn(pip, "index-url"),
    PIP_EXTRA_INDEX_URL: settingIn(pip, "extra-index-url"),
    GOPROXY: settingIn(go, "GOPROXY"),
  };
}

function settingIn(files: string[], name: string): string | null {
  for (const file of files) {
    const addresses = addressesOf(readText(file), name);
    if (addresses !== null) return addresses;
  }
  return null;
}

/** The public addresses that a line `name = …` names; null where it names none. */
export function addressesOf(config: string, name: string): string | null {
  const line = new RegExp(`^[ \\t]*${name}[ \\t]*=(.*)$`, "m").exec(config)?.[1] ?? "";
  const words = line
    .trim()
    .replace(/^(["'])(.*)\1$/, "$2")
    .split(/[\s,|]+/);
  const kept = words.flatMap((word) => publicAddress(word) ?? []);
  return kept.length === 0 ? null : kept.join(name === "GOPROXY" ? "," : " ");
}

/** The address without user and password; null for another kind, or where a part may be a token. */
function publicAddress(word: string): string | null {
  const url = URL.parse(word);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  if (url.search !== "" || url.pathname.split("/").some((part) => TOKEN.test(part))) return null;
  url.username = "";
  url.password = "";
  return url.href;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8").slice(0, CONFIG_LIMIT_CHARS);
  } catch {
    return "";
  }
}
