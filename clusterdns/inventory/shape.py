"""What the objects of cluster DNS say about themselves: readings that the shape checks compare."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from clusterdns.cluster import Manifest
from clusterdns.inventory.inventory import Inventory
from clusterdns.names import address_type
from clusterdns.resolvconf import ResolvConf

# As kubeadm writes them (cmd/kubeadm/app/phases/addons/dns/manifests.go, v1.34).
WELL_KNOWN_LABELS = {
    "k8s-app": "kube-dns",
    "kubernetes.io/cluster-service": "true",
    "kubernetes.io/name": "CoreDNS",
}
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
SLICE_CONTROLLER = "endpointslice-controller.k8s.io"
RECENT_S = 600.0  # seconds: an end of a container that is longer ago is history


def port_of(ports: Iterable[Manifest], protocol: str, number: int) -> Manifest | None:
    """The port of a Service with this protocol and number."""
    found = [p for p in ports if (p.get("protocol", "TCP"), p["port"]) == (protocol, number)]
    return found[0] if found else None


def selects(selector: Mapping[str, str], pod: Manifest) -> bool:
    """Whether a selector matches a pod."""
    labels = pod["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in selector.items())


def pod_ranges(nodes: Iterable[Manifest]) -> dict[str, IPv4Network | IPv6Network]:
    """The pod range of each node that has one, by its name."""
    return {
        str(node["metadata"]["name"]): ip_network(node["spec"]["podCIDR"])
        for node in nodes
        if node["spec"].get("podCIDR")
    }


def written_by_controller(slices: Iterable[Manifest]) -> list[str]:
    """The names of EndpointSlices that Kubernetes made by a Service's selector."""
    labels = {s["metadata"]["name"]: s["metadata"].get("labels") or {} for s in slices}
    return [name for name, own in labels.items() if own.get(MANAGED_BY) == SLICE_CONTROLLER]


def strange_nameservers(
    resolv_confs: Mapping[str, ResolvConf],
    cluster_ips: Iterable[str],
    node_local: Mapping[str, Iterable[str]],
) -> dict[str, tuple[str, ...]]:
    """The nameservers that pods are told, and that are neither the Service nor a cache, by node.

    ``resolv_confs``: of pods, by node. ``node_local``: what each node's cache listens on.
    """
    ips = set(cluster_ips)
    strange = {
        node: tuple(ip for ip in conf.nameservers if ip not in {*ips, *node_local.get(node, ())})
        for node, conf in resolv_confs.items()
    }
    return {node: told for node, told in strange.items() if told}


def seen_to_serve(inventory: Inventory) -> Mapping[str, tuple[str, ...]]:
    """Who is not the DNS Service and knows the cluster's names all the same, by node.

    Only addresses that pods are told there. A replica's own is none of them: it goes with its pod.
    """
    told = inventory.told
    passing = {
        str(ip["ip"])
        for pod in inventory.pods
        if not pod.get("spec", {}).get("hostNetwork")
        for ip in pod.get("status", {}).get("podIPs") or []
    }
    return {
        node: tuple(
            ip
            for ip in told.by_node.get(node, ())
            if ip in known and ip not in passing and ip not in inventory.cluster_ips
        )
        for node, known in told.knows.items()
    }


def served_families(inventory: Inventory) -> frozenset[str]:
    """The IP families of the DNS Service, as the types of record that hold them."""
    return frozenset(address_type(ip) for ip in inventory.cluster_ips)


def pod_ips(pod: Manifest, families: frozenset[str]) -> list[str]:
    """The IPs of a pod in these families."""
    ips = [entry["ip"] for entry in pod["status"].get("podIPs", [])]
    return [ip for ip in ips if address_type(ip) in families]


def ready_endpoints(slices: Iterable[Manifest]) -> set[str]:
    """All addresses that slices list as ready; ready that is not said counts as true."""
    return {
        address
        for piece in slices
        for endpoint in piece.get("endpoints") or []
        if endpoint.get("conditions", {}).get("ready") is not False
        for address in endpoint["addresses"]
    }


def endpoint_ports(inventory: Inventory, protocol: str, number: int) -> set[int]:
    """The ports of pods that a port of the Service leads to, by the name they share."""
    port = port_of((inventory.service or {}).get("spec", {}).get("ports", []), protocol, number)
    return {
        p["port"]
        for piece in inventory.slices
        for p in piece.get("ports") or []
        if port and p.get("name", "") == port.get("name", "") and p.get("protocol") == protocol
    }


def desired_replicas(workload: Manifest | None) -> int:
    """How many replicas are wanted; 0 without a workload."""
    if workload is None:
        return 0
    if workload.get("kind") == "DaemonSet" or "desiredNumberScheduled" in workload.get(
        "status", {}
    ):
        return int(workload["status"].get("desiredNumberScheduled", 0))
    return int(workload["spec"].get("replicas", 1))


def wanted_replicas(inventory: Inventory) -> int:
    """How many replicas all workloads together want."""
    return sum(desired_replicas(workload) for workload in inventory.workloads)


def nodes_of(pods: Iterable[Manifest]) -> set[str]:
    """The nodes that pods run on."""
    return {pod["spec"]["nodeName"] for pod in pods}


def troubles(pod: Manifest) -> str:
    """Why a container of the pod waits, or how it ended a short while ago; empty when all is well.

    A container that ended before its CoreDNS found the API server right after the cluster was
    made is history after RECENT_S.
    """
    for status in pod["status"].get("containerStatuses") or []:
        waiting = status["state"].get("waiting")
        if waiting and waiting.get("reason") != "ContainerCreating":
            return f"waits: {waiting.get('reason')} {waiting.get('message', '')}".strip()
        ended = status.get("lastState", {}).get("terminated")
        if ended and seconds_since(ended["finishedAt"]) < RECENT_S:
            return (
                f"ended {int(seconds_since(ended['finishedAt']))} s ago: {ended.get('reason')} "
                f"(exit {ended.get('exitCode')}), {status['restartCount']} restarts"
            )
    return ""


def seconds_since(moment: str) -> float:
    """Seconds since a time in the API's form (RFC 3339)."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


def missing_probe(container: Manifest, kind: str, path: str) -> str:
    """Empty when the container has this probe with an HTTP GET of the path; else what it has."""
    found = (container.get(kind) or {}).get("httpGet", {})
    return "" if found.get("path") == path else f"{kind}: {container.get(kind)}"


def unsafe_settings(container: Manifest) -> list[str]:
    """What the container may do beyond serving a port below 1024."""
    context = container.get("securityContext") or {}
    capabilities = context.get("capabilities") or {}
    unsafe = {
        "allowPrivilegeEscalation": context.get("allowPrivilegeEscalation") is not False,
        "capabilities are not dropped": "ALL"
        not in [c.upper() for c in capabilities.get("drop", [])],
        "capabilities are added": not set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"},
        "image is writable": context.get("readOnlyRootFilesystem") is not True,
    }
    return [setting for setting, is_so in unsafe.items() if is_so]
