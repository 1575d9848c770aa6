/** What the generated programs are made of: names of `planted.ts`, and what attackers would name. */

export const FILES = (
  "a.txt b.txt names.txt op.txt v.txt sums.txt a.bin.gz a.bin.xz a.bin.bz2 d.csv package.json log.txt a.bin a.tar a.zip p.b64 f.txt list.txt list0 " +
  "src/app.ts src/b.ts src/lib/util.ts docs/readme.md .rc .hidden src docs . ./ ./a.txt src/../a.txt " +
  "inlink deep deep/.. indir indir/app.ts prog.awk prog.sed prog.jq env.sh x ./x missing.txt vendor/pkg bare"
).split(" ");

/** Where `cd` goes: plainly, through a link, into a repository with settings of its own. */
export const FOLDERS =
  "src src/lib docs indir deep ./indir/ src/../indir vendor/pkg pkg @ROOT@/pkg bare".split(" ");

export const OUTSIDE = (
  "/etc/hosts /etc/passwd /etc / /root /proc/self/environ /proc/1/cmdline /usr/share/doc /tmp ../ .. " +
  "../../etc/passwd src/../../x ~ ~/x ~root ~+ ~- outfile outdir outdir/passwd chain up up/x proc " +
  "proc/environ docs/out src/lib/../../../x /dev/stdin /dev/fd/0 /dev/zero /dev/tty /dev/tcp/127.0.0.1/1 " +
  "@ROOT@/../x @ROOT@/outfile file:///etc/passwd host:file http://127.0.0.1/ //etc/hosts"
).split(" ");

export const HOSTILE_NAMES = [
  "-o",
  "-oPWNED",
  "--output=PWNED",
  "-exec",
  "-f",
  "-c",
  "-v",
  "-R",
  "-d",
  "--check",
  "--file=outfile",
  "!.tar",
  "--checkpoint=1",
  "--checkpoint-action=exec=sh x",
  "@options",
  "--files0-from=list0",
  "--compress-program=./x",
  "--pre=./x",
  '-e system("./x")',
  "$(./x)",
  "`./x`",
  "a;b",
  "a b.txt",
  "new\nline",
  "*",
  "[a]",
  "é.txt",
];

/** What an option may be given. */
export const VALUES = (
  "PWNED out/PWNED ./x x a.txt src/app.ts list0 /etc/hosts ../x outfile cat sh id 1 -1 10 +2 0 2,3 " +
  "always never json : , *.ts e.* main HEAD a=b %s %p NAME file.txt auto long iso now yesterday"
).split(" ");

export const TEXTS = [
  ..."hello needle x . ^a foo|bar TODO import [a-z]+ a\\b e.l".split(" "),
  "eval\\(",
  "a; b | c && d > e",
  "$(./x)",
  "`./x`",
  "${IFS}",
  "$HOME",
  "50% off",
  "it's",
  'say "hi"',
  "back\\slash",
  "!!",
  "#no comment",
  "{a,b}",
  "~",
];

/** Parameters of a program that are programs themselves. */
export const INNER: Record<string, readonly string[]> = {
  awk: [
    "{print}",
    "{print $1}",
    "NR>1{s+=$3} END{print s}",
    "/a/{n++} END{print n}",
    'BEGIN{system("./x")}',
    '/call/ {print "cat() { :; }"}',
    'BEGIN{print "x" > "PWNED"}',
    'BEGIN{"./x"|getline x}',
    '{print | "cat"}',
    'BEGIN{while((getline l < "/etc/hosts")>0) print l}',
    'BEGIN{getline < "outfile"; print}',
    'BEGIN{printf "x" >> "PWNED"}',
    'BEGIN{ARGV[1]="/etc/hosts"; ARGC=2}{print}',
    'BEGIN{print ENVIRON["HOME"]}',
    "{a=$1>2; print a}",
    "{print $1>$2}",
    "{print length($0) > 5}",
    '@include "x"',
  ],
  sed: [
    "p",
    "1,5p",
    "$p",
    "s/a/b/",
    "s/a/b/g",
    "s,a,b,gp",
    "s/x/id/e",
    "s/a/b/w PWNED",
    "s/a/b/gw PWNED",
    "w PWNED",
    "1e ./x",
    "e",
    "r /etc/hosts",
    "R outfile",
    "W PWNED",
    "/a/,/b/p",
    "/a/w PWNED",
    "1!G;h;$!d",
    "y/abc/xyz/",
    "s|a|b|;w PWNED",
    "/a/{p;w PWNED\n}",
    "a\\\nw PWNED",
    "s/[/]/w PWNED/",
    "$!N;P;D",
    "\\,a,p",
    "q5",
    "F",
    "v",
    "=",
    "10q",
  ],
  jq: [
    ".",
    ".scripts",
    ".scripts | keys[]",
    "input",
    "env",
    "$ENV.PATH",
    "input_filename",
    'import "x" as x; .',
    'include "x"; .',
    "@sh",
    "[inputs]",
    "$__loc__",
    "debug",
    "input_line_number",
    "halt_error",
  ],
};

