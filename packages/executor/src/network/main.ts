/**
 * The process of the proxies. It parses what commands send, so it has neither keys nor ledger, and as
 * root it gives its privileges up before it hears its first order. Started by `proxy-process.ts`, with
 * the line to the executor as descriptor 3 and the folder of the sockets as 4; it ends with that line.
 *
 * It carries the connections of all commands. What one of them throws where nobody catches it is said
 * and survived: connections share nothing but the counts of their proxy, so no other is harmed, and
 * the one is cut by its limits or with its command. To end instead would let any server that finds
 * such a fault cut everybody off. What fails before the first order still ends it.
 */
import { lookup } from "node:dns/promises";
import { connect, Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { readLines, sendLine } from "../lines.ts";
import { createProxies } from "./proxies.ts";
import { ProxyOrder } from "./proxy-protocol.ts";

const LINE = 3;
const FOLDER = "/proc/self/fd/4";

const uid = Number(process.argv[2] ?? 0);
if (uid !== 0) {
  process.setgroups!([]);
  process.setgid!(uid);
  process.setuid!(uid);
}

const line = new Socket({ fd: LINE });
const proxies = createProxies({
  folder: FOLDER,
  outside: {
    resolve: (host) => lookup(host, { all: true, order: "verbatim" }),
    connect: (host, port) => connect({ host, port, allowHalfOpen: true, noDelay: true }),
    ownAddresses: () =>
      Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)),
    clock,
  },
  tell: (news) => sendLine(line, news),
});
line.on("error", () => {}); // its `close` follows
line.on("close", () => process.exit(0));
process.on("uncaughtException", (error) => console.error(error));
readLines(line, (order) => proxies.obey(ProxyOrder.parse(order)));
