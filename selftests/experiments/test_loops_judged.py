"""Loops are told from what looks like them: fake results of each kind."""

from dataclasses import replace

import pytest

from clusterdns.corefile import parse
from clusterdns.experiments.loops.experiment import LoopDetected
from clusterdns.experiments.loops.multiplied import Multiplied, confirmed, handled
from clusterdns.experiments.loops.restarts import LOOP_MESSAGE, death
from clusterdns.experiments.loops.upstreams import (
    Replica,
    Upstreams,
    address_of,
    told_upstreams,
    upstreams_in,
)
from clusterdns.inventory.metrics import Metrics
from clusterdns.own_coredns.instance import lines_with
from clusterdns.resolvconf import ResolvConf

FATAL = (
    '[FATAL] plugin/loop: Loop (127.0.0.1:47063 -> :53) detected for zone ".", see '
    'https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO 4547.2871."'
)
OLD_FATAL = (
    '[FATAL] plugin/loop: Seen "HINFO IN 6900627972087569316.6909." more than twice, loop detected'
)
NODE = frozenset({"172.18.0.1"})
REPLICA = Replica("pod/coredns-1", "10.244.0.2", "node", NODE, NODE)
ONCE = Multiplied(12, 12, "NSEC3", ("pod/coredns-1",))
SOUND = Upstreams(
    (REPLICA,),
    {"10.96.0.10": "service/kube-dns", "10.244.0.2": "pod/coredns-1"},
    ONCE,
    {"172.18.0.1": Multiplied(6, 0, "DNSKEY", ("upstream/172.18.0.1",))},
)


def with_upstream(address: str) -> Upstreams:
    """The upstreams of a replica whose metrics name another one."""
    return replace(SOUND, replicas=(replace(REPLICA, seen=frozenset({address})),))


def test_sound_upstreams_are_found_sound() -> None:
    """Nothing comes back, nobody asks itself."""
    assert (SOUND.loopback, SOUND.itself, SOUND.unexpected, SOUND.coming_back) == ({}, {}, {}, {})


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.53", "::1", "0.0.0.0"])
def test_loopback_is_seen(address: str) -> None:
    """Every address that means "myself" inside the pod."""
    assert with_upstream(address).loopback == {"pod/coredns-1": [address]}


@pytest.mark.parametrize("address", ["10.96.0.10", "10.244.0.2"])
def test_upstream_that_is_the_dns_is_seen(address: str) -> None:
    """The Service, and a replica."""
    assert list(with_upstream(address).itself) == ["pod/coredns-1"]


def test_upstream_that_nobody_named_is_seen() -> None:
    """What the metrics show and neither Corefile nor resolv.conf says."""
    assert with_upstream("192.0.2.1").unexpected == {"pod/coredns-1": ["192.0.2.1"]}


def test_replica_without_metrics_is_judged_by_what_it_is_told() -> None:
    """No metrics are no excuse for a loopback address in resolv.conf."""
    told = replace(REPLICA, told=frozenset({"127.0.0.53"}), seen=None)
    judged = replace(SOUND, replicas=(told,))
    assert (list(judged.loopback), judged.unexpected) == (["pod/coredns-1"], {})


def test_upstream_that_asks_back_is_seen() -> None:
    """Questions put to an upstream that show in the replicas' own counters."""
    back = Multiplied(6, 6, "DNSKEY", ("upstream/172.18.0.1",))
    assert list(replace(SOUND, returned={"172.18.0.1": back}).coming_back) == ["172.18.0.1"]


@pytest.mark.parametrize(
    ("asked", "counted", "loops"),
    [
        (1, 1, False),
        (12, 13, False),
        (1, 0, False),
        (0, 0, False),
        (1, 201, True),
        (12, 1200, True),
    ],
)
def test_multiplied_questions_are_a_loop(asked: int, counted: int, loops: bool) -> None:
    """Hundreds of requests for one question; never a few more than were asked."""
    assert Multiplied(asked, counted, "NSEC3", ()).loops is loops


