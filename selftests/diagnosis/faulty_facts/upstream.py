"""Facts of a cluster that gets no good answers from outside."""

from dataclasses import replace

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Talk
from selftests.diagnosis.edit_facts import (
    OUTSIDE,
    Change,
    corefile,
    deviating,
    failing,
    saying,
)
from selftests.diagnosis.healthy_facts import NODES, UPSTREAM


def outside(result: str, kind: str = "outside") -> Change:
    """A name outside comes to this, whoever is asked."""
    return lambda facts: saying(facts, lambda t: result if t.kind.startswith(kind) else None)


def no_upstream(facts: Facts, direct: str = "timeout") -> Facts:
    """The upstream does not answer."""
    faulty = outside("SERVFAIL")(facts)
    return failing(saying(faulty, lambda t: direct if t.kind == "upstream" else None))


def second_upstream(facts: Facts) -> Facts:
    """Another upstream, which is dead."""
    faulty = corefile(facts, "forward . /etc/resolv.conf", f"forward . {UPSTREAM} 192.0.2.1")
    dead = [Talk("upstream", n, "upstream", "192.0.2.1", "", "udp", "timeout") for n in NODES]
    faulty = replace(faulty, talks=(*faulty.talks, *dead))
    faulty = replace(
        faulty,
        talks=tuple(
            replace(t, ms=2400.0) if (t.kind, t.node) == ("outside", "w2") else t
            for t in faulty.talks
        ),
    )
    return failing(faulty, f"{OUTSIDE}[udp]")


def slow_upstream(facts: Facts) -> Facts:
    """The upstream answers after 3 s."""
    late = tuple(replace(t, ms=3000.0) if t.kind == "upstream" else t for t in facts.talks)
    return failing(outside("SERVFAIL", "outside")(replace(facts, talks=late)))


def refusing_upstream(facts: Facts) -> Facts:
    """The upstream refuses."""
    return no_upstream(facts, direct="REFUSED")


def failing_upstream(facts: Facts) -> Facts:
    """The upstream says SERVFAIL to everybody."""
    return no_upstream(facts, direct="SERVFAIL")


def udp_only_upstream(facts: Facts) -> Facts:
    """The upstream takes no TCP."""

    def rule(talk: Talk) -> str | None:
        return "timeout" if (talk.kind, talk.transport) == ("upstream", "tcp") else None

    name = f"{OUTSIDE}[tcp]"
    return failing(saying(facts, rule), name)


def v6_upstream(facts: Facts) -> Facts:
    """An upstream with an IPv6 address."""
    faulty = corefile(facts, "forward . /etc/resolv.conf", f"forward . {UPSTREAM} [2001:db8::53]")
    line = "[ERROR] plugin/errors: 2 x. A: dial udp [2001:db8::53]:53: connect: network is "
    return failing(
        replace(faulty, logs={"coredns-a": f"{line}unreachable\n"}),
        f"{OUTSIDE}[udp]",
    )


def no_aaaa(facts: Facts) -> Facts:
    """AAAA of names outside is SERVFAIL."""
    faulty = outside("SERVFAIL", "outside-aaaa")(facts)
    name = "tests/network/test_node_resolver.py::test_every_upstream_answers[udp-AAAA]"
    return deviating(faulty, name)


def overflow(facts: Facts) -> Facts:
    """The upstream sends too much."""
    log = "[ERROR] plugin/errors: 2 big. A: dns: overflowing header size\n"
    name = f"{OUTSIDE}[udp]"
    return failing(replace(facts, logs={"coredns-a": log}), name)


def throttled(facts: Facts) -> Facts:
    """Too many questions wait."""
    log = "[ERROR] plugin/errors: 2 x. A: concurrent queries exceeded maximum 1000\n"
    faulty = outside("REFUSED")(facts)
    return failing(replace(faulty, logs={"coredns-a": log}))


FAULTY: dict[str, tuple[str, Change]] = {
    "upstream": ("upstream-unreachable", no_upstream),
    "one upstream": ("upstream-one-dead", second_upstream),
    "slow upstream": ("upstream-slow", slow_upstream),
    "refusing upstream": ("upstream-refuses", refusing_upstream),
    "failing upstream": ("upstream-fails", failing_upstream),
    "udp-only upstream": ("upstream-tcp-blocked", udp_only_upstream),
    "v6 upstream": ("upstream-v6-nameserver", v6_upstream),
    "no aaaa": ("aaaa-servfail", no_aaaa),
    "overflow": ("upstream-oversize-udp", overflow),
    "throttled": ("max-concurrent", throttled),
}
