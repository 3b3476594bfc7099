"""The network plugin: no network, an old one, or ranges that overlap."""

import ipaddress
import re

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.outside import direct
from clusterdns.diagnosis.restarting import restart
from clusterdns.diagnosis.scopes import EVERYTHING, Scope, about
from clusterdns.inventory.shape import pod_ranges


@cause("pod-cidr-overlap", "node-network", leads_to=("upstream-unreachable",))
def overlap(facts: Facts) -> Finding | None:
    """A pod range contains an address that pods need outside."""
    ranges = pod_ranges(facts.inventory.nodes)
    wanted = dict(facts.upstreams)
    for one in facts.inventory.nodes:
        for address in one["status"].get("addresses", []):
            if address.get("type") == "InternalIP":
                wanted.setdefault(address["address"], f"node {one['metadata']['name']}")
    pods = {ip["ip"] for p in facts.inventory.pods for ip in p["status"].get("podIPs", [])}
    hits = [
        (address, why, node)
        for address, why in wanted.items()
        for node, net in ranges.items()
        if ipaddress.ip_address(address) in net
        and address not in pods
        and address not in facts.pods_at  # a server in a pod
        and not any(talk.answered for talk in direct(facts, address))
    ]
    if not hits:
        return None
    address, why, node = hits[0]
    return Finding(
        f"{address} ({why}) lies in the pod range of {node}, {ranges[node]}: pods look for it "
        "among themselves.",
        tuple(f"{a} ({w}) is in {ranges[n]} of {n}" for a, w, n in hits[:3]),
        (
            "renumber: a pod range that overlaps with nothing that pods must reach (podSubnet of "
            "kubeadm, or the network plugin's pool)",
        ),
        Scope(
            about("outside-names", "loops"),
            lambda cell: cell.silent,
        ),
        "medium",
        tell_apart=f"{facts.kubectl} get pods -A -o wide  # a server in a pod that is gone?",
    )


@cause("no-cni", "node-network", leads_to=("scaled-or-pending",))
def no_cni(facts: Facts) -> Finding | None:
    """Pods get no network."""
    pattern = r"(?i)(sandbox|network).*(cni|network plugin|plugin type|failed to find plugin)"
    found = facts.events_with(pattern)
    unready = [
        f"{n['metadata']['name']}: {c.get('message', '')[:160]}"
        for n in facts.inventory.nodes
        for c in n["status"].get("conditions") or []
        if c["type"] == "Ready" and c["status"] != "True" and "etwork" in c.get("message", "")
    ]
    stuck = [p["metadata"]["name"] for p in facts.inventory.pods if _gets_no_sandbox(p)]
    bare = [why for why in facts.unprobed.values() if re.search(pattern, why)]
    if not unready and not bare and not (found and stuck):
        return None
    return Finding(
        "Pods get no network: the network plugin (CNI) is missing or broken"
        f"{' on ' + nodes_in_words(set(facts.unprobed)) if facts.unprobed else ''}.",
        (
            *unready[:2],
            *found[:2],
            *([f"waiting replicas: {', '.join(stuck)}"] if stuck else []),
            *(f"{n}: no probe could start: {w[:120]}" for n, w in list(facts.unprobed.items())[:2]),
        ),
        (
            "install the network plugin of the cluster (flannel, Calico, Cilium, ...), or repair "
            "it: ls /etc/cni/net.d /opt/cni/bin on the nodes that are not well",
            f"{facts.kubectl} get nodes; {facts.kubectl} -n kube-system get pods -o wide",
        ),
        Scope(EVERYTHING)
        if not facts.inventory.ready_pods
        else Scope(
            about(
                "paths",
                "workload",
                "pod-resolv-conf",
                "short-names",
            ),
            lambda cell: cell.node in facts.unprobed,
        ),
    )


def _gets_no_sandbox(pod: Manifest) -> bool:
    status = pod["status"]
    waiting = [(c.get("state") or {}).get("waiting") for c in status.get("containerStatuses") or []]
    return status.get("phase") == "Pending" and any(
        (one or {}).get("reason") == "ContainerCreating" for one in waiting
    )


@cause(
    "stale-cni",
    "node-network",
    leads_to=("api-unreachable", "overlay-broken", "dns-svc-endpoints-notready"),
)
def stale_cni(facts: Facts) -> Finding | None:
    """A replica has an IP outside its node's pod range, which is in use for other pods."""
    ranges = {
        n["metadata"]["name"]: [ipaddress.ip_network(c) for c in n["spec"].get("podCIDRs", [])]
        for n in facts.inventory.nodes
    }
    placed = [(node, ip, "Our probe") for node, ip in facts.probe_ips.items()]
    placed += [
        (p["spec"].get("nodeName", ""), ip["ip"], p["metadata"]["name"])
        for p in facts.inventory.pods
        if not p["spec"].get("hostNetwork")
        for ip in p["status"].get("podIPs", [])
    ]
    known = [one for one in placed if ranges.get(one[0])]
    outside = [
        (node, ip, what)
        for node, ip, what in known
        if not any(ipaddress.ip_address(ip) in net for net in ranges[node])
    ]
    if not outside or len(outside) == len(known):
        return None  # all outside: the network plugin has ranges of its own
    node, ip, what = outside[0]
    nodes = {n for n, _, _ in outside}
    return Finding(
        f"{what} on {node} has {ip}, which is outside that node's pod range "
        f"({', '.join(map(str, ranges[node]))}): an old bridge or CNI configuration is in use.",
        tuple(
            f"{w} on {n}: {i}, range {', '.join(map(str, ranges[n]))}" for n, i, w in outside[:4]
        ),
        (
            f"on {nodes_in_words(nodes)}: ls /etc/cni/net.d (more than one file? an old subnet?) "
            "and ip addr show cni0",
            *(line for n in sorted(nodes) for line in _new_bridge(facts, n)),
            "one node after the other; DaemonSets' pods there that keep an old address: delete "
            "each by its name",
        ),
        Scope(
            about(
                "paths",
                "workload",
                "health-pages",
                "short-names",
                "dns-endpoints",
            ),
            lambda cell: True,
        ),
        "high" if facts.failed else "medium",
    )


def _new_bridge(facts: Facts, node: str) -> list[str]:
    """How the bridge of a node is made anew: with it goes the network of all pods there."""
    others = [n for n in facts.inventory.ready_nodes if n["metadata"]["name"] != node]
    only_there = {p["spec"].get("nodeName") for p in facts.inventory.ready_pods} == {node}
    first = [f"{facts.kubectl} cordon {node}"]
    if only_there and others:
        first += restart(facts, "so that replicas start elsewhere; go on when these are ready")
    elif only_there:
        first = [f"beware: no other node takes the replicas: without pods on {node} DNS is away"]
    return [
        *first,
        f"{facts.kubectl} drain {node} --ignore-daemonsets  # moves the pods away",
        f"on {node}: remove the stale file; ip link delete cni0; systemctl restart kubelet; then: "
        f"{facts.kubectl} uncordon {node}",
    ]
