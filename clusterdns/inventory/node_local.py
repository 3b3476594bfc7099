"""NodeLocal DNSCache: what the caches of the nodes listen on."""

from collections.abc import Mapping, Sequence

from clusterdns.cluster import Cluster
from clusterdns.inventory.arguments import value_of, words_of

NODE_LOCAL = "k8s-app=node-local-dns"  # of the node-local cache of the Kubernetes add-ons


def node_local_addresses(cluster: Cluster) -> Mapping[str, tuple[str, ...]]:
    """What a node-local cache listens on, by node (its argument -localip); often nowhere.

    Raises kubernetes.client.ApiException as the API server answers.
    """
    found: dict[str, tuple[str, ...]] = {}
    for pod in cluster.list("Pod", labels=NODE_LOCAL):
        for container in pod["spec"]["containers"]:
            node = str(pod["spec"].get("nodeName", ""))
            found[node] = (*found.get(node, ()), *local_ips(words_of(container)))
    return found


def local_ips(words: Sequence[str]) -> tuple[str, ...]:
    """The addresses of the option -localip, written in either way."""
    value = value_of(words, "localip")
    return tuple(value.split(",")) if value else ()
