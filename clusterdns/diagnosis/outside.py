"""What was asked about names outside the cluster, and of the upstreams themselves."""

import re

from clusterdns.diagnosis.asked_upstreams import asked_alike
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Talk
from clusterdns.diagnosis.scopes import Scope, about
from clusterdns.report.cell import Cell


def outside_denied(cell: Cell) -> bool:
    """An answer that says that something is wrong, or none."""
    return cell.silent or cell.rcode in ("SERVFAIL", "REFUSED")


OUTSIDE = Scope(
    about(
        "outside-names",
        "loops",
        "short-names",
        "corefile-advice",
        "upstreams",
    ),
    outside_denied,
)


def outside_failed(facts: Facts) -> bool:
    """Whether a check of a name outside the cluster failed."""
    return bool(facts.troubles_about("outside-names", "multiplied-questions", "upstreams"))


def bad_outside(facts: Facts) -> list[Talk]:
    """Replicas that did not answer yes or no about a name outside."""
    return [t for t in facts.to_replicas("outside") if not t.sound]


def cluster_names_work(facts: Facts) -> bool:
    """Whether at least one replica knows a name of the cluster, asked as names outside are."""
    known = [talk for talk in facts.to_replicas() if talk.transport == "udp"]
    if known:
        return any(t.result == "NOERROR" for t in known)
    return not facts.failed_about("cluster-names")


def all_outside_denied(facts: Facts) -> bool:
    """Whether the checks that asked replicas for a name outside got no answer of use at all."""
    cells = [c for t in facts.failed_about("outside-names") for c in t.cells]
    return bool(cells) and all(outside_denied(cell) for cell in cells)


def timeout_of(address: str) -> str:
    """The pattern of a log line that says that this upstream did not answer."""
    return rf"->\[?{re.escape(address)}\]?:53: (i/o timeout|read: connection refused)"


def direct(facts: Facts, address: str) -> list[Talk]:
    """What an upstream said to the probes themselves."""
    return [t for t in facts.said("upstream") if t.address == address]


def silent_upstreams(facts: Facts) -> list[str]:
    """The upstreams that answered no probe, where they were asked as CoreDNS asks."""
    return [
        address
        for address in facts.upstreams
        if asked_alike(facts, address)
        and direct(facts, address)
        and not any(t.answered for t in direct(facts, address))
    ]
