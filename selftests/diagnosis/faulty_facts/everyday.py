"""Facts of a cluster in which somebody changed a setting on a working day."""

from dataclasses import replace

from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Cell, Trouble
from clusterdns.resolvconf import ResolvConf
from selftests.diagnosis.edit_facts import Change, corefile, edited, failing, saying
from selftests.diagnosis.faulty_facts.places import PATHS, to_service
from selftests.diagnosis.healthy_facts import DNS_IP, OURS

LOSSES = "tests/network/test_paths.py::test_path_loses_nothing[udp]"
ADDRESS = "tests/dns/test_cluster_ip_service.py::test_address_is_the_cluster_ip[udp-plain-A]"
BEFORE = "    kubernetes cluster.local"


def local_traffic(facts: Facts) -> Facts:
    """The Service leads to replicas on the same node; w2 has none."""
    sick = edited(facts, "service", lambda s: s["spec"].update(internalTrafficPolicy="Local"))
    return failing(to_service("timeout", node="w2")(sick), PATHS)


def stale_endpoint(facts: Facts) -> Facts:
    """A third of the questions goes to an address that nobody has."""
    extra = {"addresses": ["10.244.2.250"], "conditions": {"ready": True}}
    sick = edited(facts, "slices", lambda s: s[0]["endpoints"].append(extra))
    lossy = tuple(
        replace(p, lost=30, improbable=True) if p.server.startswith("service/") else p
        for p in sick.paths
    )
    return failing(replace(sick, paths=lossy), LOSSES)


def denied(facts: Facts, *servers: str) -> Facts:
    """With a failed check in which names of ours do not exist."""
    name = f"web.{OURS}.svc.cluster.local. A"
    cells = tuple(
        Cell(name, "w1", server, "udp", "NOERROR [x]", "NXDOMAIN [] with the SOA")
        for server in servers
    )
    return replace(facts, troubles=(*facts.troubles, Trouble(ADDRESS, "failed", "odd", cells)))


def some_namespaces(facts: Facts) -> Facts:
    """Only kube-system is served."""
    sick = corefile(facts, "        pods insecure", "        namespaces kube-system")
    return denied(sick, f"service/kube-dns ({DNS_IP})", "pod/coredns-a (10.244.0.2)")


def bound(facts: Facts) -> Facts:
    """CoreDNS listens on 127.0.0.1 only."""
    sick = corefile(facts, BEFORE, f"    bind 127.0.0.1\n{BEFORE}")
    return failing(saying(sick, lambda t: "refused" if t.kind != "upstream" else None), PATHS)


def cluster_domain(facts: Facts) -> Facts:
    """The kubelet of w2 has another domain."""
    search = (f"{OURS}.svc.corp.internal", "svc.corp.internal", "corp.internal")
    odd = ResolvConf((DNS_IP,), search, frozenset({"ndots:5"}))
    sick = replace(facts, resolv_confs={**facts.resolv_confs, "w2": odd})
    return failing(
        sick,
        "tests/network/test_pod_resolv_conf.py::test_search_list_is_the_clusters[cluster-first]",
    )


SICK: dict[str, tuple[str, Change]] = {
    "local traffic": ("dns-svc-local-traffic", local_traffic),
    "stale endpoint": ("dns-svc-stale-endpoint", stale_endpoint),
    "some namespaces": ("corefile-partial", some_namespaces),
    "bound to loopback": ("corefile-bind", bound),
    "cluster domain of one node": ("kubelet-clusterdomain-wrong", cluster_domain),
}
