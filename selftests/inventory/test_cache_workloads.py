"""Where a cache on the nodes sends which names, as its Corefile and its options say."""

from typing import Any, cast

import pytest

from clusterdns.cluster import Cluster, Manifest
from clusterdns.inventory.cache_workloads import CacheWorkload, Sent, cache_workloads

LOCAL = "169.254.20.10"
COREFILE = """cluster.local:53 {
    bind {local}
    forward . {cluster} {
        force_tcp
    }
}
.:53 {
    bind {local}
    forward . /etc/resolv.conf
}
"""
SERVICE: Manifest = {
    "metadata": {"name": "kube-dns-upstream", "namespace": "kube-system"},
    "spec": {"clusterIP": "10.96.7.7", "ports": [{"port": 53, "protocol": "UDP"}]},
}


class Api:
    """An API server with one Service, one DaemonSet and its Corefile."""

    def __init__(self, words: list[str], text: str) -> None:
        self.text = text
        spec = {
            "hostNetwork": True,
            "nodeSelector": {"a": "b"},
            "containers": [{"name": "node-cache", "args": words}],
            "volumes": [{"name": "config", "configMap": {"name": "node-local-dns"}}],
        }
        self.daemon: Manifest = {
            "metadata": {"name": "cache", "namespace": "kube-system"},
            "spec": {"template": {"spec": spec}},
            "status": {"desiredNumberScheduled": 3, "numberReady": 2},
        }

    def list(self, kind: str) -> list[Manifest]:
        """All Services, or all DaemonSets."""
        return [SERVICE] if kind == "Service" else [self.daemon]

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any]:
        """The ConfigMap."""
        return {"data": {"Corefile": self.text}}


def found(words: list[str], local: str, cluster: str) -> tuple[CacheWorkload, ...]:
    """What is found in a cluster with such a cache, where pods are told its address."""
    text = COREFILE.replace("{local}", local).replace("{cluster}", cluster)
    return cache_workloads(cast("Cluster", Api(words, text)), [LOCAL])


@pytest.mark.parametrize(
    ("words", "local", "cluster"),
    [
        (["-conf", "/etc/coredns/Corefile"], LOCAL, "10.96.7.7"),
        (
            ["-localip", LOCAL, "-upstreamsvc", "kube-dns-upstream"],
            "__PILLAR__LOCAL__DNS__",
            "__PILLAR__CLUSTER__DNS__",
        ),
    ],
    ids=["CoreDNS", "node-cache"],
)
def test_zones_are_followed(words: list[str], local: str, cluster: str) -> None:
    """To a Service with the ports that it has, and to the nodes' own resolvers."""
    (one,) = found(words, local, cluster)
    assert one.addresses == (LOCAL,)
    assert (one.wanted, one.ready, one.node_selector) == (3, 2, {"a": "b"})
    assert one.config_map == "node-local-dns"
    assert one.sent == (
        Sent("cluster.local.", cluster, True, "kube-system/kube-dns-upstream", ("53/UDP",)),
        Sent(".", "/etc/resolv.conf"),
    )


def test_one_that_nobody_is_told_is_none() -> None:
    """A DaemonSet that listens elsewhere is not what pods ask."""
    assert found([], "127.0.0.1", "10.96.7.7") == ()
