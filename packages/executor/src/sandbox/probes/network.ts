/** Ways to talk to somebody: on the host, in its network, in another sandbox. */
import { inArea } from "./probe.ts";

const connect = (family: string, address: string) =>
  `socket(my $to, ${family}, SOCK_STREAM, 0) or return ''; connect($to, ${address}) ? 'connected' : ''`;

export const NETWORK_PROBES = inArea("network", [
  {
    name: "has no interface but its own loopback",
    wall: "network namespace",
    perl: `join ' ', grep { $_ ne 'lo' } map { /^\\s*(\\S+?):/ } rows('/proc/net/dev')`,
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
    perl: connect("PF_INET", "pack_sockaddr_in($port, INADDR_LOOPBACK)"),
  },
  {
    name: "reaches no abstract socket of the host",
    wall: "network namespace",
    perl: connect("PF_UNIX", 'pack_sockaddr_un("\\0$abstract")'),
  },
  {
    name: "reaches no socket of Mainstay",
    wall: "root",
    perl: `my @open = grep { socket(my $to, PF_UNIX, SOCK_STREAM, 0)
      && connect($to, pack_sockaddr_un($_)) } grep { length($_) < 107 } glob("'$run'/*.sock"); "@open"`,
  },
  {
    name: "finds no sockets where hosts keep them",
    wall: "root",
    perl: `join ' ', grep { -S } map { glob("'$_'/{*,.*,*/*}") } qw(/run /tmp /var/tmp /dev/shm /home), $run`,
  },
]);
