# forwarder.pl PORT SOCKET
#
# Inside a sandbox, whose only interface is its own loopback: carries connections to 127.0.0.1:PORT to
# the Unix socket of the command's proxy. Ends its first process when it listens, exit 0; the second
# goes on until the sandbox ends. Run as `perl -e`, for nothing of ours is mounted inside.
use strict;

# Numbers, as Linux has them on x86-64 and arm64: each module to read would make every command later,
# Socket alone by more than all the rest.
my ($AF_UNIX, $AF_INET, $SOCK_STREAM) = (1, 2, 1);
my ($SOL_SOCKET, $SO_REUSEADDR) = (1, 2);
my ($F_GETFL, $F_SETFL, $O_NONBLOCK) = (3, 4, 2048);
my ($EINTR, $EAGAIN) = (4, 11);

my ($port, $socket) = @ARGV;
my $CONNECTIONS_LIMIT = 128;
my $CHUNK_BYTES = 65_536;

$SIG{PIPE} = 'IGNORE';
socket(my $listener, $AF_INET, $SOCK_STREAM, 0) or die "forwarder: socket: $!\n";
setsockopt($listener, $SOL_SOCKET, $SO_REUSEADDR, 1);
bind($listener, pack('S n C4 x8', $AF_INET, $port, 127, 0, 0, 1)) or die "forwarder: port $port: $!\n";
listen($listener, 128) or die "forwarder: listen: $!\n";
my $child = fork;
defined $child or die "forwarder: fork: $!\n";
exit 0 if $child;
# The command's pipe and gate must not stay open for us.
open(STDIN, '<', '/dev/null');
open(STDOUT, '>', '/dev/null');
open(STDERR, '>', '/dev/null');
$0 = 'mainstay network';

# By descriptor: its handle, the descriptor of the other end, what came in and could not yet be passed
# on, whether its end was read, and whether it was told the other's.
my %ends;
unblock($listener);
while (1) {
    my ($readers, $writers) = ('', '');
    vec($readers, fileno($listener), 1) = 1 if keys(%ends) < 2 * $CONNECTIONS_LIMIT;
    for my $fd (keys %ends) {
        my $end = $ends{$fd};
        vec($readers, $fd, 1) = 1 if $end->{held} eq '' && !$end->{over};
        vec($writers, $end->{peer}, 1) = 1 if $end->{held} ne '';
    }
    next if select($readers, $writers, undef, undef) < 0;
    for my $fd (keys %ends) {
        my $end = $ends{$fd} or next;
        hang_up($fd) if !carry($end, vec($readers, $fd, 1));
    }
    welcome() if vec($readers, fileno($listener), 1);
}

sub welcome {
    accept(my $near, $listener) or return;
    socket(my $far, $AF_UNIX, $SOCK_STREAM, 0) or return;
    connect($far, pack('S Z108', $AF_UNIX, $socket)) or return;
    unblock($_) for $near, $far;
    my ($n, $f) = (fileno $near, fileno $far);
    $ends{$n} = { handle => $near, peer => $f, held => '', over => 0, told => 0 };
    $ends{$f} = { handle => $far, peer => $n, held => '', over => 0, told => 0 };
}

# False when both ways are over, or broken.
sub carry {
    my ($end, $is_ready) = @_;
    my $other = $ends{ $end->{peer} };
    if ($is_ready) {
        my $read = sysread $end->{handle}, $end->{held}, $CHUNK_BYTES;
        return would_block() if !defined $read;
        $end->{over} = 1 if $read == 0;
    }
    if ($end->{held} ne '') {
        my $written = syswrite $other->{handle}, $end->{held};
        return would_block() if !defined $written;
        substr($end->{held}, 0, $written) = '';
    }
    if ($end->{over} && $end->{held} eq '' && !$end->{told}++) {
        shutdown($other->{handle}, 1);
    }
    return !($end->{told} && $other->{told});
}

sub would_block { return $! == $EAGAIN || $! == $EINTR }

sub hang_up {
    my ($fd) = @_;
    my $end = delete $ends{$fd} or return;
    delete $ends{ $end->{peer} };
}

sub unblock {
    my ($handle) = @_;
    fcntl($handle, $F_SETFL, fcntl($handle, $F_GETFL, 0) | $O_NONBLOCK) or die "forwarder: fcntl: $!\n";
}
