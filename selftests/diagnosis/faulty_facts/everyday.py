"""Facts of a cluster in which somebody changed a setting on a working day."""

from dataclasses import replace

from clusterdns.diagnosis.facts import Facts
from clusterdns.resolvconf import ResolvConf
from selftests.diagnosis.edit_facts import (
    NXDOMAIN,
    RIGHT,
    Change,
    cell,
    corefile,
    edited,
    failed,
    failing,
    saying,
)
from selftests.diagnosis.faulty_facts.places import PATHS, to_service
from selftests.diagnosis.healthy_facts import DNS_IP, OURS

LOSSES = "tests/network/test_paths.py::test_path_loses_nothing[udp]"
ADDRESS = "tests/dns/test_cluster_ip_service.py::test_address_is_the_cluster_ip[udp-A]"
BEFORE = "    kubernetes cluster.local"


def local_traffic(facts: Facts) -> Facts:
    """The Service leads to replicas on the same node; w2 has none."""
    faulty = edited(facts, "service", lambda s: s["spec"].update(internalTrafficPolicy="Local"))
    return failing(to_service("timeout", node="w2")(faulty), PATHS)


def stale_endpoint(facts: Facts) -> Facts:
    """A third of the questions goes to an address that nobody has."""
    extra = {"addresses": ["10.244.2.250"], "conditions": {"ready": True}}
    faulty = edited(facts, "slices", lambda s: s[0]["endpoints"].append(extra))
    lossy = tuple(
        replace(p, lost=30, improbable=True) if p.server.startswith("service/") else p
        for p in faulty.paths
    )
    return failing(replace(faulty, paths=lossy), LOSSES)


def denied(facts: Facts, *servers: str) -> Facts:
    """With a failed check in which names of ours do not exist."""
    name = f"web.{OURS}.svc.cluster.local. A"
    cells = [cell(name, "w1", server, "udp", RIGHT, NXDOMAIN) for server in servers]
    return failed(facts, ADDRESS, *cells)


def some_namespaces(facts: Facts) -> Facts:
    """Only kube-system is served."""
    faulty = corefile(facts, "        pods insecure", "        namespaces kube-system")
    return denied(faulty, f"service/kube-dns ({DNS_IP})", "pod/coredns-a (10.244.0.2)")


def bound(facts: Facts) -> Facts:
    """CoreDNS listens on 127.0.0.1 only."""
    faulty = corefile(facts, BEFORE, f"    bind 127.0.0.1\n{BEFORE}")
    return failing(saying(faulty, lambda t: "refused" if t.kind != "upstream" else None), PATHS)


def cluster_domain(facts: Facts) -> Facts:
    """The kubelet of w2 has another domain."""
    search = (f"{OURS}.svc.corp.internal", "svc.corp.internal", "corp.internal")
    odd = ResolvConf((DNS_IP,), search, frozenset({"ndots:5"}))
    faulty = replace(facts, resolv_confs={**facts.resolv_confs, "w2": odd})
    return failing(
        faulty,
        "tests/network/test_pod_resolv_conf.py::test_search_list_is_the_clusters[cluster-first]",
    )


FAULTY: dict[str, tuple[str, Change]] = {
    "local traffic": ("dns-svc-local-traffic", local_traffic),
    "stale endpoint": ("dns-svc-stale-endpoint", stale_endpoint),
    "some namespaces": ("corefile-partial", some_namespaces),
    "bound to loopback": ("corefile-bind", bound),
    "cluster domain of one node": ("kubelet-clusterdomain-wrong", cluster_domain),
}
