"""What this cluster's DNS is configured to do, in words for the report and for checks.

Nothing here is good or bad: what is configured decides what can be demanded.
"""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from clusterdns.cluster import Manifest
from clusterdns.corefile import Reading
from clusterdns.inventory.inventory import COREFILE, Inventory


def features_of(inventory: Inventory, node_local: Mapping[str, object] | None) -> dict[str, Any]:
    """The section ``cluster.dns.features`` of the report.

    ``node_local``: the nodes that have a cache of their own; None where nobody could tell.
    """
    found: dict[str, Any] = {
        "service": in_words(inventory.service),
        "workloads": [in_words(workload) for workload in inventory.workloads],
    }
    if node_local is not None:
        found["nodeLocalCaches"] = len(node_local)
    if (reading := inventory.reading) is not None:
        found |= corefile_features(reading)
    return found


def corefile_features(reading: Reading) -> dict[str, Any]:
    """What the Corefile says about the cluster's zone and about others."""
    zone, kubernetes = reading.cluster_zone, reading.kubernetes()
    found: dict[str, Any] = {"serverBlocks": len(reading.blocks)}
    if zone and kubernetes:
        found |= {
            "zones": list(kubernetes.zones),
            "pods": kubernetes.pods,
            "ttl": kubernetes.ttl,
            "cachedSeconds": {
                "success": reading.cached_seconds(zone),
                "denial": reading.cached_seconds(zone, negative=True),
            },
        }
    forwarded = {one.zone for one in reading.forwards()} - {"."}
    stubs = {z for b in reading.blocks for z in b.zones if b.has("forward") or b.has("proxy")}
    return found | {
        "stubDomains": sorted(
            (forwarded | stubs) - {".", *(kubernetes.zones if kubernetes else ())}
        ),
        "plugins": sorted({plugin.name for _, plugin in reading.plugins()}),
        "unresolvedImports": "unresolved-imports" in reading.features,
    }


def in_words(thing: Manifest | None) -> str:
    """Namespace and name of an object."""
    meta = (thing or {}).get("metadata", {})
    return f"{meta.get('namespace')}/{meta.get('name')}" if meta else ""


# What checks may need (the marker ``needs``), and why it is absent; an empty reason: it is there.


def why_absent(inventory: Inventory, feature: str) -> str:
    """Why this cluster does not have a feature; empty when it has, or when nobody can tell.

    Raises NotReadableError where the Corefile would tell, and we may not look at it.
    """
    if inventory.why_no_objects and feature in OF_OBJECTS:
        return inventory.why_no_objects
    if feature == OBJECTS:
        return ""
    inventory.must_know(COREFILE)
    reading, absent = inventory.reading, ABSENT.get(feature)
    return absent(inventory, reading) if reading is not None and absent is not None else ""


def without(plugin: str, probe: str = "") -> Callable[[Inventory, Reading], str]:
    """A plugin that the Corefile lacks, and that no probe of the container asks for."""

    def absent(inventory: Inventory, reading: Reading) -> str:
        asked = (inventory.container.get(probe) or {}).get("httpGet", {}).get("path", "")
        unknown = "unresolved-imports" in reading.features
        if reading.has(plugin):
            return only_inside(reading, plugin)
        if asked == f"/{plugin}" or unknown:
            return ""
        return f"the Corefile has no {plugin}"

    return absent


def only_inside(reading: Reading, plugin: str) -> str:
    """Why no other pod can have the page of a plugin: all its listeners are loopback addresses."""
    listeners = reading.listeners(plugin)
    if not listeners or not all(_is_loopback(each) for each in listeners):
        return ""
    return f"{plugin} listens on {', '.join(listeners)} only: other pods cannot have its page"


def _is_loopback(listener: str) -> bool:
    host = listener.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def autopath(inventory: Inventory, reading: Reading) -> str:
    """Autopath answers the first step of a search with what the whole search would find."""
    return "autopath answers a search at its first step" if reading.has("autopath") else ""


def option(name: str, words: str) -> Callable[[Inventory, Reading], str]:
    """An option that no plugin of the Corefile has, by its name among the features of a reading."""

    def absent(inventory: Inventory, reading: Reading) -> str:
        return "" if name in reading.features else f"the Corefile has no {words}"

    return absent


# What is judged by objects of the API, or by what stands in them.
OBJECTS = "dns-objects"
OF_OBJECTS = frozenset({OBJECTS, "health", "ready", "metrics", "reload"})

ABSENT: Mapping[str, Callable[[Inventory, Reading], str]] = {
    OBJECTS: lambda inventory, reading: "",  # the Corefile does not tell
    "health": without("health", "livenessProbe"),
    "ready": without("ready", "readinessProbe"),
    "metrics": without("prometheus"),
    "reload": without("reload"),
    "plain-search": autopath,
    "pods-verified": option("kubernetes.pods.verified", "'pods verified'"),
    "multicluster": option("kubernetes.multicluster", "'multicluster'"),
}
