#!/usr/bin/perl
# mount-namespace.pl NAME=VALUE... 3<WORKSPACE 4<OPENING...
#
# Makes a mount namespace that holds what the sandboxes of one workspace are made from and nothing
# else of the host, says "ready", and waits for the end of its input: the caller opens /proc/PID/ns/mnt
# meanwhile, and the namespace lives as long as that descriptor.
#
#   /sandbox     the sandbox's root: /usr read-only, `etc`, a /dev of its own, empty folders
#   /cache       the workspace's cache, which shown_id owns on disk
#   /net         the folder in which sockets of its commands' networks come and go
#   /workspace   the folder that is open as descriptor 3, with all that is mounted below it, idmapped:
#                what owner_uid and owner_gid own on disk appears as owned by shown_id, and what
#                shown_id makes there lands on disk as the owner's. Only files of the owner are mapped;
#                those of others show as nobody's.
#   /openings/N  folders that are opened for one command, in the order of their descriptors from 4 on:
#                idmapped as the workspace is, each by its own owner, and read-only
#   /proc, and links to what bubblewrap itself is loaded from
#
# Names: owner_uid, owner_gid, shown_id; path (of the workspace inside); etc, cache and network (folders
# to bind) and network_place (of a command's socket inside); ripgrep (the program, or empty) and
# ripgrep_place; openingN (UID:GID:PATH: the owner of an opening, and where it appears inside); and as
# lists with colons: empty (folders), roots (of the host: bin, lib64), large_etc (folders of the host's
# /etc that are bound over `etc`), opt_toolchains and home_toolchains (where each is, and where it
# appears; what is in a home root may have closed to others, so that root's files there appear as owned
# by shown_id, where they can).
#
# One folder with everything in it costs bubblewrap one bind, and it reads the table of all mounts for
# each: among the mounts of a busy host, bind by bind, a command took it twice the time.
#
# Needs root, Linux 5.12 and a file system that can be idmapped (ext4, xfs, btrfs, tmpfs since 6.3).
# Exits 0 at the end of its input, else 1 with the reason on stderr.
use strict;
use warnings;
use POSIX ();

my %of = map { split /=/, $_, 2 } @ARGV;
my @missing = grep { !defined $of{$_} } qw(owner_uid owner_gid shown_id path etc cache network
    network_place ripgrep ripgrep_place empty roots large_etc opt_toolchains home_toolchains);
die "missing: @missing\n" if @missing;

# Younger calls have one number on all architectures of Linux, these have not.
my %numbers_of = (
    x86_64  => { unshare => 272, pivot_root => 155, umount2 => 166 },
    aarch64 => { unshare => 97,  pivot_root => 41,  umount2 => 39 },
);
my $machine = (POSIX::uname())[4];
my $number_of = $numbers_of{$machine} or die "mount namespaces: no support for $machine\n";
my ($SYS_open_tree, $SYS_move_mount) = (428, 429);
my ($SYS_fsopen, $SYS_fsconfig, $SYS_fsmount) = (430, 431, 432);
my $SYS_mount_setattr = 442;

my ($CLONE_NEWNS, $CLONE_NEWUSER) = (0x20000, 0x10000000);
my ($AT_FDCWD, $AT_EMPTY_PATH, $AT_RECURSIVE) = (-100, 0x1000, 0x8000);
my ($OPEN_TREE_CLONE, $OPEN_TREE_CLOEXEC) = (0x1, 0x80000);
my $MOVE_MOUNT_F_EMPTY_PATH = 0x4;
my ($FSOPEN_CLOEXEC, $FSMOUNT_CLOEXEC) = (0x1, 0x1);
my ($FSCONFIG_SET_STRING, $FSCONFIG_CMD_CREATE) = (1, 6);
my ($RDONLY, $NOSUID, $NODEV, $IDMAP) = (0x1, 0x2, 0x4, 0x100000);
my $MS_PRIVATE = 1 << 18;
my $MNT_DETACH = 2;
my ($WORKSPACE, $FIRST_OPENING) = (3, 4);

my @DEVICES = qw(null zero full random urandom tty);
# A mount point that every host has, that is no link, and whose content is opened before it is covered.
my $COVERED = '/proc';

umask 022;
my $owners = user_namespace($of{owner_uid}, $of{owner_gid});
my $own_tools = $of{home_toolchains} eq '' ? undef : user_namespace(0, 0);
my $workspace = open_tree($WORKSPACE, '', $AT_EMPTY_PATH | $AT_RECURSIVE);
set_attributes('idmap the workspace and what is mounted in it', $workspace, $AT_RECURSIVE,
    $IDMAP | $NOSUID | $NODEV, fileno $owners);