@pytest.mark.parametrize(
    ("counts", "judged"),
    [([0], 0), ([20, 0], 0), ([20, 20, 0], 0), ([400, 300, 200], 200)],
    ids=["nothing", "noise", "more-noise", "loop"],
)
def test_suspicion_is_looked_at_again(counts: list[int], judged: int) -> None:
    """What others asked meanwhile is not there the next time; a loop always is."""
    results = (Multiplied(6, count, "DNSKEY", ()) for count in counts)
    assert confirmed(lambda: next(results), lambda m: m.came_back).counted == judged


@pytest.mark.parametrize("line", [FATAL, OLD_FATAL], ids=["since-1.4.0", "before"])
def test_message_of_the_plugin_is_known(line: str) -> None:
    """The words changed once; a death by them is a death of a loop."""
    log = f".:53\nCoreDNS-1.12.1\n{line}\n"
    assert lines_with(log, LOOP_MESSAGE) == (line,)
    assert death("coredns-1", {"reason": "Error", "exitCode": 1}, log).of_a_loop


def test_other_deaths_are_no_loops() -> None:
    """Memory, signals and Corefiles kill too."""
    died = death("coredns-1", {"reason": "OOMKilled", "exitCode": 137}, "a\nb\nc\nd\n")
    assert (died.of_a_loop, died.last_lines) == (False, ("b", "c", "d"))


@pytest.mark.parametrize(
    ("exit_code", "messages"), [(None, (FATAL,)), (0, (FATAL,)), (1, ())], ids=str
)
def test_coredns_must_stop_and_say_why(exit_code: int | None, messages: tuple[str, ...]) -> None:
    """Still running, ended well, or ended without a word: all of them are wrong."""
    assert LoopDetected(1, (FATAL,), ()).stopped
    assert not LoopDetected(exit_code, messages, ()).stopped


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("10.0.0.2", "10.0.0.2"),
        ("10.0.0.2:53", "10.0.0.2"),
        ("tls://9.9.9.9", "9.9.9.9"),
        ("tls://[2001:db8::1]:853", "2001:db8::1"),
        ("[2001:DB8::1]:53", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%eth0]:53", "fe80::1"),
        ("/etc/resolv.conf", ""),
        ("dns.example:53", ""),
    ],
)
def test_address_of_an_upstream(written: str, address: str) -> None:
    """As Corefiles, resolv.conf and metrics write it."""
    assert address_of(written) == address


def test_upstreams_come_from_corefile_and_resolv_conf() -> None:
    """What is written counts, and the file only where it is named."""
    conf = ResolvConf(("172.18.0.1",))
    by_file = parse(". {\n forward . /etc/resolv.conf\n}\n")
    by_hand = parse(". {\n forward . 10.0.0.1 tls://10.0.0.2\n}\nx {\n forward x 10.0.0.3\n}\n")
    told = [told_upstreams(corefile, conf) for corefile in (by_file, by_hand, None)]
    assert told == [NODE, {"10.0.0.1", "10.0.0.2", "10.0.0.3"}, NODE]


@pytest.mark.parametrize(
    "line",
    [
        'coredns_proxy_request_duration_seconds_count{rcode="NOERROR",to="10.0.0.2:53"} 1',
        'coredns_forward_request_count_total{to="10.0.0.2:53"} 1',
        'coredns_proxy_conn_cache_misses_total{proto="udp",to="10.0.0.2:53"} 1',
    ],
    ids=["since-1.11", "before", "connection"],
)
def test_upstreams_are_found_in_the_metrics_of_any_version(line: str) -> None:
    """The names of the series changed; the label did not."""
    assert upstreams_in(Metrics.parse(line)) == {"10.0.0.2"}


def test_requests_are_counted_over_all_replicas() -> None:
    """By type, whatever the zone and transport, in the old and the new name."""
    new = Metrics.parse(
        'coredns_dns_requests_total{type="NSEC3",zone="."} 3\n'
        'coredns_dns_requests_total{type="A",zone="."} 5\n'
    )
    old = Metrics.parse('coredns_dns_request_count_total{type="NSEC3",zone="."} 4\n')
    assert handled({"one": new, "two": old}, "NSEC3") == 7
