"""Facts of clusters with a fault that no catalogue has, made by hand like those in faulty_facts."""

from copy import deepcopy
from dataclasses import replace

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from selftests.diagnosis.edit_facts import (
    NO_RECORD,
    NXDOMAIN,
    RIGHT,
    Change,
    Said,
    cell,
    corefile,
    edited,
    failed,
    no_answer,
    saying,
)
from selftests.diagnosis.faulty_facts.network import deaf_replica, deaf_replica_of_a_busy_node
from selftests.diagnosis.faulty_facts.places import to_service
from selftests.diagnosis.healthy_facts import DNS_IP, NODES, OURS

API_NAME = "kubernetes.default.svc.cluster.local."
SERVERS = (f"service/kube-dns ({DNS_IP})", "pod/coredns-a (10.244.0.2)")
BEFORE = "    kubernetes cluster.local"
PLAIN = "tests/dns/test_cluster_ip_service.py::test_address_is_the_cluster_ip[udp-A]"
API = "tests/dns/test_kubernetes_service.py::test_address_is_the_cluster_ip"
ANOTHER = Said(records=("y",))


def plugin(lines: str) -> Change:
    """With these lines before kubernetes in the Corefile."""
    return lambda facts: corefile(facts, BEFORE, f"{lines}\n{BEFORE}")


def answering(
    facts: Facts, question: str, wanted: Said, got: Said, nodes: tuple[str, ...] = NODES
) -> Facts:
    """With a failed check to which all servers gave the same wrong answer on these nodes."""
    cells = [cell(question, n, s, "udp", wanted, got) for n in nodes for s in SERVERS]
    return failed(facts, PLAIN, *cells)


def hosts(facts: Facts) -> Facts:
    """The plugin hosts has an address of its own for the API server."""
    faulty = plugin(f"    hosts {{\n        192.0.2.7 {API_NAME}\n        fallthrough\n    }}")(
        facts
    )
    return answering(
        faulty,
        f"{API_NAME} A",
        Said(records=(f"{API_NAME} A 10.96.0.1",)),
        Said(records=(f"{API_NAME} A 192.0.2.7",)),
    )


def template(facts: Facts) -> Facts:
    """No name of the cluster exists when AAAA is asked for."""
    faulty = plugin("    template IN AAAA cluster.local {\n        rcode NXDOMAIN\n    }")(facts)
    return answering(faulty, f"{API_NAME} AAAA", NO_RECORD, NXDOMAIN)


def rewrite(facts: Facts) -> Facts:
    """Names of ports are turned into others."""
    faulty = plugin("    rewrite name regex _(.*)\\.svc\\.cluster\\.local lost.svc.cluster.local")(
        facts
    )
    return answering(faulty, f"_https._tcp.{API_NAME} SRV", RIGHT, NXDOMAIN)


def no_ttl(facts: Facts) -> Facts:
    """Every answer gets a TTL of 0."""
    faulty = plugin("    rewrite ttl suffix .cluster.local 0")(facts)
    return answering(faulty, f"{API_NAME} A", RIGHT, RIGHT)


def acl(facts: Facts) -> Facts:
    """Pods of w2 are refused."""
    faulty = plugin("    acl {\n        block net 10.244.2.0/24\n    }")(facts)
    faulty = saying(
        faulty, lambda t: "REFUSED" if t.node == "w2" and t.kind != "upstream" else None
    )
    return answering(faulty, f"{API_NAME} A", RIGHT, Said("REFUSED", ()), ("w2",))


def stub(facts: Facts) -> Facts:
    """The names of Services are asked of somebody else."""
    text = facts.inventory.corefile_text or ""
    text += "svc.cluster.local:53 {\n    forward . 192.0.2.9\n}\n"
    faulty = replace(facts, inventory=replace(facts.inventory, corefile_text=text))
    faulty = saying(faulty, lambda t: "NXDOMAIN" if t.kind == "known" else None)
    return answering(faulty, f"web.{OURS}.svc.cluster.local. A", RIGHT, NXDOMAIN)


def foreign(facts: Facts) -> Facts:
    """A pod of another Deployment stands behind the Service."""

    def add(pods: tuple[Manifest, ...]) -> None:
        pods[0]["metadata"]["name"] = "second-7c9f-x2x4b"
        pods[0]["metadata"]["labels"]["pod-template-hash"] = "7c9f"

    faulty = edited(facts, "pods", add)
    server = "pod/second-7c9f-x2x4b (10.244.0.2)"
    return failed(
        faulty, f"{API}[udp-A]", cell(f"{API_NAME} A", "w1", server, "udp", RIGHT, ANOTHER)
    )