my @openings = map { [split /:/, $_, 3] } map { $of{"opening$_"} // () } 0 .. keys %of;
my @opened = map { open_opening($FIRST_OPENING + $_, @{$openings[$_]}) } 0 .. $#openings;

check('make a mount namespace', syscall($number_of->{unshare}, $CLONE_NEWNS));
make_private('/');
my $proc = open_tree($AT_FDCWD, '/proc', $AT_RECURSIVE);
my $root = new_file_system('tmpfs', $NOSUID | $NODEV, mode => '0755', size => '1m');
attach($root, $COVERED);
chdir $COVERED or die "$COVERED: $!\n";

make_folders(qw(sandbox workspace cache net proc tmp), map { "openings/$_" } 0 .. $#openings);
attach($opened[$_], "openings/$_") for 0 .. $#openings;
attach($workspace, 'workspace');
bind_tree($of{cache}, 'cache', $NODEV);
bind_tree($of{network}, 'net', $RDONLY | $NODEV);
attach($proc, 'proc');
for my $name ('usr', 'etc', listed('roots')) {
    symlink("sandbox/$name", $name) or die "$name: $!\n";
}

my $sandbox = new_file_system('tmpfs', $NOSUID | $NODEV, mode => '0755', size => '1m');
attach($sandbox, 'sandbox');
chdir 'sandbox' or die "sandbox: $!\n";
make_folders(qw(usr etc dev), listed('empty'), map { inside($_) } $of{path}, map { $_->[2] } @openings);
bind_tree('/usr', 'usr', $RDONLY | $NODEV);
for my $name (listed('roots')) {
    if (-l "/$name") {
        symlink(readlink("/$name"), $name) or die "$name: $!\n";
    } else {
        make_folders($name);
        bind_tree("/$name", $name, $RDONLY | $NODEV);
    }
}
bind_tree($of{etc}, 'etc', $RDONLY | $NODEV);
for my $name (grep { -d "/etc/$_" } listed('large_etc')) {
    bind_tree("/etc/$name", "etc/$name", $RDONLY | $NODEV);
}
bind_toolchains(undef, listed('opt_toolchains'));
bind_toolchains($own_tools, listed('home_toolchains'));
make_file(inside($of{network_place}));
bind_ripgrep() if $of{ripgrep} ne '';
make_devices();
set_attributes('close the sandbox', $sandbox, 0, $RDONLY);

chdir '..' or die "$COVERED: $!\n";
set_attributes('close the root', $root, 0, $RDONLY);
check('pivot_root', syscall($number_of->{pivot_root}, my $here = '.', my $old = '.'));
check('umount', syscall($number_of->{umount2}, $here, $MNT_DETACH));

$| = 1;
print "ready\n";
sysread STDIN, my $end, 1;
exit 0;

sub listed { my ($name) = @_; return split /:/, $of{$name} }

sub open_opening {
    my ($descriptor, $uid, $gid, $path) = @_;
    my $tree = open_tree($descriptor, '', $AT_EMPTY_PATH | $AT_RECURSIVE);
    my $owners = user_namespace($uid, $gid);
    set_attributes("idmap $path", $tree, $AT_RECURSIVE, $IDMAP | $RDONLY | $NOSUID | $NODEV,
        fileno $owners);
    return $tree;
}

# What vanished since it was found is left out. A file system that cannot be idmapped shows its files as
# they are: those that are closed to others stay closed.
sub bind_toolchains {
    my ($owners, @places) = @_;
    while (my ($from, $to) = splice @places, 0, 2) {
        next unless -e $from;
        my $place = inside($to);
        make_folders(-d $from ? $place : $place =~ s{/[^/]+$}{}r);
        make_file($place) unless -d $from;
        my $tree = open_tree($AT_FDCWD, $from, 0);
        set_attributes("bind $from", $tree, 0, $RDONLY | $NODEV | $NOSUID);
        eval { set_attributes("idmap $from", $tree, 0, $IDMAP, fileno $owners) } if $owners;
        attach($tree, $place);
    }
}

# The program alone: its folder may be anywhere on the host.
sub bind_ripgrep {
    my $place = inside($of{ripgrep_place});
    make_folders($place =~ s{/[^/]+$}{}r);
    make_file($place);
    bind_tree($of{ripgrep}, $place, $RDONLY | $NODEV);
}

sub make_devices {
    my $dev = new_file_system('tmpfs', $NOSUID | $NODEV, mode => '0755', size => '64k');
    attach($dev, 'dev');
    for my $name (@DEVICES) {
        make_file("dev/$name");
        bind_tree("/dev/$name", "dev/$name", 0);
    }
    make_folders('dev/pts', 'dev/shm');
    my $pts = new_file_system('devpts', $NOSUID, ptmxmode => '0666', mode => '0620');
    attach($pts, 'dev/pts');
    my %links = (ptmx => 'pts/ptmx', fd => '/proc/self/fd');
    @links{qw(stdin stdout stderr)} = map { "/proc/self/fd/$_" } 0 .. 2;
    symlink($links{$_}, "dev/$_") or die "dev/$_: $!\n" for keys %links;
    set_attributes('close /dev', $dev, 0, $RDONLY);
}

sub make_folders {
    for my $path (@_) {
        my $made = '';
        for my $part (split m{/}, $path) {
            $made .= $made eq '' ? $part : "/$part";
            mkdir $made or $!{EEXIST} or die "$made: $!\n";
        }
    }
}

sub make_file {
    my ($path) = @_;
    open(my $made, '>', $path) or die "$path: $!\n";
}

sub inside { my ($path) = @_; $path =~ s{^/+}{}; return $path }

sub bind_tree {
    my ($from, $to, $attributes) = @_;
    my $tree = open_tree($AT_FDCWD, $from, $AT_RECURSIVE);
    set_attributes("bind $from", $tree, $AT_RECURSIVE, $attributes | $NOSUID);
    attach($tree, $to);
}

sub open_tree {
    my ($folder, $path, $flags) = @_;
    $flags |= $OPEN_TREE_CLONE | $OPEN_TREE_CLOEXEC;
    return check('open ' . ($path || 'the workspace'), syscall($SYS_open_tree, $folder, "$path\0", $flags));
}

sub new_file_system {
    my ($type, $attributes, %options) = @_;
    my $context = check("make a $type", syscall($SYS_fsopen, "$type\0", $FSOPEN_CLOEXEC));
    for my $key (keys %options) {
        check("make a $type ($key)", syscall($SYS_fsconfig, $context, $FSCONFIG_SET_STRING,
            "$key\0", "$options{$key}\0", 0));
    }
    check("make a $type", syscall($SYS_fsconfig, $context, $FSCONFIG_CMD_CREATE, 0, 0, 0));
    my $made = check("make a $type", syscall($SYS_fsmount, $context, $FSMOUNT_CLOEXEC, $attributes));
    POSIX::close($context);
    return $made;
}

sub attach {
    my ($tree, $to) = @_;
    my $empty = "\0";
    check("mount $to", syscall($SYS_move_mount, $tree, $empty, $AT_FDCWD, "$to\0",
        $MOVE_MOUNT_F_EMPTY_PATH));
}

# struct mount_attr: attr_set, attr_clr, propagation, userns_fd
sub set_attributes {
    my ($what, $tree, $depth, $set, $owners) = @_;
    my $attributes = pack('Q4', $set, 0, 0, $owners // 0);
    my $empty = "\0";
    check($what, syscall($SYS_mount_setattr, $tree, $empty, $AT_EMPTY_PATH | $depth,
        $attributes, length $attributes));
}

sub make_private {
    my ($path) = @_;
    my $attributes = pack('Q4', 0, 0, $MS_PRIVATE, 0);
    check("make $path private", syscall($SYS_mount_setattr, $AT_FDCWD, "$path\0", $AT_RECURSIVE,
        $attributes, length $attributes));
}

# A namespace outlives its last process while a descriptor holds it; a child makes it and leaves.
sub user_namespace {
    my ($uid, $gid) = @_;
    pipe(my $made, my $making) or die "pipe: $!\n";
    pipe(my $leaving, my $leave) or die "pipe: $!\n";
    my $child = fork;
    defined $child or die "fork: $!\n";
    if ($child == 0) {
        close $made;
        close $leave;
        syscall($number_of->{unshare}, $CLONE_NEWUSER) == 0 or die "make a user namespace: $!\n";
        syswrite $making, '.';
        sysread $leaving, my $end, 1;
        exit 0;
    }
    close $making;
    close $leaving;
    sysread $made, my $byte, 1 or die "no user namespace for the id map\n";
    for my $map ([uid_map => $uid], [gid_map => $gid]) {
        my ($name, $owner) = @$map;
        open(my $file, '>', "/proc/$child/$name") or die "$name: $!\n";
        defined syswrite($file, "$owner $of{shown_id} 1\n") or die "$name: $!\n";
        close $file;
    }
    open(my $held, '<', "/proc/$child/ns/user") or die "ns/user: $!\n";
    close $leave;
    waitpid $child, 0;
    return $held;
}

sub check {
    my ($call, $result) = @_;
    $result >= 0 or die "$call: $!\n";
    return $result;
}
