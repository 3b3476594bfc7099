"""What a run judges and why, in one line: whom pods are told to ask, and who that is."""

from collections.abc import Collection, Iterable, Mapping

from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.node_local import NodeCache

MOST = 3  # nodes that are named; more are counted


def judged(inventory: Inventory, caches: Collection[NodeCache] = ()) -> str:
    """The line; several systems in a chain are each named.

    "pods on 3 of 3 nodes are told 10.96.0.10: service kube-system/kube-dns, 2 replicas".
    """
    told = inventory.told.by_node
    who = service_in_words(inventory)
    if not told:
        return f"{who}: chosen by its name, no pod was asked what it is told" if who else ""
    groups: dict[str, list[str]] = {}
    for node, addresses in told.items():
        groups.setdefault(" and ".join(addresses) or "no nameserver", []).append(node)
    largest_first = sorted(groups.items(), key=lambda group: -len(group[1]))
    number = len(inventory.nodes)
    lines = [
        f"pods on {_nodes(nodes, number)} are told {addresses}: "
        f"{' and '.join(_owners(inventory, caches, told[nodes[0]]))}"
        for addresses, nodes in largest_first
    ]
    spoken = " ".join(lines)
    chain = [
        f"{', '.join(each)} on each node: {name}"
        for name, each in _by_name(inventory, caches).items()
        if name not in spoken
    ]
    if who and who not in spoken:
        chain.append(f"beside it {who}")
    return "; ".join([*lines, *chain])


def service_in_words(inventory: Inventory) -> str:
    """The Service and how many replicas it has; empty without one."""
    if inventory.service is None:
        return ""
    meta, number = inventory.service["metadata"], len(inventory.ready_pods)
    replicas = f"{number} replica{'' if number == 1 else 's'}"
    return f"service {meta['namespace']}/{meta['name']}, {replicas}"


def _owners(
    inventory: Inventory, caches: Iterable[NodeCache], addresses: Iterable[str]
) -> list[str]:
    names = {ip: _cache(inventory, cache) for cache in caches for ip in cache.addresses}
    found: dict[str, None] = {}
    for ip in addresses:
        if ip in inventory.cluster_ips:
            found[service_in_words(inventory)] = None
        elif ip in names:
            found[names[ip]] = None
        elif ip in inventory.told.answering:
            found["somebody who answers and is no object of this cluster's API"] = None
        else:
            found["nobody who answers"] = None
    return list(found) or ["nobody"]


def _cache(inventory: Inventory, cache: NodeCache) -> str:
    """A cache and the Services that it asks, as far as these are known."""
    own = _own_name(inventory)
    named = dict.fromkeys(inventory.cluster_ips, own) | dict(inventory.rivals)
    services = {*inventory.rivals.values(), own}
    asked = [named.get(each, each if each in services else "") for each in cache.asks]
    known = ", ".join(dict.fromkeys(filter(None, asked)))
    return f"node-local cache {cache.name}{f', which asks {known}' if known else ''}"


def _own_name(inventory: Inventory) -> str:
    meta = (inventory.service or {}).get("metadata", {})
    return f"{meta['namespace']}/{meta['name']}" if meta else ""


def _by_name(inventory: Inventory, caches: Iterable[NodeCache]) -> Mapping[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for cache in caches:
        name = _cache(inventory, cache)
        found.setdefault(name, {}).update(dict.fromkeys(cache.addresses))
    return {name: list(addresses) for name, addresses in found.items() if addresses}


def _nodes(nodes: list[str], number: int) -> str:
    if len(nodes) == number or len(nodes) > MOST:
        return f"{len(nodes)} of {number} node{'' if number == 1 else 's'}"
    return ", ".join(sorted(nodes))
