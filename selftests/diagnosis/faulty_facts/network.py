"""Facts of a cluster whose nodes, packets or policies are in the way."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from clusterdns.clients.wanted import NO_ANSWER
from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Contact, PathLoss, Talk
from selftests.diagnosis.edit_facts import (
    NXDOMAIN,
    RIGHT,
    Change,
    cell,
    edited,
    failed,
    failing,
    no_answer,
    no_endpoints,
    saying,
    touching,
)
from selftests.diagnosis.faulty_facts.places import PATHS, READY, to_service
from selftests.diagnosis.faulty_facts.upstream import no_upstream
from selftests.diagnosis.healthy_facts import OURS


def kube_proxy_down(facts: Facts) -> Facts:
    """No cluster IP works on w2."""
    faulty = touching(
        to_service("timeout", node="w2")(facts),
        lambda c: "timeout" if (c.what, c.node) == ("api-service", "w2") else None,
    )
    proxies = tuple(p for p in facts.kube_proxies or () if p["spec"]["nodeName"] != "w2")
    return failing(replace(faulty, kube_proxies=proxies), PATHS)


def cut(node: str, result: str = "timeout") -> Change:
    """Pods of one node reach no pod of another, and none of theirs it."""

    def between(here: str, there: str) -> bool:
        return bool(there) and here != there and node in (here, there)

    def change(facts: Facts) -> Facts:
        faulty = saying(facts, lambda t: result if between(t.node, t.server_node) else None)
        faulty = to_service(result, node=node)(faulty)
        faulty = touching(faulty, lambda c: result if between(c.node, c.server_node) else None)
        return failing(faulty, PATHS)

    return change


def deaf_replica(facts: Facts) -> Facts:
    """One replica gets no questions, but shows its pages; pods lose a share of their lookups."""
    deaf = saying(facts, lambda t: "timeout" if t.server == "pod/coredns-a" else None)
    lookup = cell(
        "kubernetes.default in a cluster-first pod",
        "w2",
        "nameserver (10.96.0.10)",
        "getent ahosts",
        RIGHT,
        no_answer(NO_ANSWER),
    )
    parameter = "[getent-ahosts-service.namespace-cluster-first]"
    name = f"tests/network/test_search_path.py::test_api_server_is_found{parameter}"
    return failing(failed(deaf, name, lookup), PATHS)


def deaf_replica_of_a_busy_node(facts: Facts) -> Facts:
    """One replica gets no questions, and the node of the other one is slow for a moment."""
    faulty = deaf_replica(facts)
    slow = [
        replace(talk, ms=340.0)
        if (talk.server, talk.node) == ("pod/coredns-b", talk.server_node)
        else talk
        for talk in faulty.talks
    ]
    left_out = cell(
        "web.shop.svc.cluster.local. A",
        "w2",
        "pod/coredns-a (10.244.0.2)",
        "udp",
        RIGHT,
        no_answer("not asked"),
    )
    check = "tests/dns/test_cluster_ip_service.py::test_address_is_the_cluster_ip[udp-A]"
    return failed(
        replace(faulty, talks=tuple(slow)), check, replace(left_out, asked=False, deviates=False)
    )


def forwards_nothing(facts: Facts) -> Facts:
    """Pods on w2 reach nothing outside it."""
    faulty = saying(facts, lambda t: "timeout" if t.node == "w2" else None)
    faulty = touching(faulty, lambda c: "timeout" if c.node == "w2" else None)
    return failing(faulty, PATHS)


def udp_of_service(facts: Facts) -> Facts:
    """UDP to the Service is lost on w2."""
    return failing(to_service("timeout", "udp", "w2")(facts), PATHS)


def udp_dead(facts: Facts) -> Facts:
    """All DNS over UDP is lost."""
    dead = saying(
        facts,
        lambda t: "timeout" if t.transport == "udp" and t.kind != "upstream" else None,
    )
    lost = tuple(replace(p, lost=p.sent) if p.transport == "udp" else p for p in facts.paths)
    return failing(replace(dead, paths=lost), PATHS)


def large_lost(facts: Facts) -> Facts:
    """Large packets to one replica's node are lost."""

    def rule(contact: Contact) -> str | None:
        lost = (contact.what, contact.server) == ("/metrics", "pod/coredns-a")
        return "timeout after 1208 octets" if lost and contact.node != "cp" else None

    name = "tests/network/test_replica_endpoints.py::test_replica_shows_metrics"
    return failing(touching(facts, rule), name)


def lossy(facts: Facts) -> Facts:
    """Three of a hundred UDP packets from w2 are lost."""
    paths = tuple(
        PathLoss(p.node, p.server, p.transport, 300, 12, 12, True)
        if (p.node, p.transport) == ("w2", "udp")
        else p
        for p in facts.paths
    )
    name = "tests/network/test_paths.py::test_path_loses_nothing[udp]"
    counted = cell(
        "x.y.test in a none pod", "w2", "pod/counter (10.244.1.7)", "getent", RIGHT, RIGHT
    )
    cost = "tests/network/test_ndots.py::test_lookup_asks_no_more_than_it_must"
    lookups = [f"{cost}[getent-{tool}-nowhere-with-two-dots]" for tool in ("ahosts", "hosts")]
    faulty = failing(replace(facts, paths=paths), name)
    for each in lookups:  # a question that was lost was asked again
        faulty = failed(faulty, each, counted)
    return faulty