export const FIND_EXPRESSIONS = (
  "-name *.ts|-type f|-maxdepth 2|-newer a.txt|-size +1k|-print|-print0|-ls|-prune|-o|-not -name x|! -path ./src|" +
  "-exec cat {} ;|-exec ./x {} ;|-exec grep -l a {} +|-execdir cat {} ;|-ok cat {} ;|-delete|-fprint PWNED|" +
  "-fprintf PWNED %p|-fls PWNED|-fprint0 PWNED|-printf %p\\n|-follow|-empty|-regex .*|-iname A*|-perm -4000|" +
  "-files0-from list0|-newerXY x|-newermt 2020-01-01|-samefile outfile|-user root|-quit|-exec sh -c id ;|-mount|" +
  "-exec rm {} ;|-exec echo x {} ;|-depth|-daystart|-fstype ext4|-lname /etc*"
).split("|");

export const GIT = (
  "status|status -s|status --porcelain|log|log --oneline|log -p|log -3|log --stat|log --format=%H|log --author=a|" +
  "log --output=PWNED|log --outp=PWNED|log --ext-diff -p|log --textconv -p|log -G a|log -S a|log -L1,2:a.txt|" +
  "log --show-signature|log --format=%G?|show|show HEAD|show HEAD:a.txt|show --stat|diff|diff HEAD|diff --stat|" +
  "diff HEAD~1|diff --cached|diff --no-index a.txt b.txt|diff --no-index a.txt /etc/hosts|diff --output=PWNED|" +
  "diff --ext-diff|diff --textconv|diff --out PWNED|diff -O PWNED|diff -- a.txt|branch|branch -a|branch -v|branch new|" +
  "branch -D main|branch --list|branch -m x|branch --edit-description|branch --format=%(refname)|tag|tag -l|tag -n|tag v1|tag -d v0|tag -v v0|" +
  "remote|remote -v|remote show origin|remote update|remote add x y|remote get-url origin|stash|stash list|stash show|" +
  "stash show -p|config --get user.name|config -l|config user.name x|config --list --show-origin|config --file /etc/hosts -l|" +
  "config --edit|config get user.name|config --get-regexp .|config --blob HEAD:a.txt -l|config --global -l|rev-parse HEAD|" +
  "rev-parse --show-toplevel|rev-parse --git-dir|rev-parse --git-path x|rev-parse --parseopt|ls-files|ls-files -o|" +
  "ls-files --others --exclude-from=/etc/hosts|ls-files -z|ls-tree HEAD|ls-tree -r HEAD|ls-remote|ls-remote .|ls-remote ./bare|" +
  "ls-remote ext::./x|blame a.txt|blame --contents /etc/hosts a.txt|blame -L1,2 a.txt|blame --ignore-revs-file /etc/hosts a.txt|grep a|grep -n a|grep -O./x a|" +
  "grep !cat() { :; }|grep --open-files-in-pager=./x a|grep --no-index a|grep -f /etc/hosts|grep --no-index a /etc/hosts|cat-file -p HEAD|" +
  "cat-file --batch|cat-file --textconv HEAD:a.txt|cat-file --filters HEAD:a.txt|cat-file -t HEAD|describe|describe --dirty|describe --tags --always|" +
  "shortlog|shortlog -sn HEAD|reflog|reflog show|reflog expire --all|reflog delete HEAD@{0}|for-each-ref|for-each-ref --shell|" +
  "rev-list HEAD|rev-list --count HEAD|merge-base HEAD HEAD|name-rev HEAD|count-objects|count-objects -v|check-ignore a.txt|check-attr -a a.txt|" +
  "submodule|submodule status|submodule foreach ./x|worktree list|worktree add w|notes|notes show|bisect log|bisect run ./x|" +
  "archive HEAD|archive -o PWNED HEAD|archive --output=PWNED HEAD|format-patch -1|format-patch -1 --stdout|bundle create PWNED HEAD|" +
  "fsck|fsck --lost-found|gc|add a.txt|commit -m x|checkout a.txt|restore a.txt|reset|clean -n|clean -fd|fetch|pull|push|init|" +
  "apply --check p|apply p|am p|hash-object a.txt|hash-object -w a.txt|update-index --refresh|write-tree|show-ref|show-ref --head|symbolic-ref HEAD|" +
  "symbolic-ref HEAD x|var GIT_EDITOR|var -l|help|help log|--version|version|--help|--exec-path=. status|--html-path|whatchanged|diff-tree HEAD|diff-tree -p HEAD|diff-index HEAD|" +
  "diff-files|diff-files -p|range-diff HEAD HEAD HEAD|cherry|st|lg|x|instaweb|difftool|mergetool|difftool -x ./x -y|replace -l|show-branch|" +
  "verify-commit HEAD|interpret-trailers a.txt|interpret-trailers --in-place a.txt|column|stripspace|mailinfo m p|get-tar-commit-id|" +
  "diff --src-prefix=x|log --decorate|log --graph --all|log -1 --pretty=fuller|log -- a.txt|log main -- .|show -s|show --no-patch|ls-files -m|show --format=%an HEAD"
).split("|");

