"""The section "cluster" of the report: what was judged."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from clusterdns.cluster import Cluster
from clusterdns.corefile import Corefile, findings
from clusterdns.inventory.features import features_of
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.judged import judged
from clusterdns.inventory.node_local import NodeCache
from clusterdns.inventory.places import told
from clusterdns.names import address_type

FAMILIES = {"A": "IPv4", "AAAA": "IPv6"}


def facts_of(
    cluster: Cluster,
    inventory: Inventory,
    domain: str = "",
    caches: Collection[NodeCache] | None = None,
    unprobed: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The facts of the report about this cluster; the domain is known once pods have told it.

    ``caches``: those of the nodes, None where nobody could tell. ``unprobed``: why nodes have no
    probe, by node; it is left out where all have one.
    """
    service_ips = inventory.cluster_ips
    corefile = inventory.corefile_text
    nodes = None if caches is None else dict.fromkeys(cache.node for cache in caches)
    return {
        "server": inventory.version,
        "context": cluster.context,
        "domain": domain,
        "ipFamilies": sorted({FAMILIES[address_type(ip)] for ip in service_ips}),
        "nodes": len(inventory.nodes),
        "dns": {
            "judged": judged(inventory, caches or ()),
            "implementation": implementation(inventory),
            "version": inventory.coredns_version,
            "image": inventory.image,
            "replicas": len(inventory.ready_pods),
            "corefileSha256": hashlib.sha256(corefile.encode()).hexdigest() if corefile else "",
            "features": features_of(inventory, nodes),
            **({"corefileNotes": infos} if (infos := corefile_notes(inventory)) else {}),
        },
        **({"unprobed": dict(unprobed)} if unprobed else {}),
    }


def corefile_notes(inventory: Inventory) -> list[str]:
    """What is worth knowing about the Corefile, and nothing to change: findings of level info."""
    if not isinstance(inventory.corefile, Corefile) or not inventory.coredns_version:
        return []
    addresses = [*inventory.cluster_ips, *(each.address for each in inventory.replicas)]
    found = findings(inventory.corefile, inventory.coredns_version, dns_addresses=addresses)
    return [told(inventory, one) for one in found if one.level == "info"]


def implementation(inventory: Inventory) -> str:
    """The kind of server by the name of its container, or its image; empty when nothing runs."""
    name = str(inventory.container.get("name", ""))
    if inventory.image.rpartition("/")[2].startswith("coredns"):
        return "coredns"
    return "kube-dns" if name == "kubedns" else name
