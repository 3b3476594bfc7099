"""What arrived at an upstream is read from its log, and nothing else."""

from clusterdns.own_coredns import Arrival, arrivals_in, log_directive
from clusterdns.own_coredns.arrivals import below

LOG = """\
.:5301
[INFO] plugin/reload: Running configuration SHA512 = 12ab
CoreDNS-1.12.1
[INFO] arrived-at sound udp A host.example. NOERROR 127.0.0.1 40000
[INFO] arrived-at sound tcp TXT Text.EXAMPLE. NXDOMAIN [2001:db8::1] 40001
[ERROR] plugin/errors: 2 arrived.example. A: read udp: i/o timeout
[INFO] arrived-at stub udp A kubernetes.default.svc.cluster.local. SERVFAIL 127.0.0.1 40002
"""
HOST = Arrival("sound", "host.example.", "A", "udp", "NOERROR", "127.0.0.1")
TEXT = Arrival("sound", "Text.EXAMPLE.", "TXT", "tcp", "NXDOMAIN", "2001:db8::1")
API = Arrival("stub", "kubernetes.default.svc.cluster.local.", "A", "udp", "SERVFAIL", "127.0.0.1")


def test_each_question_is_one_arrival() -> None:
    """Every line of the log plugin is read, and no other line."""
    assert arrivals_in(LOG) == (HOST, TEXT, API)


def test_directive_writes_what_is_read() -> None:
    """The format that a Corefile orders is the one that is read back."""
    assert log_directive("sound") == (
        'log . "arrived-at sound {proto} {type} {name} {rcode} {remote} {port}"'
    )


def test_zone_holds_itself_and_what_is_below() -> None:
    """Names are compared by whole labels and without regard to case."""
    apex = Arrival("sound", "example.", "NS", "udp", "NOERROR", "127.0.0.1")
    other = Arrival("sound", "badexample.", "A", "udp", "NOERROR", "127.0.0.1")
    assert below("Example.", [HOST, TEXT, API, apex, other]) == (HOST, TEXT, apex)
