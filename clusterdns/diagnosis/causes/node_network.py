"""The way between nodes: routes, forwarding, firewalls."""

from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, Scope, cause
from clusterdns.diagnosis.paths import cross_failures
from clusterdns.diagnosis.rows import Cell
from clusterdns.diagnosis.scopes import from_nodes


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
            f"{facts.kubectl} -n kube-system get pods -o wide  # is the network plugin well?",
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


def _from_or_to(nodes: set[str], facts: Facts) -> Scope:
    """What is asked from these nodes, or of replicas on them, of which the Service has a share."""
    there = {replica.address for replica in facts.inventory.replicas if replica.node in nodes}

    def fits(cell: Cell) -> bool:
        asked = cell.server.rpartition("(")[2].rstrip(")")
        return cell.node in nodes or asked in there or bool(there and cell.of_service)

    return Scope(from_nodes(nodes).names, fits)


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
    # An upstream may be on the node itself, whatever its address (Docker's resolver is).
    outward = [t for t in facts.talks if t.node != t.server_node and t.kind != "upstream"]
    silent = {n for n in facts.nodes if not any(t.answered for t in outward if t.node == n)}
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
            f"on {nodes_in_words(nodes)}: iptables -S FORWARD | head -1; if it is DROP, see what "
            "set it (Docker, ufw), and let pods through before it:",
            *_let_through(facts),
            "sysctl net.ipv4.ip_forward  # must be 1",
        ),
        _from_or_to(nodes, facts),
        "medium",
        assumes=1,
        tell_apart="the same question from the node itself works: then it is the FORWARD chain",
    )


def _let_through(facts: Facts) -> list[str]:
    """Rules for the pod ranges of the nodes, where the API knows them."""
    ranges = {n["spec"].get("podCIDR", "") for n in facts.inventory.nodes} - {""}
    if not ranges:
        return ["a rule that accepts the pod range, as source and as destination"]
    return [
        f"{'ip6tables' if ':' in cidr else 'iptables'} -I FORWARD {side} {cidr} -j ACCEPT"
        for cidr in sorted(ranges)
        for side in ("-s", "-d")
    ][:6]


def every_node(facts: Facts) -> set[str]:
    """The names of all nodes."""
    return {str(node["metadata"]["name"]) for node in facts.inventory.nodes}


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
            "with firewalld: firewall-cmd --permanent --zone=trusted --add-source=RANGE for the "
            f"pod ranges ({_ranges(facts, every_node(facts))}), then firewall-cmd --reload",
        ),
        from_nodes(nodes),
        "high" if back else "medium",
    )