export const GIT_GLOBALS = (
  "-C src|-C vendor/pkg|-C bare|-C outdir|-C ..|-c core.pager=./x|-c core.fsmonitor=./x|-c alias.st=!./x|-c diff.external=./x|" +
  "-c color.ui=always|-p|--paginate|-P|--no-pager|--git-dir=bare|--git-dir bare|--work-tree=..|--exec-path=.|--namespace=x|" +
  "--no-optional-locks|--literal-pathspecs|--bare|--config-env=core.pager=HOME|--no-replace-objects|--attr-source=HEAD|--super-prefix=x"
).split("|");

export const ASSIGNMENTS = (
  "LC_ALL=C|LANG=C|X=1|PATH=.|PAGER=./x|GIT_PAGER=./x|GIT_EXTERNAL_DIFF=./x|GIT_DIR=bare|GIT_CONFIG_COUNT=0|GIT_TRACE=@ROOT@/PWNED|" +
  "LD_PRELOAD=./x|BASH_ENV=./env.sh|ENV=./env.sh|IFS=/|TZ=UTC|TZ=/etc/hosts|PS4=$(./x)|CDPATH=/|HOME=.|LESSOPEN=|TMPDIR=.|" +
  "RIPGREP_CONFIG_PATH=.rc|JQ_COLORS=1|POSIXLY_CORRECT=1|COLUMNS=80|LS_COLORS=x|X=$(./x)|a[$(./x)]=1|PERL5OPT=-Mx|MAGIC=/etc/hosts|" +
  "FOO=~/x|EDITOR=./x|GREP_OPTIONS=-r|TAR_OPTIONS=--checkpoint-action=exec=./x|UNZIP=-d|ZIPINFO=-h|XZ_OPT=-k|GZIP=-k|BLOCK_SIZE=1|TIME_STYLE=iso|" +
  "NLSPATH=.|LOCPATH=.|GCONV_PATH=.|GETCONF_DIR=.|LD_LIBRARY_PATH=.|GIT_OPTIONAL_LOCKS=1|SHELLOPTS=xtrace|BASHOPTS=extglob|NODE_OPTIONS=--require=./x"
).split("|");

