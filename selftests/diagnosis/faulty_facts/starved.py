"""Facts of a cluster whose replicas are slow or silent by themselves."""

from collections.abc import Collection
from dataclasses import replace

from clusterdns.diagnosis.facts import Facts
from selftests.diagnosis.edit_facts import (
    RIGHT,
    Change,
    cell,
    edited,
    failed,
    failing,
    no_answer,
    saying,
    touching,
)
from selftests.diagnosis.faulty_facts.places import PATHS
from selftests.diagnosis.healthy_facts import DNS_IP, NODES, REPLICAS

LARGE = "tests/dns/test_size.py::test_whole_over_tcp[hundred_addresses]"
LOSES = "tests/network/test_paths.py::test_path_loses_nothing[udp]"
NAME = "kubernetes.default.svc.cluster.local."
ALL = frozenset(f"pod/{name}" for name in REPLICAS)


def limited(facts: Facts) -> Facts:
    """The replicas have a CPU limit of a few millicores: late, lossy, large answers most of all."""

    def limit(workload: dict[str, object]) -> None:
        container = workload["spec"]["template"]["spec"]["containers"][0]  # type: ignore[index]
        container["resources"]["limits"]["cpu"] = "5m"

    return starving(edited(facts, "workload", limit))


def starving(facts: Facts) -> Facts:
    """The replicas have no time, nobody knows why: late, lossy, large answers most of all."""
    sick = late(facts, ALL)
    sick = touching(sick, lambda c: "timeout after 1448 octets" if c.what == "/metrics" else None)
    sick = replace(sick, metrics={})
    paths = tuple(replace(p, lost=20, improbable=True, late=9) for p in sick.paths)
    silent = [
        cell(f"{NAME} A", n, f"pod/{name} ({ip})", "tcp", RIGHT, no_answer("timeout"))
        for n in NODES
        for name, (_, ip) in REPLICAS.items()
    ]
    return failed(failing(replace(sick, paths=paths), PATHS, LOSES), LARGE, *silent)


def by_its_own_page(facts: Facts) -> Facts:
    """A replica that takes long to ask itself."""
    page = "coredns_health_request_duration_seconds"
    metrics = {f"{page}_count": 100.0, f"{page}_sum": 45.0}
    return failing(replace(facts, metrics={"pod/coredns-a": metrics}), PATHS)


def late(facts: Facts, servers: Collection[str]) -> Facts:
    """Half of what these servers are asked is answered late, half not at all."""
    talks = []
    for turn, talk in enumerate(facts.talks):
        if talk.server in servers:
            talk = replace(talk, ms=850.0) if turn % 2 else replace(talk, result="timeout")
        talks.append(talk)
    return replace(facts, talks=tuple(talks))


def one_hangs(facts: Facts) -> Facts:
    """One replica of two answers nothing, and the Service loses its share of all questions."""
    dead = "pod/coredns-a"
    sick = saying(facts, lambda t: "timeout" if t.server == dead else None)
    sick = touching(sick, lambda c: "timeout" if c.server == dead else None)
    sick = replace(sick, metrics={k: v for k, v in sick.metrics.items() if k != dead})
    paths = tuple(
        replace(p, lost=100 if p.server.startswith(dead) else 48, improbable=True)
        if p.server.startswith((dead, "service/"))
        else p
        for p in sick.paths
    )
    lost = [
        cell(f"{NAME} A", n, server, "udp", RIGHT, no_answer("timeout"))
        for n in NODES
        for server in (f"{dead} (10.244.0.2)", f"service/kube-dns ({DNS_IP})")
    ]
    plain = "tests/dns/test_cluster_ip_service.py::test_address_is_the_cluster_ip[udp-A]"
    return failed(failing(replace(sick, paths=paths), PATHS, LOSES), plain, *lost)


FAULTY: dict[str, tuple[str, Change]] = {
    "limit of 5m": ("replica-starved", limited),
    "no time": ("replica-starved", starving),
    "slow to itself": ("replica-starved", by_its_own_page),
    "one replica hangs": ("replica-silent", one_hangs),
}
