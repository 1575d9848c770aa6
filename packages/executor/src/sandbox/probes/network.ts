/** Ways to talk to somebody: on the host, in its network, in another sandbox. */
import { inArea } from "./probe.ts";

const AF_UNIX = 1;
const AF_INET = 2;
const SOCK_STREAM = 1;

/** Spelled out, because not every perl comes with its module of sockets. */
const connect = (family: number, address: string) =>
  `do { my $to; socket($to, ${family}, ${SOCK_STREAM}, 0)
    && connect($to, pack(${address})) ? 'connected' : '' }`;

const unixAddress = (path: string) => `'S a*', ${AF_UNIX}, ${path}`;

/** The kernel puts them into new network namespaces by itself: down, and without addresses. */
const FALLBACKS = "tunl0|sit0|ip6tnl0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|ip6gre0";

export const NETWORK_PROBES = inArea("network", [
  {
    name: "has no interface but its own loopback",
    wall: "network namespace",
    perl: `join ' ', grep { !/^(?:lo|${FALLBACKS})$/ } map { /^\\s*(\\S+?):/ } rows('/proc/net/dev')`,
  },
  {
    name: "has no route",
    wall: "network namespace",
    // Below the names of its columns.
    perl: `my (undef, @routes) = rows('/proc/net/route'); join ' ', map { (split)[0] } @routes`,
  },
  {
    name: "reaches no server on the host's loopback",
    wall: "network namespace",
    perl: connect(AF_INET, `'S n C4 x8', ${AF_INET}, $port, 127, 0, 0, 1`),
  },
  {
    name: "reaches no abstract socket of the host",
    wall: "network namespace",
    perl: connect(AF_UNIX, unixAddress('"\\0$abstract"')),
  },
  {
    name: "reaches no socket of Mainstay",
    wall: "root",
    perl: `join ' ', grep { ${connect(AF_UNIX, unixAddress("$_"))} } grep { length($_) < 107 } glob("'$run'/*.sock")`,
  },
  {
    name: "finds no sockets where hosts keep them",
    wall: "root",
    perl: `join ' ', grep { -S } map { glob("'$_'/{*,.*,*/*}") } qw(/run /tmp /var/tmp /dev/shm /home), $run`,
  },
]);
