/**
 * Where an address leads, whatever it is written as. An IPv6 address that carries an IPv4 one is judged
 * by what it carries. Networks that only documentation has (TEST-NET) are as public as any.
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";

/** `private`: only where an admin said so of the host; `closed`: never. */
export type Verdict = { reach: "public" } | { reach: "private" | "closed"; what: string };

/** In order, the first that holds answers. */
const NETWORKS: readonly [reach: "private" | "closed", what: string, ...networks: string[]][] = [
  [
    "closed",
    "a cloud's metadata address",
    ...["169.254.169.254/32", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32"],
    ...["fd00:ec2::254/128", "fd20:ce::254/128"],
  ],
  ["closed", "a loopback address", "127.0.0.0/8", "::1/128"],
  ["closed", "no address of a host", "0.0.0.0/8", "::/128"],
  ["closed", "a link-local address", "169.254.0.0/16", "fe80::/10", "fec0::/10"],
  ["closed", "an address shared by a carrier's customers", "100.64.0.0/10"],
  ["closed", "a multicast or broadcast address", "224.0.0.0/4", "255.255.255.255/32", "ff00::/8"],
  [
    "closed",
    "an address for special use",
    ...["192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4"],
    // Local translation prefixes, discard, Teredo: what they lead to cannot be told.
    ...["64:ff9b:1::/48", "100::/64", "2001::/32"],
  ],
  ["private", "an address of a private network", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  ["private", "an address of a private network", "fc00::/7"],
];

const LISTS = NETWORKS.map(([reach, what, ...networks]) => ({
  verdict: { reach, what },
  holds: listOf(networks),
}));

/** What is neither in a table nor one of these has no public host. */
const isGlobal = listOf(["2000::/3"]);

/** `own` are the addresses of this machine: what listens on them is as private as a network inside. */
export function judgeAddress(text: string, own: readonly string[]): Verdict {
  const address = addressIn(text);
  if (!isIPv4(address) && !isIPv6(address)) return { reach: "closed", what: "no address" };
  const listed = LISTS.find(({ holds }) => holds(address))?.verdict;
  if (listed !== undefined) return listed;
  if (!isIPv4(address) && !isGlobal(address)) {
    return { reach: "closed", what: "an address for special use" };
  }
  if (own.some((one) => isSame(addressIn(one), address))) {
    return { reach: "private", what: "an address of this machine itself" };
  }
  return { reach: "public" };
}

/** The words after which an IPv4 address is carried: compatible, mapped, translated, NAT64, 6to4. */
const CARRIERS: readonly number[][] = [
  [0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0, 0xffff],
  [0, 0, 0, 0, 0xffff, 0],
  [0x64, 0xff9b, 0, 0, 0, 0],
  [0x2002],
];

/** The IPv4 address that an IPv6 address carries, else the address itself without its zone. */
function addressIn(text: string): string {
  if (!isIPv6(text)) return text;
  const plain = text.replace(/%.*$/, "");
  const words = wordsOf(plain);
  if (words.slice(0, 7).every((word) => word === 0) && words[7]! <= 1) return plain; // :: and ::1
  const carrier = CARRIERS.find((prefix) => prefix.every((word, at) => word === words[at]));
  const at = carrier?.length ?? (isIsatap(words) ? 6 : null);
  if (at === null) return plain;
  return [words[at]!, words[at + 1]!].flatMap((word) => [word >> 8, word & 0xff]).join(".");
}

/** `::5efe:a.b.c.d` as the interface's part, below any network. */
const isIsatap = (words: number[]): boolean => (words[4]! & 0xfdff) === 0 && words[5] === 0x5efe;

/** The eight sixteen-bit words of an IPv6 address. */
function wordsOf(address: string): number[] {
  const hexadecimal = address.replace(/\d+\.\d+\.\d+\.\d+$/, (dotted) => {
    const [a, b, c, d] = dotted.split(".").map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head, tail] = hexadecimal.split("::").map(wordsIn) as [number[], number[] | undefined];
  if (tail === undefined) return head;
  const left_out = Array.from({ length: 8 - head.length - tail.length }, () => 0);
  return [...head, ...left_out, ...tail];
}

const wordsIn = (part: string): number[] =>
  part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16));

const isSame = (one: string, other: string): boolean =>
  isIPv6(one) === isIPv6(other) &&
  (isIPv6(one) ? String(wordsOf(one)) === String(wordsOf(other)) : one === other);

function listOf(networks: string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address, bits] = network.split("/") as [string, string];
    list.addSubnet(address, Number(bits), isIPv4(address) ? "ipv4" : "ipv6");
  }
  return (address) => list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}
