"""A way to the API server that can be cut: a TCP forwarder of ours beside a private CoreDNS.

CoreDNS reaches the API through a kubeconfig that names the forwarder; the certificate is still
checked against the API's own name. A file of the ConfigMap opens and cuts the way.
"""

import json

from clusterdns.own_coredns.instance import FOLDER, Companion

PORT = 6440  # of the forwarder, on the loopback of the pod
GATE = "gate"  # the file that says OPEN or CUT, and the container that obeys
OPEN, CUT = "open", "cut"
SCRIPT, KUBECONFIG = "forwarder.pl", "kubeconfig"
SECRETS = "/var/run/secrets/kubernetes.io/serviceaccount"
API_NAME = "kubernetes.default.svc"  # in the certificate of every API server (kubeadm and others)

FORWARDER = r"""
use strict; use warnings; use Socket; use IO::Socket::IP;
$| = 1; $SIG{CHLD} = 'IGNORE'; $SIG{PIPE} = 'IGNORE';
my ($folder, $port) = @ARGV;
my ($host, $service) = @ENV{qw(KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT)};
my ($listener, $said, %children) = (undef, '');
sub gate {
    open(my $file, '<', "$folder/gate") or return '';
    my $word = <$file> // ''; chomp $word; return $word;
}
sub say_once { my $word = shift; print "gate $word\n" if $said ne $word; $said = $word }
sub copy {
    my ($from, $to) = @_;
    sysread($from, my $data, 65536) or return 0;
    while (length $data) { my $n = syswrite($to, $data) or return 0; substr($data, 0, $n) = '' }
    return 1;
}
while (1) {
    my $open = gate() eq 'open';
    if ($open && !$listener) {
        $listener = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => $port,
            Listen => 64, ReuseAddr => 1, Proto => 'tcp') or die "listen: $@";
    } elsif (!$open && $listener) {
        close $listener; undef $listener;
        kill 'KILL', keys %children; %children = ();
    }
    say_once($open ? 'open' : 'cut');
    if (!$listener) { select(undef, undef, undef, 0.1); next }
    my $ready = ''; vec($ready, fileno($listener), 1) = 1;
    next unless select($ready, undef, undef, 0.1) > 0;
    my $client = $listener->accept or next;
    my $child = fork;
    if (!defined $child) { close $client; next }
    if ($child) { $children{$child} = 1; close $client; next }
    close $listener;
    my $server = IO::Socket::IP->new(PeerHost => $host, PeerPort => $service, Proto => 'tcp')
        or exit;
    while (1) {
        my $both = ''; vec($both, fileno($_), 1) = 1 for ($client, $server);
        select($both, undef, undef, undef);
        if (vec($both, fileno($client), 1)) { copy($client, $server) or exit }
        if (vec($both, fileno($server), 1)) { copy($server, $client) or exit }
    }
}
"""


def files(is_open: bool) -> dict[str, str]:
    """What the ConfigMap needs beside the Corefile, with the way open or cut at first."""
    return {SCRIPT: FORWARDER, KUBECONFIG: kubeconfig(), GATE: OPEN if is_open else CUT}


def forwarder(image: str) -> Companion:
    """The forwarder's container; its image needs perl."""
    return Companion(GATE, image, ("perl", f"{FOLDER}/{SCRIPT}", FOLDER, str(PORT)))


def kubeconfig() -> str:
    """How CoreDNS reaches the API: through the forwarder, as the pod's own ServiceAccount."""
    cluster = {
        "server": f"https://127.0.0.1:{PORT}",
        "certificate-authority": f"{SECRETS}/ca.crt",
        "tls-server-name": API_NAME,
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "api", "cluster": cluster}],
        "users": [{"name": "pod", "user": {"tokenFile": f"{SECRETS}/token"}}],
        "contexts": [{"name": "way", "context": {"cluster": "api", "user": "pod"}}],
        "current-context": "way",
    }
    return json.dumps(document, indent=1)
