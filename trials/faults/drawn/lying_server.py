"""An upstream whose answers no CoreDNS can be talked into: some lines of perl in a pod."""

from collections.abc import Mapping

from trials.faults.fake_upstream import upstream_pod
from trials.faults.scene import Scene

NAMESPACE = "lying-upstream"

LIES: Mapping[str, str] = {
    "other-id": "another id than the question",
    "other-name": "another name in the question section",
    "other-case": "the name of the question in upper case",
    "rubbish": "octets that are no message",
}

# Every question gets NOERROR and one address, 203.0.113.66, over UDP and TCP; then the lie.
SERVER = r"""
use strict; use IO::Socket::INET; use IO::Select;
my ($lie, $host, $port) = (@ARGV, "0.0.0.0", 53);
$SIG{PIPE} = "IGNORE";  # who only looks whether somebody listens is gone before the answer
sub answer {
    my $q = shift;
    my $end = 12;
    $end += 1 + ord(substr($q, $end, 1)) while ord(substr($q, $end, 1));
    my $name = substr($q, 12, $end - 12);
    my $id = substr($q, 0, 2);
    $id = pack("n", unpack("n", $id) ^ 1) if $lie eq "other-id";
    $name = uc $name if $lie eq "other-case";
    substr($name, 1, 1) = "z" if $lie eq "other-name";
    return "\0\1rubbish" if $lie eq "rubbish";
    my $type = unpack("n", substr($q, $end + 1, 2));
    my $record = $type == 1 ? "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" . pack("C4", 203, 0, 113, 66) : "";
    my $counts = pack("n4", 1, $record ? 1 : 0, 0, 0);
    return $id . "\x85\x80" . $counts . $name . substr($q, $end, 5) . $record;
}
my @at = (LocalAddr => $host, LocalPort => $port);
my $udp = IO::Socket::INET->new(Proto => "udp", @at) or die $!;
my $tcp = IO::Socket::INET->new(Proto => "tcp", @at, Listen => 9, ReuseAddr => 1) or die $!;
my $all = IO::Select->new($udp, $tcp);
while (1) {
    for my $s ($all->can_read) {
        if ($s == $udp) {
            my $from = $udp->recv(my $q, 4096) or next;
            $udp->send(answer($q), 0, $from) if length $q > 16;
            next;
        }
        my $c = $tcp->accept or next;
        eval {
            local $SIG{ALRM} = sub { die };
            alarm 2;
            $c->read(my $l, 2); $c->read(my $q, unpack("n", $l));
            my $a = answer($q);
            print $c pack("n", length $a), $a;
        };
        alarm 0; close $c;
    }
}
"""


def lying_upstream(scene: Scene, lie: str) -> str:
    """Start one on the control plane, and return its address. It goes with the fault.

    Raises TimeoutError where it is not ready in time.
    """
    container = {
        "name": "main",
        "image": scene.breakable.tools.dnsutils,
        "command": ["perl", "-e", SERVER, lie],
        "securityContext": {"runAsUser": 0},  # a port below 1024
    }
    return upstream_pod(scene, NAMESPACE, container)
