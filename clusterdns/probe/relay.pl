# Carries DNS questions between one exec stream and the network of the pod it runs in.
# Runs with perl-base alone (perl 5.20 and later): perl -e SOURCE
#
# One line in for each job, one line out when it has ended; fields are separated by one space.
#   U id address port source-port ms HEX [race]    a datagram; the first one back is the reply
#   T id address port source-port ms HEX [race]    DNS over TCP; the length prefix is added here
#                                 where one job of a race has its reply, all others of it end
#   C id address port source-port ms count CHUNKS  any bytes over TCP, read until the peer closes,
#                                 until count length-prefixed messages came (0: no such limit), or
#                                 until the deadline. CHUNKS: HEX, ~ms (a pause), or ! (half-close)
#   R id ms HEXWORD...            run a program, with a deadline, without a shell
#   Q                             end now; the end of standard input means the same
# and out:
#   H relay=1 machine=... perl=... clock=monotonic|ticks    once, at the start
#   A id ms source HEX            the reply of U or T
#   E id ms source|- reason       no reply, and why
#   D id ms ending HEX|-          what C read, and how it ended
#   X id ms status|- OUT|- ERR|-  what R printed; no status: the deadline passed
use strict;
use warnings;
use POSIX ();
use Socket qw(AF_INET AF_INET6 SOCK_STREAM SOCK_DGRAM SOL_SOCKET SO_ERROR
  SO_REUSEADDR INADDR_ANY MSG_DONTWAIT MSG_NOSIGNAL IPPROTO_TCP TCP_NODELAY
  inet_aton inet_ntop inet_pton pack_sockaddr_in unpack_sockaddr_in sockaddr_family
  pack_sockaddr_in6 unpack_sockaddr_in6);

use constant {
    # The same numbers on every Linux; older versions of Socket do not know all of them.
    IP_LEVEL => 0, IPV6_LEVEL => 41, IP_RECVERR => 11, IPV6_RECVERR => 25,
    MOST_JOBS => 512, MOST_OUTPUT => 4 << 20, MOST_LINE => 8 << 20,
    MOST_READ => 4 << 20, MOST_PRINTED => 1 << 20,
    TICK => 100, STALL => 300,    # ms: how often it is seen to run, and what is more than a hiccup
};

# perl-base has no Time::HiRes, so the clock is asked by system call. The number depends on the
# machine, and with 32-bit userland on a 64-bit kernel on the size of a long.
my $machine = (POSIX::uname())[4];
my $long = length pack 'l!', 0;
my %clock_gettime = (
    x86_64 => $long == 8 ? 228 : 265, aarch64 => $long == 8 ? 113 : 263,
    ppc64le => 246, ppc64 => 246, s390x => 260, riscv64 => 113, loongarch64 => 113,
    i386 => 265, i586 => 265, i686 => 265, armv6l => 263, armv7l => 263, armv8l => 263,
);
my $number = $clock_gettime{$machine};
my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK()) || 100;
my $proved = 0;

sub clock {
    my ($which) = @_;
    my $time = pack 'l!2', 0, 0;
    return if syscall($number, $which, $time) != 0;
    my ($seconds, $nanoseconds) = unpack 'l!2', $time;
    return $seconds * 1000 + $nanoseconds / 1e6;
}

sub prove_clock {
    return 0 if !defined $number;
    my $wall = eval { clock(0) };
    return 0 if !defined $wall || abs($wall / 1000 - time) > 2;
    my ($first, $second) = (clock(1), clock(1));
    return defined $first && defined $second && $first > 0
      && $first <= $second && $second - $first < 1000;
}

sub now { return $proved ? clock(1) : (POSIX::times())[0] * 1000 / $ticks }

my (%jobs, %by_fd, %won, $in, $out, $readable, $writable);
$in = $out = $readable = $writable = '';

