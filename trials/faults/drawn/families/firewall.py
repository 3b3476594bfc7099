"""Rules on nodes: by node, direction, port, protocol, size and share; a narrow way to a replica."""

from collections.abc import Sequence
from random import Random

from trials.faults.drawn.corefile_fault import slug_of
from trials.faults.drawn.grammar import Drawn, family
from trials.faults.drawn.truth import Hop, Truth
from trials.faults.fake_upstream import GOOD, fake_upstream
from trials.faults.nodes import on_node
from trials.faults.scene import Scene

PODS = "10.244.0.0/16"
NODES = ("worker", "control-plane", "every")
NODES_IN_WORDS = {
    "worker": "one worker",
    "control-plane": "the control plane",
    "every": "all nodes",
}


def nodes_of(scene: Scene, which: str) -> list[str]:
    """The names of the nodes that a draw means."""
    if which == "every":
        return scene.breakable.nodes
    return [scene.worker if which == "worker" else scene.control_plane]


def rule_fault(
    variant: str,
    title: str,
    node: str,
    rules: Sequence[str],
    table: str = "filter",
    chain: str = "FORWARD",
    hops: tuple[Hop, ...] = ("node-network",),
) -> Drawn:
    """A fault that is firewall rules on nodes; the nodes' names name it."""

    def inject(scene: Scene) -> tuple[str, ...]:
        names = nodes_of(scene, node)
        for name in names:
            for rule in rules:
                scene.rule(name, rule, chain, table)
        return tuple(names)

    # One node must be named; all of them need not be.
    objects = ("iptables", "nft", "firewall") if node == "every" else ()
    where = "" if node == "every" else "one node"
    return Drawn(f"{variant}-{node}", title, "N", Truth(hops, objects), inject, where=where)


def _directed(dice: Random) -> tuple[str, str]:
    """A direction and its match: what pods ask, or what they are answered."""
    return dice.choice((("questions", "--dport 53"), ("answers", "--sport 53")))


@family("firewall-drops")
def drops(dice: Random) -> Drawn:
    """One transport, one direction, one node: nothing comes through."""
    node, protocol = dice.choice(NODES), dice.choice(("udp", "tcp"))
    words, match = _directed(dice)
    return rule_fault(
        f"{protocol}-{words}",
        f"The firewall of {NODES_IN_WORDS[node]} drops {words} over {protocol.upper()}.",
        node,
        [f"-p {protocol} {match} -j DROP"],
    )


@family("firewall-rejects")
def rejects(dice: Random) -> Drawn:
    """The same, with an ICMP message or a reset."""
    node = dice.choice(NODES)
    protocol, how = dice.choice(
        (
            ("udp", "icmp-port-unreachable"),
            ("udp", "icmp-admin-prohibited"),
            ("tcp", "tcp-reset"),
            ("tcp", "icmp-host-prohibited"),
        )
    )
    return rule_fault(
        f"{protocol}-{how}",
        f"The firewall of {NODES_IN_WORDS[node]} rejects {protocol.upper()} to port 53 ({how}).",
        node,
        [f"-p {protocol} --dport 53 -j REJECT --reject-with {how}"],
    )


@family("firewall-share")
def share(dice: Random) -> Drawn:
    """Some packets of many are lost."""
    node, percent = dice.choice(NODES), dice.choice((3, 10, 25, 50, 80))
    protocol = dice.choice(("udp", "udp", "tcp"))
    words, match = _directed(dice)
    chance = f"-m statistic --mode random --probability {percent / 100}"
    return rule_fault(
        f"{percent}-of-{protocol}-{words}",
        f"The firewall of {NODES_IN_WORDS[node]} loses {percent} % of the {words} over "
        f"{protocol.upper()}.",
        node,
        [f"-p {protocol} {match} {chance} -j DROP"],
    )


@family("firewall-size")
def size(dice: Random) -> Drawn:
    """Packets of some sizes are lost."""
    node = dice.choice(NODES)
    low = dice.choice((90, 300, 600, 1300))
    words, match = _directed(dice)
    protocol = dice.choice(("udp", "tcp"))
    return rule_fault(
        f"{low}-of-{protocol}-{words}",
        f"The firewall of {NODES_IN_WORDS[node]} drops {words} over {protocol.upper()} of {low} "
        "octets and more.",
        node,
        [f"-p {protocol} {match} -m length --length {low}:65535 -j DROP"],
    )


@family("firewall-rate")
def rate(dice: Random) -> Drawn:
    """No more than so many questions in a second."""
    node, most = dice.choice(NODES), dice.choice((5, 20, 100))
    above = f"-m hashlimit --hashlimit-above {most}/sec --hashlimit-burst {most}"
    return rule_fault(
        f"{most}-in-a-second",
        f"The firewall of {NODES_IN_WORDS[node]} lets {most} questions over UDP pass in a second.",
        node,
        [f"-p udp --dport 53 {above} --hashlimit-mode dstport --hashlimit-name drawn -j DROP"],
    )


