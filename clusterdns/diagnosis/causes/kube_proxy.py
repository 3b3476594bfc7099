"""kube-proxy: cluster IPs that lead nowhere, or not any more."""

from clusterdns.cluster import is_ready
from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, Scope, cause
from clusterdns.diagnosis.paths import dead_service_nodes
from clusterdns.diagnosis.restarting import one_pod
from clusterdns.diagnosis.scopes import from_nodes
from clusterdns.inventory.shape import ready_endpoints


@cause("kube-proxy-down-node", "node-network")
def kube_proxy(facts: Facts) -> Finding | None:
    """On a node no cluster IP works, not even the API server's, while pods can be reached."""
    dead = dead_service_nodes(facts)
    if not ready_endpoints(facts.inventory.slices):
        return None
    seen = {c.node: c for c in facts.reached("api-service")}
    nodes = {n for n in dead if n in seen and not seen[n].reached}
    if not nodes:
        return None
    alive = [t for t in facts.to_replicas() if t.node in nodes and t.answered]
    if not alive:
        return None
    direct = [c for c in facts.reached("api-endpoint") if c.node in nodes and c.reached]
    trouble = [p for n in sorted(nodes) for p in _proxy_trouble(facts, n)]
    node = sorted(nodes)[0]
    return Finding(
        f"No cluster IP works on {nodes_in_words(nodes)}: kube-proxy does not do its work there.",
        (
            f"from {nodes_in_words(nodes)} neither the DNS Service nor the API server's "
            f"({seen[node].server}: {seen[node].result}) can be reached",
            f"{len(alive)} questions from there to replicas by their own addresses were answered",
            *([f"the API server itself ({direct[0].server}) can be reached"] if direct else []),
            *trouble,
        ),
        _proxy_anew(facts, nodes),
        Scope(
            from_nodes(nodes).names,
            lambda cell: cell.node in nodes and (cell.of_service or "nameserver" in cell.server),
        ),
        "high" if trouble or direct else "medium",
        tell_apart=f"on {node}: iptables-save -t nat | grep -c KUBE-SVC (or nft list ruleset)",
    )


def _proxy_anew(facts: Facts, nodes: set[str]) -> tuple[str, ...]:
    """How kube-proxy starts anew on these nodes alone; the rules that it wrote stay meanwhile."""
    there = [p for p in facts.kube_proxies or () if p["spec"].get("nodeName") in nodes]
    if not there:
        return (
            f"on {nodes_in_words(nodes)}: look at kube-proxy, or at what stands in for it: does "
            "it run there, do its node affinity and its tolerations let it?",
        )
    return (
        *(one_pod(facts, pod) for pod in there),
        "look at its log and its node affinity if it does not come up; one node after the other",
    )


def _proxy_trouble(facts: Facts, node: str) -> list[str]:
    if facts.kube_proxies is None or not facts.kube_proxies:
        return []
    there = [p for p in facts.kube_proxies if p["spec"].get("nodeName") == node]
    if not there:
        return [f"{node} has no kube-proxy pod"]
    return [
        f"{p['metadata']['name']} on {node} is not ready: {p['status'].get('phase')}"
        for p in there
        if not is_ready(p)
    ]


@cause("kube-proxy-stuck-node", "node-network")
def stuck_proxy(facts: Facts) -> Finding | None:
    """On a node only the DNS Service is dead, though it has endpoints that answer."""
    dead = dead_service_nodes(facts)
    fine = {t.node for t in facts.to_service() if t.answered}
    reach = {c.node for c in facts.reached("api-service") if c.reached}
    direct = {t.node for t in facts.to_replicas() if t.answered and t.node != t.server_node}
    nodes = dead & reach & direct
    if not nodes or not fine or not ready_endpoints(facts.inventory.slices):
        return None
    silent = {t.node for t in facts.to_replicas() if not t.answered}
    if nodes & silent:
        return None
    node = sorted(nodes)[0]
    return Finding(
        f"On {nodes_in_words(nodes)} the DNS Service leads nowhere, although other cluster IPs "
        "work there and every replica answers: kube-proxy there did not follow the last change.",
        (
            f"from {nodes_in_words(nodes)} the Service does not answer, from "
            f"{nodes_in_words(fine)} it does",
            "every replica answers there by its own address, and so does the API server's Service",
            *_proxy_trouble(facts, node),
        ),
        (
            *_proxy_anew(facts, nodes),
            f"on {node}: conntrack -L -d {next(iter(facts.inventory.cluster_ips), '')}  # entries "
            "that lead to pods which are gone",
        ),
        Scope(
            from_nodes(nodes).names,
            lambda cell: cell.node in nodes and cell.of_service,
        ),
        "medium",
        assumes=1,
        tell_apart=f"on {node}: iptables-save -t nat | grep kube-dns shows addresses of pods that "
        "are gone (kube-proxy), or the right ones (a firewall)",
    )
