"""Faults of the servers that CoreDNS forwards to, or of the way to them."""

from collections.abc import Callable

from trials.faults.catalogue.corefile import drop_first, forwards_to
from trials.faults.fake_upstream import forward_to
from trials.faults.mutant import Mutant, Seen
from trials.faults.scene import Scene
from trials.faults.symptoms import OUTSIDE, both, dig, in_pod, seen

NO_TCP = drop_first("proto() == 'tcp'", "")
HONEST = "    forward . /etc/resolv.conf\n"


def server(*plugins: str) -> str:
    """A Corefile of one block."""
    return f".:53 {{\n{''.join(plugins)}}}\n"


def stand_in(corefile: str, extra: str = "") -> Callable[[Scene], None]:
    """An injection: CoreDNS forwards to a stand-in with that Corefile."""
    return lambda scene: forward_to(scene, corefile, extra)


def one_at_a_time(scene: Scene) -> None:
    """A slow upstream, and room for one question."""
    forward_to(scene, server("    erratic {\n        delay 1 500ms\n        drop 0\n    }\n"))
    scene.corefile(lambda text: text.replace("max_concurrent 1000", "max_concurrent 1"))


def some_are_refused(scene: Scene) -> Seen:
    """Whether one of many questions at a time is refused for want of room."""
    names = " ".join(f"n{number}.example." for number in range(20))
    line = f"for n in {names}; do dig +tries=1 +time=4 $n | grep status: & done; wait"
    return seen("REFUSED|SERVFAIL", in_pod(scene, scene.worker, "sh", "-c", line), "twenty at once")


MUTANTS = (
    Mutant(
        "upstream-unreachable",
        "The upstream does not answer.",
        "C",
        lambda scene: scene.corefile(forwards_to("192.0.2.1")),
        dig(OUTSIDE, says="SERVFAIL|timed out"),
        fails=("test_outside_name_resolves_as_on_the_node[*",),
    ),
    Mutant(
        "upstream-one-dead",
        "One of two upstreams does not answer.",
        "C",
        lambda scene: scene.corefile(forwards_to("/etc/resolv.conf 192.0.2.1")),
        dig(says="status: NOERROR"),
        deviates=("test_every_upstream_answers[*",),
    ),
    Mutant(
        "upstream-v6-nameserver",
        "One of two upstreams has an IPv6 address, and pods have none.",
        "C",
        lambda scene: scene.corefile(forwards_to("/etc/resolv.conf 2001:db8::53")),
        dig(says="status: NOERROR"),
        deviates=("test_every_upstream_answers[*",),
        causes=("upstream-v6-nameserver", "upstream-one-dead"),
    ),
    Mutant(
        "upstream-slow",
        "The upstream takes three seconds for each answer.",
        "C",
        stand_in(server("    erratic {\n        delay 1 3s\n        drop 0\n    }\n")),
        dig(OUTSIDE, says="SERVFAIL|timed out|REFUSED"),
        fails=("test_outside_name_resolves_as_on_the_node[*",),
        causes=("upstream-slow", "upstream-unreachable"),
    ),
    Mutant(
        "upstream-refuses",
        "The upstream refuses to answer CoreDNS.",
        "C",
        stand_in(server("    acl {\n        block\n    }\n")),
        dig(OUTSIDE, says="REFUSED|SERVFAIL"),
        fails=("test_outside_name_resolves_as_on_the_node[*",),
    ),
    Mutant(
        "upstream-tcp-blocked",
        "The upstream answers over UDP, and is not to be reached over TCP.",
        "C",
        stand_in(NO_TCP + server(HONEST)),
        both(
            dig(OUTSIDE, says="status: NOERROR"),
            dig("{control_plane}.", "+tcp", says="SERVFAIL|timed out|REFUSED"),
        ),
        deviates=("test_every_upstream_answers[tcp-A]",),
    ),
    Mutant(
        "aaaa-servfail",
        "The upstream does not implement AAAA.",
        "C",
        stand_in(server("    template IN AAAA {\n        rcode NOTIMP\n    }\n", HONEST)),
        dig(OUTSIDE, "AAAA", says="NOTIMP|SERVFAIL"),
        deviates=("test_every_upstream_answers[udp-AAAA]",),
    ),
    Mutant(
        "max-concurrent",
        "CoreDNS may wait for one answer of its upstream only, which is slow.",
        "C",
        one_at_a_time,
        some_are_refused,
        fails=("test_outside_name_resolves_as_on_the_node[*",),
        causes=("max-concurrent", "upstream-slow"),
    ),
)
