"""Caches on the nodes, as NodeLocal DNSCache is one: what they listen on, and who they are.

They are known by their label or, where pods are told an address that no Service has, by that
address: as the option -localip, or behind ``bind`` in a file that the pod mounts.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest
from clusterdns.inventory.arguments import value_of, words_of
from clusterdns.inventory.behind import owners_of
from clusterdns.inventory.mounts import data_of, sources_of

NODE_LOCAL = "k8s-app=node-local-dns"  # of the node-local cache of the Kubernetes add-ons
ON_HOST = "spec.hostNetwork=true"  # a field selector that API servers know since 1.28


@dataclass(frozen=True)
class NodeCache:
    """A cache on one node."""

    node: str
    name: str  # what runs it, as namespace/name
    addresses: tuple[str, ...]
    asks: tuple[str, ...] = ()  # addresses that it forwards to, and a Service as namespace/name


def node_caches(cluster: Cluster, unowned: Collection[str] = ()) -> tuple[NodeCache, ...]:
    """The node-local caches, by node.

    ``unowned``: addresses that pods are told and that no Service has; who listens there is looked
    for among all pods on the nodes' own network, if none with the label does.
    Raises kubernetes.client.ApiException as the API server answers.
    """
    texts: dict[tuple[str, str], Mapping[str, str]] = {}
    found = [_cache(cluster, pod, texts) for pod in cluster.list("Pod", labels=NODE_LOCAL)]
    missing = set(unowned) - {ip for each in found for ip in each.addresses}
    if missing:
        caches = (_cache(cluster, pod, texts) for pod in _on_host(cluster))
        found += [each for each in caches if missing & set(each.addresses)]
    return tuple(each for each in found if each.node)


def node_local_addresses(
    cluster: Cluster, unowned: Collection[str] = ()
) -> Mapping[str, tuple[str, ...]]:
    """What the node-local caches listen on, by node; often nowhere. Raises as ``node_caches``."""
    found: dict[str, tuple[str, ...]] = {}
    for each in node_caches(cluster, unowned):
        found[each.node] = (*found.get(each.node, ()), *each.addresses)
    return found


def local_ips(words: Sequence[str]) -> tuple[str, ...]:
    """The addresses of the option -localip, written in either way."""
    value = value_of(words, "localip")
    return tuple(value.split(",")) if value else ()


def named_by(directive: str, text: str) -> Iterator[str]:
    """The addresses behind a directive of a Corefile, whatever else is wrong with it."""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == [directive]:
            yield from filter(_is_address, words[1:])


def _cache(
    cluster: Cluster, pod: Manifest, texts: dict[tuple[str, str], Mapping[str, str]]
) -> NodeCache:
    meta, spec = pod["metadata"], pod["spec"]
    place = str(meta.get("namespace", ""))
    told = [words_of(each) for each in spec["containers"]]
    own, asks = [ip for words in told for ip in local_ips(words)], list[str]()
    asks += [f"{place}/{name}" for words in told if (name := value_of(words, "upstreamsvc"))]
    for volume in spec.get("volumes") or []:
        for source in sources_of(volume):
            where = place, source.name
            if where not in texts:
                texts[where] = data_of(cluster, place, source) or {}
            for text in texts[where].values():
                own += named_by("bind", text)
                asks += named_by("forward", text)
    name = next(iter(owners_of(pod)), str(meta.get("name", "")))
    node, chain = str(spec.get("nodeName", "")), tuple(dict.fromkeys(asks))
    return NodeCache(node, f"{place}/{name}", tuple(dict.fromkeys(own)), chain)


def _on_host(cluster: Cluster) -> list[Manifest]:
    """The pods on the nodes' own network that are started with a configuration of their own.

    None where the API server cannot select them, or does not show them to us.
    """
    try:
        found = cluster.list("Pod", fields=ON_HOST)
    except ApiException:
        return []
    return [
        pod
        for pod in found
        if any(value_of(words_of(each), "conf") for each in pod["spec"]["containers"])
    ]


def _is_address(word: str) -> bool:
    try:
        return bool(ip_address(word))
    except ValueError:
        return False
