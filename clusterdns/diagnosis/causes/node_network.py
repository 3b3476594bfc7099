"""The data path between nodes: kube-proxy, routes, firewalls, packet sizes."""

import ipaddress
import re

from clusterdns.cluster import Manifest, is_ready
from clusterdns.diagnosis.facts import Cell, Facts, Talk, nodes_in_words
from clusterdns.diagnosis.finding import Finding, Scope, cause
from clusterdns.diagnosis.paths import Split, cross_failures, dead_service_nodes
from clusterdns.shape import endpoint_ports, ready_endpoints

ANY = ("network/*::*", "dns/*::*")


def from_nodes(nodes: set[str]) -> Scope:
    """Checks of which all deviating answers were asked from these nodes."""
    return Scope(
        (
            "network/test_path*::*",
            "network/test_search*::*",
            "network/test_replica_endpoints.py::*",
        ),
        lambda cell: cell.node in nodes,
    )


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
        (
            f"{facts.kubectl} -n kube-system get pods -o wide -l k8s-app=kube-proxy "
            f"--field-selector spec.nodeName={node}",
            f"{facts.kubectl} -n kube-system rollout restart daemonset/kube-proxy  "
            "# look at its log and its node affinity if it does not come up",
        ),
        Scope(
            from_nodes(nodes).names,
            lambda cell: cell.node in nodes and (cell.of_service or "nameserver" in cell.server),
        ),
        "high" if trouble or direct else "medium",
        tell_apart=f"on {node}: iptables-save -t nat | grep -c KUBE-SVC (or nft list ruleset)",
    )


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
            f"{facts.kubectl} -n kube-system delete pods -l k8s-app=kube-proxy "
            f"--field-selector spec.nodeName={node}",
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


@cause("vxlan-checksum", "node-network")
def checksum(facts: Facts) -> Finding | None:
    """UDP to the DNS Service fails, TCP to it and UDP to the replicas do not."""
    split = Split.of(facts)
    nodes = {
        n
        for n in facts.nodes
        if split.dead(n, "service", "udp")
        and split.alive(n, "service", "tcp")
        and split.alive(n, "pod", "udp")
    }
    errors = {t.result for t in facts.to_service(transport="udp") if t.node in nodes}
    ports = endpoint_ports(facts.inventory, "UDP", 53)
    container = {p.get("containerPort") for p in facts.inventory.container.get("ports") or []}
    if not nodes or errors != {"timeout"} or not ports & (container or {53}):
        return None
    return Finding(
        f"UDP to the DNS Service is lost on {nodes_in_words(nodes)}, while TCP to it and UDP to "
        "the replicas themselves work: packets that were rewritten to a pod on another node do "
        "not arrive (a wrong checksum, or a firewall that matches the cluster IP).",
        (
            f"from {nodes_in_words(nodes)}: UDP to the Service times out, TCP is answered",
            "UDP to every replica by its own address is answered from there",
            f"the Service leads 53/UDP to {sorted(ports)}, as the container has it",
        ),
        (
            f"on {nodes_in_words(nodes)}: ethtool -K flannel.1 tx-checksum-ip-generic off "
            "(or the VXLAN device of your network plug-in); nstat -az UdpInCsumErrors shows it",
            "iptables-save | grep -- '--dport 53' and nft list ruleset on these nodes show a "
            "firewall that drops it",
        ),
        Scope(
            ("network/test_path*::*udp*", "network/test_search*::*"),
            lambda cell: cell.node in nodes and cell.of_service and cell.transport == "udp",
        ),
        "medium",
        assumes=1,
        tell_apart="checksum errors on the replicas' nodes: a bug of offload; none: a firewall",
    )