export const REDIRECTIONS = (
  ">/dev/null|2>/dev/null|2>&1|&>/dev/null|>&2|</dev/null|<a.txt|< src/app.ts|2>&1 >/dev/null|>PWNED|>>PWNED|>|PWNED|&>PWNED|>&PWNED|" +
  "2>PWNED|<>PWNED|<>a.txt|{fd}>PWNED|{fd}<a.txt|3>PWNED|>/dev/null/../PWNED|> /dev/stdout|>/dev/stderr|>/dev/fd/1|>/dev/tty|" +
  '</etc/hosts|<outfile|< ../x|<<<hello|<<<$(./x)|<<<"$(cat a.txt)"|>&-|<&-|>&3|1>&2-|>/dev/tcp/127.0.0.1/1|</dev/tcp/127.0.0.1/1|>$X|>"$(echo PWNED)"|' +
  "<(./x)|> >(cat)|>'PWNED'|>P*|>~/PWNED|>src/../PWNED|>//dev/null|>/dev//null|>/dev/./null|>/dev/{null,zero}|>$'/dev/null'|>\"/dev/null\"|>/dev/nul\\l"
).split("|");

export const EXPANSIONS = (
  "$X|${X}|$HOME|$(pwd)|$(cat a.txt)|`cat a.txt`|$(./x)|`./x`|$(<a.txt)|$(</etc/hosts)|${X:-a.txt}|${X:-$(./x)}|${X:=y}|${!X}|${X@P}|${#X}|" +
  "${X/a/b}|${X:0:1}|$((1+1))|$((a[$(./x)]))|$(( $(./x) ))|$[1+1]|<(cat a.txt)|>(cat)|<(./x)|*.txt|*|?.txt|[ab].txt|src/*.ts|**/*.ts|outdir/*|*/passwd|" +
  '/etc/host?|{a,b}.txt|{a.txt,/etc/hosts}|{1..3}|{.,}/etc/hosts|@(a|b).txt|!(x)|~/x|~root|$\'a.txt\'|$\'\\x2fetc/hosts\'|$"a.txt"|"$X"|"${X}"|"$(cat a.txt)"|' +
  '"$@"|$*|$1|$#|$$|$?|$!|$_|$0|$-|${PIPESTATUS[0]}|${BASH_SOURCE}|"${X:-"$(./x)"}"|${X:-\'}\'}|${X-{a,b}}|"${X-\'$(./x)\'}"|${X:+/etc/hosts}|${X%/*}|${a[$(./x)]}|' +
  "-{o,n}|{-o,PWNED}|-o{PWNED,x}|-{-output=PWNED,n}|[-]o|*o"
).split("|");

export const WRAPPERS = (
  "env|env -i|env X=1|env -S|env -u X|env -C /|env PATH=.|env --|nice|nice -n 5|timeout 5|timeout -s KILL 5|timeout --foreground 5|nohup|stdbuf -oL|time|time -p|command|" +
  "command -v|command -p|command --|builtin|exec|exec -a x|exec -c|eval|setsid|ionice|chroot .|xargs|xargs -n1|xargs -I{}|xargs -a list.txt|xargs -0|xargs -p|xargs -r|" +
  "sudo|doas|strace|watch|coproc|!|busybox|type|which|hash|trap|source|.|bash|sh|script -c|parallel|flock x|unshare|taskset 1|ltrace|setarch|time --|\\command|noglob|nocorrect|function"
).split("|");

/** Beyond the classifier's own lists: what reads, and what only seems to. */
export const OTHER_PROGRAMS = (
  "tee dd cp mv rm touch mkdir ln install truncate split csplit shred chmod sponge ed ex vi patch perl python3 node ruby php make npm npx curl wget nc ssh " +
  "less more man info script bat fd ack ag fzf xmllint gpg openssl zip unzip gzip gunzip zcat xz bzip2 7z rsync scp crontab at kill pkill mount " +
  "declare export readonly local set shopt alias unset read mapfile printf let test [ pushd popd dirs umask ulimit wait jobs bg disown enable complete compgen bind history fc"
).split(" ");
