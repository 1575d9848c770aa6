import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeAddress } from "../../src/network/addresses.ts";

const reachOf = (address: string, own: string[] = []) => judgeAddress(address, own).reach;

test.each([
  ["public", "8.8.8.8", "1.1.1.1", "203.0.113.80", "198.51.100.1", "192.0.2.1", "172.32.0.1"],
  ["public", "100.63.255.255", "100.128.0.1", "169.253.1.1", "2606:4700::1111", "2001:db8::1"],
  ["public", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2002:808:808::1", "3fff::1"],
  ["private", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fd12::1", "fc00::1"],
  ["private", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2600::5efe:192.168.0.1"],
  ["closed", "127.0.0.1", "127.255.255.255", "0.0.0.0", "169.254.169.254", "100.64.0.1"],
  ["closed", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.0.192", "168.63.129.16"],
  ["closed", "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "fd00:ec2::254"],
  ["closed", "100::1", "2001::1", "64:ff9b:1::808:808", "4000::1", "::2", "0:0:0:0:0:0:0:1"],
  ["closed", "", "example.org", "1.2.3", "0x7f.1", "1.2.3.4.5", "::ffff:1.2.3", "127.1"],
])("%s: %s, %s, %s …", (reach, ...addresses) => {
  expect(addresses.map((address) => [address, reachOf(address)])).toEqual(
    addresses.map((address) => [address, reach]),
  );
});

const octet = fc.integer({ min: 0, max: 255 });
const word = fc.integer({ min: 0, max: 0xffff });
const ipv4 = fc.oneof(
  fc.tuple(octet, octet, octet, octet),
  fc.tuple(fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 224), octet, octet, octet),
  fc.constantFrom([169, 254, 169, 254], [127, 0, 0, 1], [10, 0, 0, 1]),
) as fc.Arbitrary<number[]>;

const hex = (value: number) => value.toString(16);
const high = ([a, b]: number[]) => (a! << 8) | b!;
const low = ([, , c, d]: number[]) => (c! << 8) | d!;

/** Every way in which an IPv6 address carries an IPv4 one, and how it may be written. */
const CARRYING: ((four: number[]) => string)[] = [
  (four) => `::ffff:${four.join(".")}`,
  (four) => `::FFFF:${hex(high(four))}:${hex(low(four))}`,
  (four) => `0:0:0:0:0:ffff:${hex(high(four))}:${hex(low(four))}`,
  (four) => `0000:0000:0000:0000:0000:ffff:${four.join(".")}`,
  (four) => `::ffff:0:${four.join(".")}`,
  (four) => `64:ff9b::${four.join(".")}`,
  (four) => `64:ff9b::${hex(high(four))}:${hex(low(four))}`,
  (four) => `2002:${hex(high(four))}:${hex(low(four))}::1`,
  (four) => `2600:1::5efe:${four.join(".")}`,
  (four) => `2600:1::200:5efe:${four.join(".")}`,
];

test("an IPv4 address is judged alike in all forms of IPv6 that carry it", () => {
  const carrying = fc.constantFrom(...CARRYING);
  fc.assert(
    fc.property(ipv4, carrying, (four, form) => {
      expect(reachOf(form(four))).toBe(reachOf(four.join(".")));
    }),
    { numRuns: 3_000 },
  );
});

test("an IPv6 address is judged alike however it is written", () => {
  const words = fc.array(fc.oneof(word, fc.constant(0)), { minLength: 8, maxLength: 8 });
  const first = fc.constantFrom(0, 0x64, 0x2001, 0x2002, 0x2600, 0xfc00, 0xfe80, 0xff02);
  fc.assert(
    fc.property(words, first, (all, head) => {
      const address = [head, ...all.slice(1)];
      const full = address.map((one) => hex(one).padStart(4, "0")).join(":");
      const short = new URL(`http://[${full}]/`).hostname.slice(1, -1);
      expect(reachOf(short)).toBe(reachOf(full));
      expect(reachOf(full.toUpperCase())).toBe(reachOf(full));
      expect(reachOf(short, [full])).not.toBe("public");
    }),
    { numRuns: 3_000 },
  );
});

test("an address of this machine itself is not public, in any form", () => {
  const own = ["198.51.100.7", "2600::7"];
  for (const address of ["198.51.100.7", "::ffff:198.51.100.7", "2600:0::0:7"]) {
    expect([reachOf(address), reachOf(address, own)]).toEqual(["public", "private"]);
  }
});