def lossy_link(facts: Facts, **found: Any) -> Facts:  # noqa: ANN401 (fields of PathLoss)
    """Packets are lost over both transports: TCP sends a lost segment again after a second."""
    faulty = lossy(facts)
    paths = tuple(
        replace(p, sent=300, **found) if (p.node, p.transport) == ("w2", "tcp") else p
        for p in faulty.paths
    )
    return failing(
        replace(faulty, paths=paths), "tests/network/test_paths.py::test_path_loses_nothing[tcp]"
    )


def stale_bridge(facts: Facts) -> Facts:
    """A replica has an address of an old bridge."""

    def move(pods: tuple[Manifest, ...]) -> None:
        pods[0]["status"].update(podIP="10.88.0.4", podIPs=[{"ip": "10.88.0.4"}])

    return failing(cut("cp")(edited(facts, "pods", move)), READY)


def no_network(facts: Facts) -> Facts:
    """No network plugin: replicas wait."""

    def wait(pods: tuple[Manifest, ...]) -> None:
        for pod in pods:
            pod["status"].update(phase="Pending", podIPs=[], conditions=[], containerStatuses=[])

    def unready(nodes: tuple[Manifest, ...]) -> None:
        for node in nodes:
            node["status"]["conditions"] = [
                {
                    "type": "Ready",
                    "status": "False",
                    "message": "container runtime network not ready: NetworkReady=false "
                    "reason:NetworkPluginNotReady message:cni plugin not initialized",
                }
            ]

    faulty = edited(edited(no_endpoints(facts), "pods", wait), "nodes", unready)
    faulty = replace(
        faulty, talks=(), contacts=(), resolv_confs={}, unprobed={}, logs={}, metrics={}
    )
    return failing(faulty, READY)


def policy(namespace: str, spec: Mapping[str, object]) -> Manifest:
    """A NetworkPolicy."""
    return {"metadata": {"name": "shut", "namespace": namespace}, "spec": dict(spec)}


def egress_denied(facts: Facts) -> Facts:
    """Our namespace may send nothing."""
    shut = policy(OURS, {"podSelector": {}, "policyTypes": ["Egress"]})
    faulty = saying(replace(facts, policies=(shut,)), lambda t: "timeout")
    return failing(touching(faulty, lambda c: "timeout"), PATHS)


def ingress_shut(facts: Facts) -> Facts:
    """The replicas hear only their own namespace."""
    spec = {
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": {}}]}],
    }
    shut = policy("kube-system", spec)
    faulty = saying(
        replace(facts, policies=(shut,)), lambda t: None if t.kind == "upstream" else "timeout"
    )
    return failing(touching(faulty, lambda c: "timeout" if c.what.startswith("/") else None), PATHS)


def egress_of_replicas(facts: Facts) -> Facts:
    """The replicas may send nothing."""
    spec = {
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"podSelector": {}}], "ports": [{"port": 9153}]}],
    }
    return no_upstream(replace(facts, policies=(policy("kube-system", spec),)), direct="NOERROR")


def another_answers(facts: Facts) -> Facts:
    """On w2 every question over UDP comes to a server that knows nothing."""

    def rule(talk: Talk) -> str | None:
        fits = talk.node == "w2" and talk.transport == "udp" and talk.kind == "known"
        return "NXDOMAIN" if fits and talk.server != "upstream" else None

    name, server = "kubernetes.default.svc.cluster.local. A", "pod/coredns-a (10.244.0.2)"
    check = "tests/dns/test_kubernetes_service.py::test_address_is_the_cluster_ip[udp-A]"
    return failed(saying(facts, rule), check, cell(name, "w2", server, "udp", RIGHT, NXDOMAIN))


FAULTY: dict[str, tuple[str, Change]] = {
    "another answers": ("dns-intercepted", another_answers),
    "kube-proxy": ("kube-proxy-down-node", kube_proxy_down),
    "cut node": ("overlay-broken", cut("w2")),
    "cut replica": ("overlay-broken", cut("w1")),
    "rejected": ("firewall-reject", cut("w2", "unreachable")),
    "no forwarding": ("forward-drop", forwards_nothing),
    "udp of the service": ("vxlan-checksum", udp_of_service),
    "udp": ("dns-udp-dead-tcp-alive", udp_dead),
    "large": ("mtu-blackhole", large_lost),
    "lossy": ("conntrack-race-5s", lossy),
    "lossy link": ("packets-lost", partial(lossy_link, lost=11, late=2, improbable=True)),
    "late link": ("packets-lost", partial(lossy_link, late=9, improbably_late=True)),
    "stale bridge": ("stale-cni", stale_bridge),
    "no network": ("no-cni", no_network),
    "egress": ("netpol-egress-deny", egress_denied),
    "ingress of DNS": ("netpol-dns-ingress", ingress_shut),
    "egress of DNS": ("netpol-dns-egress", egress_of_replicas),
}
