"""Faults of the kubelet's configuration: what pods are told to ask."""

from mutants.looks import NO_ANSWER, both, dig
from mutants.mutant import Mutant
from mutants.scene import Scene


def wrong_cluster_dns(scene: Scene) -> None:
    """Tell new pods of one worker an address that no Service has."""
    scene.kubelet(scene.worker, clusterDNS=["10.96.0.99"])


MUTANTS = (
    Mutant(
        "kubelet-clusterdns-wrong",
        "The kubelet of one node tells pods a nameserver that nobody is.",
        "K",
        wrong_cluster_dns,
        both(
            dig(says=NO_ANSWER, fresh=True),
            dig(says="status: NOERROR", server="service"),
        ),
        fails=("test_pods_on_every_node_ask_the_service",),
        select="test_dns_service",
    ),
)