@cause("overlay-broken", "node-network")
def overlay(facts: Facts) -> Finding | None:
    """Pods on different nodes do not reach each other, over any protocol."""
    broken = cross_failures(facts)
    if not broken or any(t.result in ("unreachable", "refused") for t in broken):
        return None
    nodes, others = {t.node for t in broken}, {t.server_node for t in broken}
    if _reaches_nothing(facts, nodes):
        return None
    pods = [c for c in facts.reached("pod") if c.node in nodes and c.server_node in others]
    lost = [c for c in pods if not c.reached]
    if pods and not lost:
        return None  # other pods of these nodes can be reached: it is about the replicas
    near = [t for t in facts.to_replicas() if t.node == t.server_node]
    well = [t for t in near if t.answered]
    if near and not well:
        return None
    pairs = sorted({f"{t.node} > {t.server_node}" for t in broken})
    return Finding(
        f"Pods on {nodes_in_words(nodes)} do not reach pods on {nodes_in_words(others)}: the "
        "network between these nodes loses what goes from pod to pod.",
        (
            f"no replica on {nodes_in_words(others)} answers from {nodes_in_words(nodes)}, over "
            f"UDP and TCP ({', '.join(pairs[:6])})",
            *(
                [f"{len(well)} questions to replicas on the asking node itself were answered"]
                if well
                else []
            ),
            *(
                [
                    f"pods there that have nothing to do with DNS cannot be reached either: "
                    f"{lost[0].node} > {lost[0].address} ({lost[0].result})"
                ]
                if lost
                else []
            ),
        ),
        (
            f"look for what drops traffic between the pod ranges of {nodes_in_words(others)} and "
            f"{nodes_in_words(nodes)} ({_ranges(facts, nodes | others)}):",
            "iptables-save, nft list ruleset and ip route on both; the port of the overlay "
            "(VXLAN 8472/udp or 4789/udp, IP-in-IP, WireGuard) in security groups between them",
            f"{facts.kubectl} -n kube-system get pods -o wide  # is the network plug-in well?",
        ),
        _between(nodes, facts),
        "high" if lost else "medium",
        tell_apart="ping from a pod on one node to a pod on the other: if it works, only DNS is "
        "filtered",
    )


def _between(nodes: set[str], facts: Facts) -> Scope:
    names = from_nodes(nodes).names
    broken = {(t.node, t.address) for t in cross_failures(facts)}
    whole = {n for n in nodes if not any(t.answered for t in facts.to_replicas(node=n))}

    def fits(cell: Cell) -> bool:
        address = cell.server.rpartition("(")[2].rstrip(")")
        return (cell.node, address) in broken or (
            cell.node in nodes and (cell.of_service or cell.node in whole)
        )

    return Scope(names, fits)


def _ranges(facts: Facts, nodes: set[str]) -> str:
    found = {
        n["metadata"]["name"]: n["spec"].get("podCIDR", "?")
        for n in facts.inventory.nodes
        if n["metadata"]["name"] in nodes
    }
    return ", ".join(f"{name} {cidr}" for name, cidr in sorted(found.items()))


def _reaches_nothing(facts: Facts, nodes: set[str]) -> bool:
    """Whether pods on these nodes reach neither other nodes' pods nor other nodes."""
    outward = [
        c
        for c in facts.contacts
        if c.node in nodes
        and (
            c.what == "pod" or (c.what == "api-endpoint" and not _is_own(facts, c.node, c.address))
        )
    ]
    kinds = {c.what for c in outward}
    return len(kinds) == 2 and not any(c.reached for c in outward)


def _is_own(facts: Facts, node: str, address: str) -> bool:
    for one in facts.inventory.nodes:
        if one["metadata"]["name"] == node:
            return address in {a["address"] for a in one["status"].get("addresses", [])}
    return False


@cause("forward-drop", "node-network", leads_to=("overlay-broken", "api-unreachable"))
def forward_drop(facts: Facts) -> Finding | None:
    """Pods on a node reach nothing beyond it: the node forwards no packets."""
    silent = {
        n
        for n in facts.nodes
        if not any(t.answered for t in facts.talks if t.node == n and t.server_node != n)
    }
    nodes = {n for n in silent if _reaches_nothing(facts, {n})}
    rejected = {c.result for c in facts.contacts if c.node in nodes and not c.reached}
    if not nodes or rejected & {"unreachable"}:
        return None
    return Finding(
        f"Pods on {nodes_in_words(nodes)} reach nothing outside their node: the node forwards no "
        "packets of pods.",
        (
            f"from {nodes_in_words(nodes)} no replica, no other pod and no other node answers "
            f"({', '.join(sorted(rejected))})",
        ),
        (
            f"on {nodes_in_words(nodes)}: iptables -S FORWARD | head -1; if it is DROP: "
            "iptables -P FORWARD ACCEPT, and see what set it (Docker, ufw)",
            "sysctl net.ipv4.ip_forward  # must be 1",
        ),
        from_nodes(nodes),
        "medium",
        assumes=1,
        tell_apart="the same question from the node itself works: then it is the FORWARD chain",
    )


@cause("firewall-reject", "node-network", leads_to=("overlay-broken",))
def firewall(facts: Facts) -> Finding | None:
    """A firewall turns packets back at once instead of dropping them."""
    words = ("unreachable", "no route to host", "permission denied", "prohibited")
    back = [t for t in facts.to_replicas() if any(word in t.result.lower() for word in words)]
    pods = [c for c in facts.contacts if any(word in c.result.lower() for word in words)]
    logs = facts.log_lines(r"no route to host|administratively prohibited")
    if not back and not (logs and pods):
        return None
    nodes = {t.node for t in back} or {c.node for c in pods}
    return Finding(
        f"A firewall rejects what pods on {nodes_in_words(nodes)} send to other pods.",
        (
            *(
                f"{t.node} > {t.address} over {t.transport}: {t.result} after {t.ms:.0f} ms"
                for t in back[:3]
            ),
            *logs,
        ),
        (
            f"on {nodes_in_words(nodes)} and the replicas' nodes: nft list ruleset (iptables alone "
            "may look clean); look for reject in a forward hook",
            "with firewalld: firewall-cmd --permanent --zone=trusted --add-source=POD-RANGE, and "
            "reload it",
        ),
        from_nodes(nodes),
        "high" if back else "medium",
    )


