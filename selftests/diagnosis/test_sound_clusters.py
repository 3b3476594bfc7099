"""A check that fails in a sound cluster, whichever it is: nothing is sure, and nothing to change.

The facts are those of clusters in which all is well, so that whatever a cause is sure of, or would
have changed, was not seen to be wrong.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from clusterdns.diagnosis import Facts, diagnose
from clusterdns.report.cell import Cell
from selftests.diagnosis.edit_facts import NXDOMAIN, RIGHT, Said, cell, no_answer, trouble
from selftests.diagnosis.healthy_facts import DNS_IP, healthy
from selftests.spec.collected import topics

SOUND = sorted((Path(__file__).parent / "sound").glob("*.json"))
# What a line says to do that leaves something changed; looking and asking leaves nothing.
CHANGES = re.compile(
    r"\b(edit|rollout restart|delete|scale|patch|apply|annotate|label|restart kubelet)\b"
    r"|ethtool -K|in the ConfigMap:|: set \w+"
)
# What a check about this topic finds is the fault itself: nothing else could show it.
SEEN_BY_THE_CHECK = {"loop-via-service": "upstream-loop"}
API = "kubernetes.default.svc.cluster.local. A"
WAYS: Mapping[str, Said | None] = {
    "without answers": None,
    "denied": NXDOMAIN,
    "failing": Said("SERVFAIL", ()),
    "refused": Said("REFUSED", ()),
    "silent": no_answer("timeout"),
    "otherwise": Said(records=("kubernetes.default.svc.cluster.local. A 192.0.2.1",)),
}


@cache
def sound() -> Mapping[str, Facts]:
    """Facts of sound clusters by name: one made by hand, and those that were recorded."""
    recorded = {path.stem: replace(Facts.read(path), troubles=()) for path in SOUND}
    return {"by hand": healthy(), **recorded}


def one_of_each() -> list[str]:
    """One check for each set of topics: causes know checks by nothing else."""
    found: dict[frozenset[str], str] = {}
    for name, about in topics().items():
        found.setdefault(about, name)
    return list(found.values())


def cells(facts: Facts, got: Said | None) -> Iterator[Cell]:
    """Answers that deviate, to one node's questions to the Service and to every replica."""
    node = facts.nodes[0]
    servers = [f"service/kube-dns ({(*facts.inventory.cluster_ips, DNS_IP)[0]})"]
    servers += [str(server) for server in facts.inventory.replicas]
    for server in servers if got else ():
        yield cell(API, node, server, "udp", RIGHT, got or RIGHT)


def claims(facts: Facts, name: str, way: str) -> list[str]:
    """What is said that was not seen: sure causes, and changes."""
    failed = trouble(name, cells=tuple(cells(facts, WAYS[way])))
    found = diagnose(replace(facts, troubles=(failed,)))
    unseen = [d for d in found.diagnoses if SEEN_BY_THE_CHECK.get(d.cause) not in failed.about]
    sure = [f"sure of {d.cause}: {d.summary}" for d in unseen if d.confidence == "high"]
    changes = [
        f"{one.cause} would change: {line}"
        for one in unseen
        for line in one.remedy
        if CHANGES.search(line)
    ]
    return [f"{name}: {claim}" for claim in (*sure, *changes, *found.complaints)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cluster", sound())
def test_nothing_is_claimed_that_was_not_seen(cluster: str, way: str) -> None:
    """Each check fails by hand, one after the other."""
    found = [claim for name in one_of_each() for claim in claims(sound()[cluster], name, way)]
    assert found == [], "\n".join(found)


def test_what_changes_is_told_from_what_looks() -> None:
    """The words by which a remedy is judged."""
    assert CHANGES.search("kubectl -n kube-system edit configmap/coredns")
    assert CHANGES.search("kubectl -n kube-system rollout restart deployment/coredns")
    assert not CHANGES.search("ask next: kubectl -n kube-system logs -l k8s-app=kube-dns")
    assert not CHANGES.search("kubectl -n kube-system describe service kube-dns")
