"""Packets that are lost by their kind: UDP, large ones, two at once."""

from clusterdns.diagnosis.facts import Facts, nodes_in_words
from clusterdns.diagnosis.finding import Finding, cause
from clusterdns.diagnosis.paths import Split
from clusterdns.diagnosis.rows import PathLoss
from clusterdns.diagnosis.scopes import Scope, about, both
from clusterdns.diagnosis.slow import judged_ways, slow_replicas
from clusterdns.inventory.shape import endpoint_ports
from clusterdns.matrix.question import TRANSPORTS
from clusterdns.report.cell import Cell


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
            "(or the VXLAN device of your network plugin); nstat -az UdpInCsumErrors shows it",
            "iptables-save | grep -- '--dport 53' and nft list ruleset on these nodes show a "
            "firewall that drops it",
        ),
        Scope(
            about(both("paths", "udp"), "short-names"),
            lambda cell: cell.node in nodes and cell.of_service and cell.transport == "udp",
        ),
        "medium",
        assumes=1,
        tell_apart="checksum errors on the replicas' nodes: a bug of offload; none: a firewall",
    )


@cause("mtu-blackhole", "node-network")
def mtu(facts: Facts) -> Finding | None:
    """Small packets pass, large ones vanish."""
    slow = slow_replicas(facts)
    stuck = [
        c
        for c in facts.reached("/metrics")
        if "timeout" in c.result
        and c.server not in slow
        and any(
            other.result == "200"
            for other in facts.reached("/health", node=c.node, server=c.server)
        )
    ]
    large = [
        cell
        for trouble in facts.failed_about("large-answers")
        for cell in trouble.cells
        if cell.silent
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
            "lower the MTU of the network plugin below what passes; pods have it once their "
            "workloads were rolled out anew, one after the other",
        ),
        Scope(
            about(
                "large-answers",
                "health-pages",
                "loops",
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
    # A part that is lost is not all: where most of a run's questions were answered, none is dead.
    nodes -= {
        p.node
        for p in facts.paths
        if p.transport == "udp" and p.server.startswith("pod/") and 2 * p.lost < p.sent
    }
    if not nodes:
        return None
    everywhere = nodes == set(facts.nodes)
    view = facts.inventory.corefile_text or ""
    by_view = "view" in view and "proto()" in view
    where = "every node" if everywhere else nodes_in_words(nodes)
    port = facts.inventory.replica_port
    return Finding(
        f"DNS over UDP is dead from {where}, over TCP it works, with the replicas themselves too: "
        f"something on the way, or CoreDNS, drops UDP to port {port}.",
        (
            f"UDP from {where} to every replica: no answer; TCP: answered",
            *(["the Corefile has a view that looks at proto()"] if by_view else []),
        ),
        (
            (facts.edit_corefile + "  # take the view out")
            if by_view
            else f"on the replicas' nodes, those about udp: {facts.rules_about_dns}",
            f"cloud firewalls and security groups: open {port}/UDP between the nodes",
        ),
        Scope(
            about(both("paths", "udp"), "short-names", "ndots", "outside-names", "loops"),
            lambda cell: cell.transport == "udp" and cell.node in nodes,
        ),
        "medium",
        assumes=1,
        tell_apart=f"tcpdump -ni any udp port {port} on the replica's node: arrives it, is it "
        "answered?",
    )


@cause("conntrack-race-5s", "node-network")
def race(facts: Facts) -> Finding | None:
    """Some UDP questions are lost, no TCP ones."""
    lossy = [p for p in judged_ways(facts) if p.improbable and p.lost < p.sent]
    udp = [p for p in lossy if p.transport == "udp"]
    if not udp or _resent(facts):
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
            about(both("paths", "udp")),
            lambda cell: (cell.transport == "udp" and cell.silent) or _looked_up(cell, nodes),
        ),
        "medium",
        assumes=1 if len(service) == len(udp) else 2,
        tell_apart="insert_failed of conntrack -S grows: the race; it does not: plain packet loss",
    )


@cause("packets-lost", "node-network")
def lossy_link(facts: Facts) -> Finding | None:
    """Some questions are lost over UDP, and over TCP from the same nodes: none, or late."""
    lossy = [
        p for p in judged_ways(facts) if p.improbable and p.lost < p.sent and p.transport == "udp"
    ]
    late = _resent(facts)
    nodes = {p.node for p in lossy} & {p.node for p in late}
    if not nodes:
        return None
    worst = max((p for p in lossy if p.node in nodes), key=lambda p: p.lost / p.sent)
    slow = max((p for p in late if p.node in nodes), key=lambda p: (p.lost + p.late) / p.sent)
    where = nodes_in_words(nodes)
    return Finding(
        f"A part of all packets between {where} and the replicas is lost, over UDP and over TCP "
        "alike: a bad link, a full queue or a rate limit, not the conntrack race.",
        (
            f"UDP, worst path: {worst.node} > {worst.server}: {worst.lost} of {worst.sent} lost",
            f"TCP, worst path: {slow.node} > {slow.server}: {slow.lost} of {slow.sent} lost, and "
            f"{slow.late} answers a second late, which is a segment that was sent again",
        ),
        (
            f"on {where}: ip -s link  # errors and drops of the interfaces",
            f"on {where}: tc -s qdisc  # drops of queues and rate limits",
            f"on {where}: iptables-save | grep -E 'limit|statistic'  # rules that drop a share",
        ),
        Scope(
            about("paths"),
            lambda cell: (cell.node in nodes and cell.silent) or _looked_up(cell, nodes),
        ),
        "medium",
        assumes=1,
        tell_apart="ping -c 200 from a pod there to a pod on another node: does it lose as much?",
    )


def _looked_up(cell: Cell, nodes: set[str]) -> bool:
    """What a program looked up on these nodes: it asks again where packets are lost, or goes on."""
    return cell.node in nodes and cell.transport not in TRANSPORTS


def _resent(facts: Facts) -> list[PathLoss]:
    """The TCP paths with answers that are lost, or late as a lost segment makes them."""
    return [
        p
        for p in judged_ways(facts)
        if p.transport == "tcp" and p.lost < p.sent and (p.improbable or p.improbably_late)
    ]


@cause("edns-large-dropped", "node-network")
def edns(facts: Facts) -> Finding | None:
    """Only questions that offer a large size get no answer."""
    hits = [t for t in facts.failed_about(both("edns-options", "udp")) if t.cells]
    offered = facts.failed_about(both("edns-large-buffer", "udp"))
    large = [t for t in offered if t.cells and all(c.silent for c in t.cells)]
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
            *([f"{facts.edit_corefile}  # take the view on bufsize() out"] if by_view else []),
            "a firewall that drops UDP above one packet, or fragments: dig +bufsize=512, 1232, "
            "4096 along the way shows where",
        ),
        Scope(
            about("edns-large-buffer", *([both("paths", "tcp")] if by_view else [])),
            lambda cell: cell.silent and by_view and cell.transport == "tcp",
        ),
        "high" if by_view else "medium",
    )
