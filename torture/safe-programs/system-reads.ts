/** What programs read by themselves, wherever they are called: not what a script made them read. */

const OF_ALL = [
  /^\/etc\/ld\.so\.(cache|preload)$/,
  /^(\/usr)?\/lib(32|64|x32)?(\/[^/]+)*\/lib[^/]*\.so[^/]*$/,
  /^(\/usr)?\/lib(\/[^/]+)?\/(glibc-hwcaps|gconv|tls|x86_64|aarch64)(\/|$)/,
  /^\/proc\/(self|\d+)\/maps$/,
  /^\/usr\/lib\/locale(\/|$)/,
  /^\/usr\/share\/(locale|locale-langpack)(\/|$)/,
  /^\/etc\/localtime$|^\/usr\/share\/zoneinfo(\/|$)/,
  /^(\/usr(\/local)?)?\/s?bin(\/[^/]*)?$/,
  /^\/proc\/filesystems$|^\/sys\/fs\/selinux$|^\/selinux$|^\/etc\/selinux\/config$/,
];

/** Names of users and groups, and where to look for them. */
const NAMES = /^\/etc\/(nsswitch\.conf|passwd|group)$|^\/$|^\/proc\/sys\/kernel\/ngroups_max$/;

const NAMERS = "bash dir find git groups id logname ls ps stat tar users vdir whoami".split(" ");
/** Their own modules, and what they want to know of the machine before they begin. */
const INTERPRETED =
  /^\/usr(\/|$)|^\/etc\/(perl|python[\d.]*|java[\w-]*|ssl|npmrc|xdg|alternatives)(\/|$)|^\/etc\/pip\.conf$|^\/(tmp\/)?package\.json$|^\/etc$|^\/dev\/urandom$|^\/proc\/|^\/sys\/|^\/home\/agent(\/|$)/;
const TOOLCHAIN = /^\/usr(\/|$)|^\/lib(\/|$)|^\/etc(\/alternatives(\/|$)|$)/;
const MACHINE =
  /^\/proc(\/|$)|^\/sys\/|^\/(usr\/)?lib(\/|$)|^\/(var\/)?run\/(utmpx?|systemd)|^\/dev\/pts|^\/etc\/(mtab|fstab|hostname|os-release)$/;
const GIT =
  /^\/etc\/git(config|attributes)$|^\/home\/agent\/(\.gitconfig|\.config\/git\/\w+)$|^\/proc\/stat$|^\/sys\/devices\/system\/cpu\/online$|^\/usr\/lib\/git-core\//;

const OF: Record<string, RegExp> = {
  ...of("shasum yq node npm npx python python3 pip pip3 perl ruby java javac", INTERPRETED),
  ...of("ar c++ cc clang g++ gcc ld nm objdump readelf size strings", TOOLCHAIN),
  ...of("free getconf hostname lscpu nproc ps sort tree uname uptime users which", MACHINE),
  ...of("find", /^\/proc\/(self|\d+)\/mountinfo$/),
  // Every mount of the sandbox is looked at.
  ...of("df", /^\//),
  ...of("git", GIT),
  ...of(
    "file",
    /^\/etc\/magic(\.|$)|^\/usr\/(share|lib)\/(misc|file)\/magic|^\/home\/agent\/\.magic/,
  ),
  ...of("locale", /^\/usr\/share\/i18n(\/|$)/),
  ...of("jq", /^\/home\/agent\/\.jq$/),
  ...of("logname", /^\/proc\/(self|\d+)\/loginuid$|^\/(var\/)?run\/utmpx?$/),
};

function of(programs: string, paths: RegExp): Record<string, RegExp> {
  return Object.fromEntries(programs.split(" ").map((program) => [program, paths]));
}

export function isSystemRead(path: string, program: string): boolean {
  if (OF_ALL.some((known) => known.test(path))) return true;
  return (NAMERS.includes(program) && NAMES.test(path)) || OF[program]?.test(path) === true;
}
