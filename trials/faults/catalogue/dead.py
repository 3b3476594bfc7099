"""Faults that leave nobody to ask: no question of any pod is answered."""

from functools import partial

from clusterdns.cluster import Manifest
from clusterdns.wait import eventually
from trials.faults.catalogue.node import proxies_on
from trials.faults.mutant import Mutant
from trials.faults.scene import Scene
from trials.faults.symptoms import NO_ANSWER, both, dig

FROM_PODS = "-i veth+ -p {protocol} --dport 53"


def no_questions(scene: Scene) -> None:
    """Every node drops what its pods send to port 53, whoever is asked."""
    for protocol in ("udp", "tcp"):
        match = FROM_PODS.format(protocol=protocol)
        scene.drop_everywhere(match, chain="PREROUTING", table="raw")


def no_kube_proxy_at_all(scene: Scene) -> None:
    """Keep kube-proxy away from every node, and let its rules go."""

    def edit(daemon: Manifest) -> None:
        daemon["spec"]["template"]["spec"]["nodeSelector"] = {"nobody": "has-this"}

    scene.change("DaemonSet", "kube-proxy", edit)
    for node in scene.breakable.nodes:
        eventually(partial(proxies_on, scene, node), [], 30.0, every=0.3)
        forget = "conntrack -D -p udp || true"
        scene.on_node(node, f"iptables -w -t nat -F KUBE-SERVICES; {forget}", "true")


MUTANTS = (
    Mutant(
        "dns-port-filtered",
        "Every node drops what pods send to port 53.",
        "N",
        no_questions,
        both(dig(says=NO_ANSWER), dig(says=NO_ANSWER, server="replica")),
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        dead=True,
    ),
    Mutant(
        "kube-proxy-down",
        "kube-proxy runs on no node: no cluster IP works anywhere.",
        "A",
        no_kube_proxy_at_all,
        both(dig(says=NO_ANSWER), dig(says="status: NOERROR", server="replica")),
        fails=("test_path_answers[udp]", "test_path_answers[tcp]"),
        causes=("kube-proxy-down-node",),
        dead=True,
    ),
)
