"""The node-local cache: told to pods, but not there or not well."""

from clusterdns.cluster import is_ready
from clusterdns.diagnosis.causes.client import TOLD, local_addresses
from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.restarting import one_pod, set_in_kubelet
from clusterdns.diagnosis.scopes import Scope, about


@cause("nodelocal-ipvs-clusterdns", "node-local", leads_to=("kubelet-clusterdns-wrong",))
def nobody_there(facts: Facts) -> Finding | None:
    """Pods are told the address of a node-local cache, and there is none."""
    local = local_addresses(facts)
    said = facts.inventory.told.answers  # a cache may run outside the API
    wrong = {
        node: [
            ns
            for ns in conf.nameservers
            if ns.startswith("169.254.") and ns not in {*local, *said.get(node, ())}
        ]
        for node, conf in facts.resolv_confs.items()
    }
    wrong = {node: told for node, told in wrong.items() if told}
    if not wrong or facts.node_local is None:
        return None
    ips = ", ".join(facts.inventory.cluster_ips) or "THE-CLUSTER-DNS-IP"
    return Finding(
        f"Pods on {nodes_in_words(set(wrong))} are told to ask a node-local cache, but none runs: "
        f"nobody listens on {', '.join(sorted({ns for told in wrong.values() for ns in told}))}.",
        (
            *(f"{node}: nameserver {' '.join(told)}" for node, told in wrong.items()),
            "no pod labelled k8s-app=node-local-dns listens on it",
        ),
        (
            "either install NodeLocal DNSCache, or:",
            *set_in_kubelet(nodes_in_words(set(wrong)), f"clusterDNS: [{ips}]"),
        ),
        Scope(TOLD),
        silent=lambda talk: talk.address in wrong.get(talk.node, ()),
    )


@cause("nodelocal-down", "node-local")
def down(facts: Facts) -> Finding | None:
    """The node-local cache of a node is not well, and what it set up is still there."""
    local = local_addresses(facts)
    if not facts.node_local or not local:
        return None
    unready = {p["spec"].get("nodeName", "") for p in facts.node_local if not is_ready(p)}
    have = {p["spec"].get("nodeName", "") for p in facts.node_local}
    nodes = unready | (set(facts.resolv_confs) - have)
    silent = {t.node for t in [*facts.said("told"), *facts.to_service()] if not t.answered} & nodes
    if not silent:
        return None
    return Finding(
        f"The node-local cache on {nodes_in_words(silent)} is down, and questions of pods there "
        "still go to it.",
        (
            f"{', '.join(sorted(local))} does not answer from {nodes_in_words(silent)}",
            f"node-local-dns on {nodes_in_words(silent)}: "
            + ("its pod is not ready" if silent & unready else "no pod of it runs"),
        ),
        (
            *(
                one_pod(facts, pod)
                for pod in facts.node_local
                if pod["spec"].get("nodeName") in silent and not is_ready(pod)
            ),
            f"on {nodes_in_words(silent)}: ip link show nodelocaldns  # as long as no cache runs "
            "and this is there, questions end in it",
        ),
        Scope(about("paths", *TOLD), lambda cell: cell.node in silent),
    )
