#!/usr/bin/perl
# idmap.pl OWNER_UID OWNER_GID SHOWN_ID TARGET 3<FOLDER
#
# Mounts the folder that is open as descriptor 3 at TARGET, so that what OWNER_UID and OWNER_GID own
# on disk appears as owned by SHOWN_ID, and what SHOWN_ID makes there lands on disk as the owner's.
# Only files of the owner are mapped; those of others show as nobody's.
#
# Needs root in a mount namespace of its own, Linux 5.12 and a file system that can be idmapped
# (ext4, xfs, btrfs, tmpfs since 6.3). Exits 0 when mounted, else 1 with the reason on stderr.
# The calls have one number on all architectures of Linux, unshare(2) excepted.
use strict;
use warnings;
use POSIX ();

my ($owner_uid, $owner_gid, $shown_id, $target) = @ARGV;
defined $target or die "usage: idmap.pl OWNER_UID OWNER_GID SHOWN_ID TARGET 3<FOLDER\n";

my $machine = (POSIX::uname())[4];
my %unshare_number = (x86_64 => 272, aarch64 => 97);
my $SYS_unshare = $unshare_number{$machine} or die "idmapped mounts: no support for $machine\n";
my ($SYS_open_tree, $SYS_move_mount, $SYS_mount_setattr) = (428, 429, 442);

my $CLONE_NEWUSER = 0x10000000;
my ($AT_FDCWD, $AT_EMPTY_PATH) = (-100, 0x1000);
my ($OPEN_TREE_CLONE, $OPEN_TREE_CLOEXEC) = (0x1, 0x80000);
my ($MOUNT_ATTR_NOSUID, $MOUNT_ATTR_NODEV, $MOUNT_ATTR_IDMAP) = (0x2, 0x4, 0x100000);
my $MOVE_MOUNT_F_EMPTY_PATH = 0x4;
my $FOLDER = 3;
my $empty = "\0";

my $namespace = user_namespace();
my $tree = check('open_tree',
    syscall($SYS_open_tree, $FOLDER, $empty, $OPEN_TREE_CLONE | $OPEN_TREE_CLOEXEC | $AT_EMPTY_PATH));
# struct mount_attr: attr_set, attr_clr, propagation, userns_fd
my $attributes = pack('Q4', $MOUNT_ATTR_IDMAP | $MOUNT_ATTR_NOSUID | $MOUNT_ATTR_NODEV, 0, 0,
    fileno $namespace);
check('mount_setattr',
    syscall($SYS_mount_setattr, $tree, $empty, $AT_EMPTY_PATH, $attributes, length $attributes));
check('move_mount',
    syscall($SYS_move_mount, $tree, $empty, $AT_FDCWD, $target, $MOVE_MOUNT_F_EMPTY_PATH));
exit 0;

# A namespace outlives its last process while a descriptor holds it; a child makes it and leaves.
sub user_namespace {
    pipe(my $made, my $making) or die "pipe: $!\n";
    pipe(my $leaving, my $leave) or die "pipe: $!\n";
    my $child = fork;
    defined $child or die "fork: $!\n";
    if ($child == 0) {
        close $made;
        close $leave;
        syscall($SYS_unshare, $CLONE_NEWUSER) == 0 or die "unshare a user namespace: $!\n";
        syswrite $making, '.';
        sysread $leaving, my $end, 1;
        exit 0;
    }
    close $making;
    close $leaving;
    sysread $made, my $byte, 1 or die "no user namespace for the id map\n";
    for my $map ([uid_map => $owner_uid], [gid_map => $owner_gid]) {
        my ($name, $owner) = @$map;
        open(my $file, '>', "/proc/$child/$name") or die "$name: $!\n";
        defined syswrite($file, "$owner $shown_id 1\n") or die "$name: $!\n";
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