sub answer { $out .= join(' ', @_) . "\n"; return }
sub age { return sprintf '%.3f', now() - $_[0]{began} }
sub bytes_of { return $_[0] eq '-' ? '' : pack 'H*', $_[0] }
sub hex_or_dash { return length $_[0] ? unpack('H*', $_[0]) : '-' }

sub reason {
    my ($code) = @_;
    return 'refused' if $code == POSIX::ECONNREFUSED();
    return 'unreachable' if $code == POSIX::EHOSTUNREACH() || $code == POSIX::ENETUNREACH();
    return 'reset' if $code == POSIX::ECONNRESET() || $code == POSIX::EPIPE();
    return 'timeout' if $code == POSIX::ETIMEDOUT();
    return 'source port in use' if $code == POSIX::EADDRINUSE();
    return 'no free source port' if $code == POSIX::EADDRNOTAVAIL();
    local $! = $code;
    return lc "$!";
}

sub never_block {
    my ($handle) = @_;
    fcntl $handle, POSIX::F_SETFL(), fcntl($handle, POSIX::F_GETFL(), 0) | POSIX::O_NONBLOCK();
    return;
}

sub later { return $_[0] == POSIX::EAGAIN() || $_[0] == POSIX::EINTR() }

sub watch {
    my ($job, $handle, $for_writing) = @_;
    my $fd = fileno $handle;
    $by_fd{$fd} = [$job, $handle];
    vec($readable, $fd, 1) = 1;
    vec($writable, $fd, 1) = $for_writing ? 1 : 0;
    return;
}

sub release {
    my ($handle) = @_;
    my $fd = fileno $handle;
    return if !defined $fd;
    vec($readable, $fd, 1) = vec($writable, $fd, 1) = 0;
    delete $by_fd{$fd};
    close $handle;
    return;
}

sub finish {
    my ($job) = @_;
    delete $jobs{$job->{id}};
    release($_) for grep { defined } @{$job}{qw(socket stdout stderr)};
    return;
}

