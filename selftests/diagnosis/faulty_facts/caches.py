"""Facts of a cluster whose pods ask a cache on their node, and it gives no answer."""

from collections.abc import Callable
from dataclasses import replace

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Talk
from clusterdns.inventory.cache_workloads import CacheWorkload, Sent
from clusterdns.inventory.told import Told
from selftests.diagnosis.edit_facts import Change, failing, inventory
from selftests.diagnosis.faulty_facts.places import PATHS
from selftests.diagnosis.healthy_facts import NODES

LOCAL = "169.254.20.10"
UPSTREAM = "10.96.7.7"
BOTH = ("53/UDP", "53/TCP")
CACHE = CacheWorkload(
    "kube-system",
    "node-local-dns",
    (LOCAL,),
    len(NODES),
    len(NODES),
    {},
    "node-local-dns",
    (
        Sent("cluster.local.", UPSTREAM, True, "kube-system/kube-dns-upstream", BOTH),
        Sent(".", "/etc/resolv.conf", True),
    ),
)


def asked(
    facts: Facts, cache: CacheWorkload, says: Callable[[str], str], check: str = PATHS
) -> Facts:
    """Pods are told the cache alone, and it says this to a kind of question."""
    told = {node: [LOCAL] for node in NODES}
    confs = {n: replace(c, nameservers=(LOCAL,)) for n, c in facts.resolv_confs.items()}
    talks = tuple(
        Talk(kind, node, "nameserver", LOCAL, "", transport, says(kind))
        for node in NODES
        for kind, transports in (("told", ("udp", "tcp")), ("told-outside", ("udp",)))
        for transport in transports
    )
    pods = tuple(
        {
            "metadata": {"name": f"{cache.name}-{node}", "labels": {"k8s-app": "node-local-dns"}},
            "spec": {"nodeName": node, "containers": [{"name": "node-cache", "args": []}]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }
        for node in NODES[: cache.ready]
    )
    changed = replace(
        inventory(facts, told=Told(told)),
        resolv_confs=confs,
        talks=(*facts.talks, *talks),
        caches=(cache,),
        node_local=pods,
    )
    return failing(changed, check)


def gone(facts: Facts) -> Facts:
    """The cache runs on no node."""
    nowhere = replace(CACHE, wanted=0, ready=0, node_selector={"nobody": "has-this"})
    return asked(facts, nowhere, lambda kind: "timeout")


def sent_to_nobody(facts: Facts) -> Facts:
    """What is outside is sent to an address that nobody has."""
    sent = (CACHE.sent[0], Sent(".", "192.0.2.1", True))
    return asked(
        facts,
        replace(CACHE, sent=sent),
        lambda kind: "SERVFAIL" if kind == "told-outside" else "NOERROR",
        "tests/network/test_forwarding.py::test_nameserver_of_pods_resolves_outside_names[udp]",
    )


def over_tcp_alone(facts: Facts) -> Facts:
    """The Service that the cache asks over TCP has no such port."""
    sent = (replace(CACHE.sent[0], ports=("53/UDP",)), CACHE.sent[1])
    return asked(
        facts,
        replace(CACHE, sent=sent),
        lambda kind: "NOERROR" if kind == "told-outside" else "timeout",
    )


FAULTY: dict[str, tuple[str, Change]] = {
    "caches gone": ("nodelocal-down", gone),
    "cache sends to nobody": ("nodelocal-upstream", sent_to_nobody),
    "cache over TCP alone": ("nodelocal-upstream", over_tcp_alone),
}