@cause("mtu-blackhole", "node-network")
def mtu(facts: Facts) -> Finding | None:
    """Small packets pass, large ones vanish."""
    stuck = [
        c
        for c in facts.reached("/metrics")
        if "timeout" in c.result
        and any(
            other.result == "200"
            for other in facts.reached("/health", node=c.node, server=c.server)
        )
    ]
    large = [
        cell
        for trouble in facts.failed
        for cell in trouble.cells
        if cell.silent and ("large" in trouble.name or "throng" in cell.question)
    ]
    if not stuck:
        return None
    pairs = sorted({f"{c.node} > {c.server}" for c in stuck})
    return Finding(
        f"Large packets are lost between {', '.join(pairs[:3])}: small answers arrive, large ones "
        "never do. Some link takes smaller packets than the pods think.",
        (
            f"/health (a few octets) answers, /metrics (several packets) hangs: {stuck[0].result}",
            *([f"{len(large)} large DNS answers did not arrive"] if large else []),
        ),
        (
            "ping -M do -s 1472 from pod to pod across these nodes, and smaller until it passes",
            "lower the MTU of the network plug-in below what passes, and make the pods anew",
        ),
        Scope(
            (
                "*::*throng*",
                "*::*large*",
                "dns/test_size.py::*",
                "network/test_replica_endpoints.py::*",
                "network/test_loops.py::*",
            ),
            lambda cell: cell.silent,
        ),
        "high" if large else "medium",
    )


@cause("dns-udp-dead-tcp-alive", "node-network")
def udp_dead(facts: Facts) -> Finding | None:
    """No UDP answer from Service and replicas alike, but TCP works."""
    split = Split.of(facts)
    nodes = {n for n in facts.nodes if split.dead(n, "pod", "udp") and split.alive(n, "pod", "tcp")}
    if not nodes:
        return None
    everywhere = nodes == set(facts.nodes)
    view = facts.inventory.corefile_text or ""
    by_view = "view" in view and "proto()" in view
    where = "every node" if everywhere else nodes_in_words(nodes)
    return Finding(
        f"DNS over UDP is dead from {where}, over TCP it works, with the replicas themselves too: "
        "something on the way, or CoreDNS, drops UDP to port 53.",
        (
            f"UDP from {where} to every replica: no answer; TCP: answered",
            *(["the Corefile has a view that looks at proto()"] if by_view else []),
        ),
        (
            (facts.edit_corefile + "  # take the view out")
            if by_view
            else "iptables-save and nft list ruleset on the replicas' nodes: look for 53 and udp",
            "cloud firewalls and security groups: open 53/UDP between the nodes",
        ),
        Scope(
            ("network/test_path*::*udp*", "network/test_search*::*"),
            lambda cell: cell.transport == "udp" and cell.node in nodes,
        ),
        "medium",
        assumes=1,
        tell_apart="tcpdump -ni any udp port 53 on the replica's node: arrives it, is it answered?",
    )


@cause("conntrack-race-5s", "node-network")
def race(facts: Facts) -> Finding | None:
    """Some UDP questions are lost, no TCP ones."""
    lossy = [p for p in facts.paths if p.improbable and p.lost < p.sent]
    udp = [p for p in lossy if p.transport == "udp"]
    if not udp or any(p.transport == "tcp" and p.improbable for p in lossy):
        return None
    service = [p for p in udp if p.server.startswith("service/")]
    worst = max(udp, key=lambda p: p.lost / p.sent)
    nodes = {p.node for p in udp}
    return Finding(
        f"A part of all UDP questions from {nodes_in_words(nodes)} is lost and none over TCP: "
        "clients see delays of 5 s. Typical of the conntrack race of two UDP packets at once.",
        (
            f"worst path: {worst.node} > {worst.server}: {worst.lost} of {worst.sent} lost",
            f"{len(service)} of {len(udp)} lossy paths go through the Service",
        ),
        (
            f"on {nodes_in_words(nodes)}: conntrack -S | grep insert_failed  # grows with the race",
            "NodeLocal DNSCache, or options single-request-reopen or use-vc in pods (dnsConfig)",
            "if insert_failed does not grow: look for a lossy link or a rate limit on UDP",
        ),
        Scope(
            ("network/test_path_*::*", "network/test_paths.py::*udp*"),
            lambda cell: cell.transport == "udp" and cell.silent,
        ),
        "medium",
        assumes=1 if len(service) == len(udp) else 2,
        tell_apart="insert_failed of conntrack -S grows: the race; it does not: plain packet loss",
    )