sub fail {
    my ($job, $why, $source) = @_;
    if ($job->{verb} eq 'C') {
        answer('D', $job->{id}, age($job), $why =~ tr/ /-/r, hex_or_dash($job->{got}));
    }
    else { answer('E', $job->{id}, age($job), $source // '-', $why) }
    finish($job);
    return;
}

# Network jobs

sub endpoint {
    my ($address, $port) = @_;
    if ($address =~ /:/) {
        my $packed = inet_pton(AF_INET6, $address) or return;
        return (AF_INET6, pack_sockaddr_in6($port, $packed));
    }
    return if $address !~ /^\d+\.\d+\.\d+\.\d+$/;
    my $packed = inet_aton($address) or return;
    return (AF_INET, pack_sockaddr_in($port, $packed));
}

sub written {
    my ($name) = @_;
    if (sockaddr_family($name) == AF_INET6) {
        my ($port, $address) = unpack_sockaddr_in6($name);
        return '[' . inet_ntop(AF_INET6, $address) . "]:$port";
    }
    my ($port, $address) = unpack_sockaddr_in($name);
    return inet_ntop(AF_INET, $address) . ":$port";
}

sub begin {
    my ($verb, $id, $address, $port, $source_port, $ms, @rest) = @_;
    my $job = { verb => $verb, id => $id, began => now(), got => '' };
    $job->{end} = $job->{began} + $ms;
    $jobs{$id} = $job;
    my ($family, $to) = endpoint($address, $port);
    return fail($job, "not an address: $address") if !defined $family;
    $job->{race} = $rest[1] if $verb ne 'C';
    return fail($job, 'outrun') if defined $job->{race} && $won{ $job->{race} };
    $job->{to} = written($to);
    my $type = $verb eq 'U' ? SOCK_DGRAM : SOCK_STREAM;
    socket(my $socket, $family, $type, 0) or return fail($job, reason($! + 0));
    $job->{socket} = $socket;
    never_block($socket);
    if ($source_port) {
        setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1) if $verb ne 'U';
        my $from = $family == AF_INET6
          ? pack_sockaddr_in6($source_port, "\0" x 16)
          : pack_sockaddr_in($source_port, INADDR_ANY);
        bind($socket, $from) or return fail($job, reason($! + 0));
    }
    if ($verb eq 'U') {
        # Not connected, so that a reply from elsewhere is seen; RECVERR reports ICMP errors still.
        $family == AF_INET6
          ? setsockopt($socket, IPV6_LEVEL, IPV6_RECVERR, 1)
          : setsockopt($socket, IP_LEVEL, IP_RECVERR, 1);
        $job->{began} = now();
        defined send($socket, bytes_of($rest[0]), MSG_DONTWAIT, $to)
          or return fail($job, reason($! + 0));
        return watch($job, $socket, 0);
    }
    setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1);
    if ($verb eq 'T') {
        my $wire = bytes_of($rest[0]);
        $job->{chunks} = [pack('n', length $wire) . $wire];
    }
    else {
        $job->{count} = $rest[0];
        $job->{chunks} = [map { /^[~!]/ ? $_ : pack 'H*', $_ } split /,/, $rest[1] // ''];
        $job->{marks} = [map { /^[~!]/ ? 1 : 0 } split /,/, $rest[1] // ''];
    }
    connect($socket, $to) || $! == POSIX::EINPROGRESS() or return fail($job, reason($! + 0));
    return watch($job, $socket, 1);
}

# The first reply of a race is enough: who is not there yet is not waited for.
sub win {
    my ($job) = @_;
    return if !defined $job->{race};
    $won{ $job->{race} } = 1;
    my @others = grep { defined $_->{race} && $_->{race} eq $job->{race} } values %jobs;
    fail($_, 'outrun') for @others;
    return;
}

sub write_more {
    my ($job) = @_;
    my $socket = $job->{socket};
    if (!$job->{connected}) {
        my $code = unpack 'i', getsockopt($socket, SOL_SOCKET, SO_ERROR);
        return fail($job, reason($code)) if $code;
        $job->{connected} = 1;
    }
    while (@{ $job->{chunks} }) {
        my $chunk = $job->{chunks}[0];
        if ($job->{marks} && $job->{marks}[0]) {
            shift @{ $job->{marks} };
            shift @{ $job->{chunks} };
            if ($chunk eq '!') { shutdown $socket, 1; next }
            $job->{wake} = now() + substr $chunk, 1;
            last;
        }
        my $sent = send($socket, $chunk, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (!defined $sent) {
            return if later($! + 0);
            $job->{chunks} = [];    # what the peer said before it hung up can still be read
            last;
        }
        if ($sent < length $chunk) { $job->{chunks}[0] = substr $chunk, $sent; return }
        shift @{ $job->{chunks} };
        shift @{ $job->{marks} } if $job->{marks};
    }
    vec($writable, fileno $socket, 1) = 0;
    return;
}

sub read_datagram {
    my ($job) = @_;
    my $from = recv($job->{socket}, my $data, 65535, MSG_DONTWAIT);
    if (!defined $from) {
        return later($! + 0) ? undef : fail($job, reason($! + 0));
    }
    my $source = written($from);
    return fail($job, "wrong source $source", $source) if $source ne $job->{to};
    answer('A', $job->{id}, age($job), $source, hex_or_dash($data));
    finish($job);
    return win($job);
}

sub messages_in {
    my ($data) = @_;
    my ($at, $count) = (0, 0);
    while (length($data) >= $at + 2) {
        $at += 2 + unpack 'n', substr $data, $at, 2;
        last if length($data) < $at;
        $count++;
    }
    return $count;
}

sub read_stream {
    my ($job) = @_;
    my $size = sysread $job->{socket}, $job->{got}, 65536, length $job->{got};
    if (!defined $size) {
        return later($! + 0) ? undef : fail($job, reason($! + 0));
    }
    if ($job->{verb} eq 'C') {
        return fail($job, 'closed') if !$size;
        return fail($job, 'enough') if $job->{count} && messages_in($job->{got}) >= $job->{count};
        return fail($job, 'too-long') if length $job->{got} > MOST_READ;
        return;
    }
    return fail($job, 'closed after ' . length($job->{got}) . ' bytes') if !$size;
    return if length $job->{got} < 2;
    my $wanted = unpack 'n', $job->{got};
    return if length $job->{got} < 2 + $wanted;
    answer('A', $job->{id}, age($job), $job->{to}, hex_or_dash(substr $job->{got}, 2, $wanted));
    finish($job);
    return win($job);
}

# Programs

sub start {
    my ($id, $ms, @words) = @_;
    my $job = { verb => 'R', id => $id, began => now(), text => ['', ''] };
    $job->{end} = $job->{began} + $ms;
    $jobs{$id} = $job;
    my @argv = map { bytes_of($_) } @words;
    if (!pipe(my $out_read, my $out_write) || !pipe(my $err_read, my $err_write)) {
        return fail($job, lc "$!");
    }
    else {
        my $pid = fork;
        return fail($job, lc "$!") if !defined $pid;
        if (!$pid) {
            setpgrp;
            $SIG{PIPE} = 'DEFAULT';
            POSIX::close(0);
            POSIX::open('/dev/null', POSIX::O_RDONLY());
            POSIX::dup2(fileno $out_write, 1);
            POSIX::dup2(fileno $err_write, 2);
            no warnings 'exec';
            exec { $argv[0] } @argv
              or syswrite STDERR, "$argv[0]: $!\n";
            POSIX::_exit(127);
        }
        $job->{pid} = $pid;
        @{$job}{qw(stdout stderr)} = ($out_read, $err_read);
        watch($job, $_, 0) for $out_read, $err_read;
    }
    return;
}

sub read_pipe {
    my ($job, $handle) = @_;
    my $which = defined $job->{stderr} && $handle == $job->{stderr} ? 1 : 0;
    my $size = sysread $handle, my $data, 65536;
    return if !defined $size && later($! + 0);
    if ($size) {
        my $room = MOST_PRINTED - length $job->{text}[$which];
        $job->{text}[$which] .= substr $data, 0, $room if $room > 0;
        return;
    }
    release($handle);
    $job->{$which ? 'stderr' : 'stdout'} = undef;
    return;
}

sub reap {
    my ($job) = @_;
    if (!defined $job->{status}) {
        return if waitpid($job->{pid}, POSIX::WNOHANG()) != $job->{pid};
        $job->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
        $job->{left} = now() + 200;    # a grandchild may hold the pipes for longer than that
    }
    return if ($job->{stdout} || $job->{stderr}) && now() < $job->{left};
    return ended($job, $job->{status});
}

sub ended {
    my ($job, $status) = @_;
    answer('X', $job->{id}, age($job), $status, map { hex_or_dash($_) } @{ $job->{text} });
    return finish($job);
}

sub stop {
    my ($job) = @_;
    kill 'KILL', -$job->{pid}, $job->{pid};
    waitpid $job->{pid}, 0 if !defined $job->{status};
    for my $handle (grep { defined } @{$job}{qw(stdout stderr)}) {
        my $ready = '';
        vec($ready, fileno $handle, 1) = 1;
        read_pipe($job, $handle) if select $ready, undef, undef, 0;
    }
    return ended($job, '-');
}

# The loop

sub obey {
    my ($line) = @_;
    my ($verb, @rest) = split / /, $line;
    return if !defined $verb;
    leave() if $verb eq 'Q';
    return start(@rest) if $verb eq 'R';
    return begin($verb, @rest) if $verb =~ /^[UTC]$/;
    return;
}

sub leave {
    kill 'KILL', -$_->{pid}, $_->{pid} for grep { $_->{pid} } values %jobs;
    POSIX::_exit(0);
}

sub handle_job {
    my ($job, $handle) = @_;
    return read_pipe($job, $handle) if $job->{verb} eq 'R';
    return read_datagram($job) if $job->{verb} eq 'U';
    return read_stream($job);
}

# Time for which this process, and with it often its whole node, stood still is no time that a
# server took: whatever is under way gets it back. $last is when it was seen to run.
sub credit_stall {
    my ($last) = @_;
    my $time = now();
    my $lost = $time - $last - TICK;
    return if $lost < STALL;
    for my $job (grep { $_->{verb} ne 'R' } values %jobs) {
        my $own = $time - $job->{began};    # what began in between has lost less
        $own = $lost if $own > $lost;
        $job->{$_} += $own for grep { defined $job->{$_} } qw(began end wake);
    }
    return;
}

sub tend {
    my $time = now();
    my $wait = %jobs ? TICK : 60_000;
    my @all = values %jobs;    # who wins a race ends others of them
    for my $job (@all) {
        next if !$jobs{ $job->{id} };
        my $next = $job->{end};
        if ($job->{verb} eq 'R') {
            reap($job);
            next if !$jobs{ $job->{id} };
            # The end of a child is no event for select: ask again soon.
            $next = $time + ($job->{stdout} || $job->{stderr} ? 50 : 2) if $next > $time;
        }
        elsif (defined $job->{wake}) {
            if ($job->{wake} <= $time) {
                delete $job->{wake};
                vec($writable, fileno $job->{socket}, 1) = 1;
            }
            elsif ($job->{wake} < $next) { $next = $job->{wake} }
        }
        if ($job->{end} <= $time) {
            if ($job->{verb} eq 'R') { stop($job); next }
            # A stall of our own must not make a reply that is there look lost.
            handle_job($job, $job->{socket}) if $job->{verb} eq 'U' || $job->{connected};
            fail($job, 'timeout') if $jobs{ $job->{id} };
            next;
        }
        $wait = $next - $time if $next - $time < $wait;
    }
    return $wait < 0 ? 0 : $wait / 1000;
}

sub push_output {
    return if !length $out;
    my $size = syswrite STDOUT, $out, 65536;
    if (defined $size) { substr $out, 0, $size, '' }
    elsif (!later($! + 0)) { leave() }
    return;
}

sub pull_input {
    my $size = sysread STDIN, $in, 65536, length $in;
    leave() if defined $size ? !$size : !later($! + 0);
    my $from = 0;
    while ((my $end = index $in, "\n", $from) >= 0) {
        obey(substr $in, $from, $end - $from);
        $from = $end + 1;
    }
    substr $in, 0, $from, '';
    leave() if length $in > MOST_LINE;
    return;
}

$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = 'DEFAULT';
$ENV{LC_ALL} = 'C';
never_block($_) for \*STDIN, \*STDOUT;
$proved = prove_clock();
answer('H', 'relay=1', "machine=$machine", sprintf('perl=%vd', $^V),
    'clock=' . ($proved ? 'monotonic' : 'ticks'));
my $seen = now();
while (1) {
    push_output();
    credit_stall($seen) if %jobs;
    $seen = now();
    my $wait = tend();
    my ($read, $write) = ($readable, $writable);
    vec($read, 0, 1) = 1 if keys %jobs < MOST_JOBS && length $out < MOST_OUTPUT;
    vec($write, 1, 1) = 1 if length $out;
    my $ready = select $read, $write, undef, $wait;
    $seen = now() if !%jobs;
    next if $ready <= 0;
    for my $fd (keys %by_fd) {
        my $entry = $by_fd{$fd} or next;
        my ($job, $handle) = @{$entry};
        write_more($job) if vec($write, $fd, 1);
        handle_job($job, $handle) if vec($read, $fd, 1) && $by_fd{$fd} && $by_fd{$fd} == $entry;
    }
    pull_input() if vec($read, 0, 1);
}
