"""What kubelets and nodes tell pods: nameserver, domain, the node's resolv.conf."""

from random import Random

from trials.faults.drawn.grammar import Drawn, family
from trials.faults.drawn.truth import Hop, Truth
from trials.faults.nodes import read_file
from trials.faults.scene import Scene

ODD_FILE = "/etc/odd-resolv.conf"
NOBODY = "192.0.2.53"


@family("kubelet-nameserver")
def nameserver(dice: Random) -> Drawn:
    """Pods of one worker are told other nameservers."""
    kind = dice.choice(("nobody", "none", "twice", "nobody-second", "nobody-first"))

    def inject(scene: Scene) -> tuple[str, ...]:
        right = scene.dns_ip
        addresses = {
            "nobody": [NOBODY],
            "none": None,
            "twice": [right, right],
            "nobody-second": [right, NOBODY],
            "nobody-first": [NOBODY, right],
        }[kind]
        scene.kubelet(scene.worker, clusterDNS=addresses)
        return (scene.worker,)

    return Drawn(
        kind,
        f"The kubelet of one worker has another clusterDNS: {kind.replace('-', ' ')}.",
        "K",
        Truth(("client",), ("clusterDNS", NOBODY)),
        inject,
        where="one node",
    )


@family("kubelet-domain")
def domain(dice: Random) -> Drawn:
    """Pods of one worker are told another domain."""
    value = dice.choice(("cluster.example", "local", "", "CLUSTER.LOCAL."))

    def inject(scene: Scene) -> tuple[str, ...]:
        scene.kubelet(scene.worker, clusterDomain=value)
        return (scene.worker,)

    return Drawn(
        value.strip(".").lower().replace(".", "-") or "empty",
        f"The kubelet of one worker has clusterDomain `{value}`.",
        "K",
        Truth(("client",), ("clusterDomain", *([value] if value else []))),
        inject,
        where="one node",
    )


@family("node-resolv-conf")
def node_resolv_conf(dice: Random) -> Drawn:
    """A node hands on an odd resolv.conf; where replicas are restarted, they forward by it."""
    kind, lines = dice.choice(
        (
            ("search-many", "search " + " ".join(f"d{n}.corp.test" for n in range(32))),
            ("search-one", "search corp.test"),
            ("options", "options ndots:1 timeout:1 attempts:1 rotate"),
            (
                "four-nameservers",
                "nameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4",
            ),
            ("dead-nameserver", ""),
            ("missing", ""),
            ("garbage", "nameserver not-an-address"),
        )
    )
    everywhere = kind in ("dead-nameserver", "garbage") or dice.random() < 0.3
    hops: tuple[Hop, ...] = ("client", "upstream") if everywhere else ("client",)

    def inject(scene: Scene) -> tuple[str, ...]:
        nodes = scene.breakable.nodes if everywhere else [scene.worker]
        for node in nodes:
            if kind == "missing":
                scene.kubelet(node, resolvConf="/run/none/resolv.conf")
                continue
            text = lines
            if kind == "dead-nameserver":
                text = f"nameserver {NOBODY}"
            elif kind != "garbage":
                first = next(
                    line
                    for line in read_file(node, "/etc/resolv.conf").splitlines()
                    if line.startswith("nameserver")
                )
                text = f"{first}\n{lines}"
            quoted = text.replace("\n", "\\n")
            scene.on_node(node, f"printf '{quoted}\\n' > {ODD_FILE}", f"rm -f {ODD_FILE}")
            scene.kubelet(node, resolvConf=ODD_FILE)
        if everywhere:
            scene.restart_dns(within=12)
        return tuple(nodes)

    names = ("resolvConf", "resolv.conf", *(lines.split()[1:2]))
    return Drawn(
        f"{kind}{'-everywhere' if everywhere else ''}",
        f"The kubelets of {'all nodes' if everywhere else 'one worker'} hand on a resolv.conf: "
        f"{kind.replace('-', ' ')}.",
        "K",
        Truth(hops, names),
        inject,
        where="" if everywhere else "one node",
    )