@cause("pod-cidr-overlap", "node-network", leads_to=("upstream-unreachable",))
def overlap(facts: Facts) -> Finding | None:
    """A pod range contains an address that pods need outside."""
    ranges = {
        n["metadata"]["name"]: ipaddress.ip_network(n["spec"]["podCIDR"])
        for n in facts.inventory.nodes
        if n["spec"].get("podCIDR")
    }
    wanted = dict(facts.upstreams)
    for node in facts.inventory.nodes:
        for address in node["status"].get("addresses", []):
            if address.get("type") == "InternalIP":
                wanted.setdefault(address["address"], f"node {node['metadata']['name']}")
    pods = {ip["ip"] for p in facts.inventory.pods for ip in p["status"].get("podIPs", [])}
    hits = [
        (address, why, node)
        for address, why in wanted.items()
        for node, net in ranges.items()
        if ipaddress.ip_address(address) in net and address not in pods
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
            "kubeadm, or the network plug-in's pool)",
        ),
        Scope(
            ("network/test_forwarding.py::test_outside*", "network/test_loops.py::*"),
            lambda cell: cell.silent,
        ),
        "medium",
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
        "Pods get no network: the network plug-in (CNI) is missing or broken"
        f"{' on ' + nodes_in_words(set(facts.unprobed)) if facts.unprobed else ''}.",
        (
            *unready[:2],
            *found[:2],
            *([f"waiting replicas: {', '.join(stuck)}"] if stuck else []),
            *(f"{n}: no probe could start: {w[:120]}" for n, w in list(facts.unprobed.items())[:2]),
        ),
        (
            "install the network plug-in of the cluster (flannel, Calico, Cilium, ...), or repair "
            "it: ls /etc/cni/net.d /opt/cni/bin on the nodes that are not well",
            f"{facts.kubectl} get nodes; {facts.kubectl} -n kube-system get pods -o wide",
        ),
        Scope(("network/*::*", "dns/*::*"))
        if not facts.inventory.ready_pods
        else Scope(
            (
                "network/test_path*::*",
                "network/test_dns_workload.py::*",
                "network/test_pod*::*",
                "network/test_search*::*",
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
    placed = [(node, ip, "a probe") for node, ip in facts.probe_ips.items()]
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
        return None  # all outside: the network plug-in has ranges of its own
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
            "remove the stale file; ip link delete cni0; systemctl restart kubelet; "
            f"then {facts.restart}",
        ),
        Scope(
            (
                "network/test_path*::*",
                "network/test_dns_workload.py::*",
                "network/test_replica*::*",
                "network/test_search*::*",
                "network/test_dns_end*::*",
            ),
            lambda cell: True,
        ),
        "high" if facts.failed else "medium",
    )


def answered_share(talks: list[Talk]) -> str:
    """How many were answered, in words."""
    return f"{sum(t.answered for t in talks)} of {len(talks)} answered"


@cause("edns-large-dropped", "node-network")
def edns(facts: Facts) -> Finding | None:
    """Only questions that offer a large size get no answer."""
    hits = [t for t in facts.failed if "test_question_is_answered_with[udp-" in t.name and t.cells]
    large = [t for t in hits if "4096" in t.name and all(c.silent for c in t.cells)]
    small = [t for t in hits if t not in large]
    if not large or small or not any(t.answered for t in facts.said(transport="udp")):
        return None
    nodes = {cell.node for trouble in large for cell in trouble.cells}
    by_view = "bufsize()" in (facts.inventory.corefile_text or "")
    return Finding(
        "Questions that offer to take large UDP answers (EDNS buffer size 4096) get no answer, "
        f"those that offer less do, from {nodes_in_words(nodes)}.",
        (
            *(f"{t.name.rpartition('::')[2]}: {len(t.cells)} of them silent" for t in large),
            *(
                ["a view in the Corefile looks at bufsize(), which is 65535 over TCP"]
                if by_view
                else []
            ),
        ),
        (
            f"{facts.edit_corefile}  # "
            + ("take the view on bufsize() out" if by_view else "bufsize 1232"),
            "a firewall that drops UDP above one packet, or fragments: dig +bufsize=512, 1232, "
            "4096 along the way shows where",
        ),
        Scope(
            ("dns/test_edns.py::*4096*", *(["network/test_path*::*tcp*"] if by_view else [])),
            lambda cell: cell.silent and by_view and cell.transport == "tcp",
        ),
        "high" if by_view else "medium",
    )