def old_corefile(facts: Facts) -> Facts:
    """One replica has read another Corefile, and has no records of pods."""
    line = "[INFO] plugin/reload: Running configuration SHA512 = "
    faulty = replace(
        facts, logs={"coredns-a": f"{line}1b22\n{line}77aa", "coredns-b": f"{line}1b22"}
    )
    name, server = f"1-2-3-4.{OURS}.pod A", "pod/coredns-b (10.244.1.2)"
    return failed(faulty, f"{API}[udp-A]", cell(name, "w1", server, "udp", RIGHT, ANOTHER))


def same_corefile(facts: Facts) -> Facts:
    """All replicas have read the same Corefile in the end, and one answers otherwise."""
    faulty = old_corefile(facts)
    line = "[INFO] plugin/reload: Running configuration SHA512 = "
    return replace(
        faulty, logs={"coredns-a": f"{line}1b22\n{line}77aa", "coredns-b": f"{line}77aa"}
    )


def tcp_lost_on_one_path(facts: Facts) -> Facts:
    """TCP from w2 to one replica is lost: no cause is about that."""
    faulty = saying(
        facts,
        lambda t: (
            "timeout" if (t.node, t.server, t.transport) == ("w2", "pod/coredns-a", "tcp") else None
        ),
    )
    silent = cell(f"{API_NAME} A", "w2", SERVERS[1], "tcp", RIGHT, no_answer("timeout"))
    return failed(faulty, f"{API}[tcp-A]", silent)


def harmless(facts: Facts) -> Facts:
    """Plugins that might answer first, but not for what failed."""
    faulty = plugin("    hosts {\n        192.0.2.7 db.example.\n    }")(facts)
    text = (faulty.inventory.corefile_text or "").replace(
        BEFORE, f"    template IN A example.org {{\n        rcode NXDOMAIN\n    }}\n{BEFORE}"
    )
    faulty = replace(deepcopy(faulty), inventory=replace(faulty.inventory, corefile_text=text))
    return answering(faulty, f"{API_NAME} A", RIGHT, ANOTHER)


def untranslated(facts: Facts) -> Facts:
    """On w2 half of the answers over UDP come from a replica instead of the Service."""
    stray = "wrong source 10.244.0.2:53"
    faulty = to_service(stray, transport="udp", node="w2")(facts)
    lossy = tuple(
        replace(p, lost=p.sent // 2, improbable=True)
        if (p.node, p.transport) == ("w2", "udp") and p.server.startswith("service/")
        else p
        for p in facts.paths
    )
    silent = cell(f"{API_NAME} A", "w2", SERVERS[0], "udp", RIGHT, no_answer(stray))
    faulty = failed(replace(faulty, paths=lossy), PLAIN, silent)
    return failed(faulty, "tests/network/test_paths.py::test_path_loses_nothing[udp]")


def stranger(facts: Facts) -> Facts:
    """Somebody who is no replica answers."""
    faulty = to_service("wrong source 192.0.2.9:53", transport="udp", node="w2")(facts)
    return answering(faulty, f"{API_NAME} A", RIGHT, no_answer("wrong source 192.0.2.9:53"))


UNCATALOGUED: dict[str, tuple[str, Change]] = {
    "hosts": ("hosts-override", hosts),
    "template": ("template-override", template),
    "rewrite": ("rewrite-override", rewrite),
    "ttl": ("rewrite-override", no_ttl),
    "acl": ("acl-refuses", acl),
    "stub": ("stub-shadows-cluster", stub),
    "foreign replica": ("foreign-replica", foreign),
    "old Corefile": ("corefile-old-replica", old_corefile),
    "untranslated": ("wrong-source", untranslated),
    "deaf replica": ("dns-port-filtered", deaf_replica),
    "deaf replica of a busy node": ("dns-port-filtered", deaf_replica_of_a_busy_node),
}
UNKNOWN: dict[str, Change] = {
    "tcp on one path": tcp_lost_on_one_path,
    "answers of a stranger": stranger,
    "harmless plugins": harmless,
    "same Corefile": same_corefile,
}