@family("redirected")
def redirected(dice: Random) -> Drawn:
    """Questions reach somebody else, or nobody."""
    node = dice.choice(("worker", "every"))
    protocol = dice.choice(("udp", "tcp"))
    to = dice.choice(("nobody", "closed-port", "another-server"))

    def inject(scene: Scene) -> tuple[str, ...]:
        match = f"-d {scene.dns_ip} -p {protocol} --dport 53"
        if to == "another-server":
            target = f"{fake_upstream(scene, GOOD)}:53"
        elif to == "nobody":
            target = f"{scene.pod_cidr(scene.worker).rpartition('.')[0]}.250:53"
        else:
            target = f"{next(iter(scene.addresses()))}:5300"
        names = nodes_of(scene, node)
        for name in names:
            rule = f"{match} -j DNAT --to-destination {target}"
            scene.rule(name, rule, "PREROUTING", "nat")
            on_node(name, "conntrack -D -p udp >/dev/null 2>&1 || true")
        return (*names, target, target.partition(":")[0])

    title = f"A rule on {NODES_IN_WORDS[node]} leads questions over {protocol.upper()} to {to}."
    return Drawn(
        f"{protocol}-to-{to}-{node}",
        title,
        "N",
        Truth(("node-network",), ("DNAT",)),
        inject,
        where="" if node == "every" else "one node",
    )


@family("api-port")
def api_port(dice: Random) -> Drawn:
    """Replicas do not reach the API server: a firewall between two hops, told from either side."""
    node, when = dice.choice(NODES), dice.choice(("before", "after"))

    def inject(scene: Scene) -> tuple[str, ...]:
        names = nodes_of(scene, node)
        for name in names:
            scene.drop(name, f"-s {PODS} -p tcp --dport 6443")
            scene.drop(name, f"-d {PODS} -p tcp --sport 6443")
            # On the control plane itself the API server is no other node's.
            scene.rule(name, f"-s {PODS} -p tcp --dport 6443 -j DROP", "INPUT")
            on_node(name, "conntrack -D -p tcp --dport 6443 >/dev/null 2>&1 || true")
        if when == "before":
            scene.restart_dns(within=15)
        return tuple(names)

    return Drawn(
        f"{when}-start-{node}",
        f"Pods of {NODES_IN_WORDS[node]} do not reach the API server, since {when} the start of "
        "the replicas.",
        "N",
        Truth(("node-network", "api"), ("6443", "443")),
        inject,
        where="" if node == "every" else "one node",
    )


@family("probe-ports")
def probe_ports(dice: Random) -> Drawn:
    """The kubelets' probes, or who reads the metrics, do not get through."""
    port = dice.choice((8181, 8080, 9153))
    node = dice.choice(NODES)
    chain = "FORWARD" if port == 9153 else "OUTPUT"
    return rule_fault(
        f"{port}",
        f"The firewall of {NODES_IN_WORDS[node]} drops what goes to port {port} of pods.",
        node,
        [f"-d {PODS} -p tcp --dport {port} -j DROP"],
        chain=chain,
        hops=("node-network", "replica"),
    )


@family("narrow")
def narrow(dice: Random) -> Drawn:
    """The way to one replica carries little: answers come late, then not at all."""
    kilobits = dice.choice((8, 32, 256))

    def inject(scene: Scene) -> tuple[str, ...]:
        address, node = sorted(scene.addresses().items())[0]
        link = on_node(node, f"ip route get {address}").split(" dev ")[1].split()[0]
        queue = f"tbf rate {kilobits}kbit burst 4096 latency 4s"
        scene.on_node(
            node, f"tc qdisc replace dev {link} root {queue}", f"tc qdisc del dev {link} root"
        )
        return (address, node)

    return Drawn(
        f"{kilobits}-kbit",
        f"The way to one replica carries {kilobits} kbit/s.",
        "N",
        Truth(("node-network",), ("tc qdisc",)),
        inject,
        where="one replica",
    )


@family("routes")
def routes(dice: Random) -> Drawn:
    """A route of one worker is missing, or leads into a hole."""
    kind = dice.choice(("blackhole", "unreachable", "prohibit"))
    which = dice.choice(("pods-of-another-node", "service"))

    def inject(scene: Scene) -> tuple[str, ...]:
        node = scene.worker
        if which == "service":
            network = f"{scene.dns_ip}/32"
        else:
            network = scene.pod_cidr(scene.control_plane).replace("/24", "/25")
        scene.on_node(node, f"ip route add {kind} {network}", f"ip route del {kind} {network}")
        return (node, network.partition("/")[0])

    return Drawn(
        f"{kind}-{which}",
        f"One worker has a route of type {kind} for {which.replace('-', ' ')}.",
        "N",
        Truth(("node-network",), ("ip route", slug_of(kind))),
        inject,
        where="one node",
    )
