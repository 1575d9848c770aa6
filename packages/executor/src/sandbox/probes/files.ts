/**
 * Files of the host, reached by every name that leads out of a workspace. `$secret` lies beside it,
 * as another person's workspace would; `$home` is Mainstay's own folder, `$run` the one of its keys.
 */
import { inArea } from "./probe.ts";

/** Prints what it could read of a file. */
const read = (path: string) => `read -r line < ${path} && echo "$line"`;

/** Names in a folder but for those that lead to the workspace, which bubblewrap makes. */
const list = (folder: string, own: string) =>
  `for path in ${folder}/*; do [ -e "$path" ] && [ "$path" != ${own} ] && echo "$path"; done`;

const exist = (...paths: string[]) =>
  `for path in ${paths.join(" ")}; do [ -e "$path" ] && echo "$path"; done`;

export const FILE_PROBES = inArea("files", [
  { name: "reads no neighbour's file by its path", wall: "root", sh: read('"$secret"') },
  { name: "reads none by a way upwards", wall: "root", sh: read("../neighbour/secret") },
  { name: "reads none through a link in the workspace", wall: "root", sh: read("link-to-secret") },
  {
    name: "reads none through a linked folder",
    wall: "root",
    sh: read("link-to-neighbour/secret"),
  },
  { name: "reads none by its own root", wall: "root", sh: read('"/proc/self/root$secret"') },
  {
    name: "reads none by another path to it",
    wall: "root",
    perl: `symlink($secret, 'made-link'); open(my $file, '<', 'made-link') or return ''; <$file>`,
  },
  {
    name: "writes to no neighbour",
    wall: "root",
    trace: "neighbour/by-path",
    sh: 'echo x > "$bait/neighbour/by-path"',
  },
  {
    name: "writes through no link",
    wall: "root",
    trace: "neighbour/by-link",
    sh: "echo x > link-to-neighbour/by-link",
  },
  {
    name: "writes by no way upwards",
    wall: "root",
    trace: "by-way-upwards",
    sh: "echo x > ../by-way-upwards",
  },
  {
    name: "moves nothing out of the workspace",
    wall: "root",
    trace: "moved",
    perl: "open(my $made, '>', 'moved'); rename('moved', '../moved'); ''",
  },
  { name: "sees nothing in Mainstay's folder", wall: "root", sh: list('"$home"', '"$run"') },
  {
    name: "sees nothing in the folder of its keys",
    wall: "root",
    sh: list('"$run"', '"$bait"'),
  },
  {
    name: "reads no key of Mainstay",
    wall: "root",
    // Its name is enough: what is found is told in reports.
    sh: 'for key in "$home"/*.key "$run"/*.key; do read -r _ < "$key" && echo "$key"; done',
  },
  {
    name: "reads no ledger of Mainstay",
    wall: "root",
    sh: 'true < "$home/exec/exec.db" && echo opened',
  },
  {
    name: "finds no passwords and host keys",
    wall: "root",
    sh: exist("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssl/private", "/etc/ssh"),
  },
  {
    name: "sees no other top of the host",
    wall: "root",
    // Not /srv or /var/lib: workspaces and toolchains may lie there.
    sh: exist(
      "/sys",
      "/boot",
      "/lost+found",
      "/var/log/wtmp",
      "/var/lib/dpkg/status",
      "/var/lib/rpm",
    ),
  },
]);
