"""What serves DNS in this cluster, read from the API once: Service, slices, workload, Corefile.

Nothing is taken for granted: what is missing is None or empty, and a check says so.
"""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import dirname
from typing import TypeVar

from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, NotFoundError, is_ready
from clusterdns.corefile import Corefile, CorefileError, Reading, findings, parse
from clusterdns.corefile.finding import Finding
from clusterdns.inventory.dns_objects import (
    LABEL,
    corefile_place,
    further_workloads,
    pod_spec,
    pods_of,
    serving_container,
    the_dns_service,
    the_workload,
    unlabelled_dns_service,
    workloads_behind,
)
from clusterdns.inventory.mounts import Mounted, corefile_path, read_mounts
from clusterdns.matrix.question import Server
from clusterdns.run.ledger import one_line

T = TypeVar("T")
COREFILE, SLICES = "the Corefile", "the EndpointSlices of the DNS Service"
ARCHITECTURE = "kubernetes.io/arch"


class NotReadableError(Exception):
    """A part of cluster DNS that we may not read; the text says which, and why."""


@dataclass(frozen=True)
class Inventory:
    """The objects that make up cluster DNS, as the API had them at one moment."""

    version: str  # of the API server, such as v1.34.4
    nodes: tuple[Manifest, ...]
    service: Manifest | None
    slices: tuple[Manifest, ...]  # of the Service
    workload: Manifest | None  # Deployment or DaemonSet
    pods: tuple[Manifest, ...]  # of the workload, not those that are being deleted
    corefile_text: str | None
    config_map: tuple[str, str] | None  # namespace and name
    # What the container's ConfigMaps bring: texts by path, and the folders that are wholly known.
    files: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    # Of each of these files, by path: the ConfigMap that it comes from, and the key in it.
    keys: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    further: tuple[Manifest, ...] = ()  # more workloads behind the Service
    # What the API server refused to show, in words: it looks like something that is not there.
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def must_know(self, part: str) -> None:
        """Raises NotReadableError when a part (COREFILE, SLICES) was not shown."""
        if why := self.unreadable.get(part):
            raise NotReadableError(f"{part} cannot be read: {why}")

    @property
    def namespace(self) -> str:
        """Where cluster DNS lives."""
        found = self.service or self.workload
        return str(found["metadata"]["namespace"]) if found else "kube-system"

    @property
    def service_name(self) -> str:
        """The Service as kubectl names it, or what it should be."""
        return f"service/{self.service['metadata']['name']}" if self.service else "service/kube-dns"

    @property
    def cluster_ips(self) -> tuple[str, ...]:
        """The cluster IPs of the DNS Service, the first one first; empty without a Service."""
        spec = self.service["spec"] if self.service else {}
        ips = spec.get("clusterIPs") or [spec.get("clusterIP", "")]
        return tuple(ip for ip in ips if ip and ip != "None")

    @property
    def replicas(self) -> tuple[Server, ...]:
        """The running DNS pods, each by every IP that it has."""
        port = self.replica_port
        return tuple(
            Server(f"pod/{pod['metadata']['name']}", ip["ip"], port, pod["spec"]["nodeName"])
            for pod in self.pods
            if pod["status"].get("phase") == "Running"
            for ip in pod["status"].get("podIPs", [])
        )

    @property
    def replica_port(self) -> int:
        """Where the replicas listen: the container's UDP port, which need not be 53."""
        ports = [p for p in self.container.get("ports", []) if p.get("protocol") == "UDP"]
        named = [p for p in ports if str(p.get("name", "")).startswith("dns")]
        return int((named or ports or [{"containerPort": 53}])[0]["containerPort"])

    @property
    def services(self) -> tuple[Server, ...]:
        """The DNS Service, by every cluster IP that it has."""
        return tuple(Server(self.service_name, ip) for ip in self.cluster_ips)

    @property
    def ready_pods(self) -> tuple[Manifest, ...]:
        """The DNS pods that are ready."""
        return tuple(pod for pod in self.pods if is_ready(pod))

    @property
    def container(self) -> Manifest:
        """The container of the workload that serves DNS; empty without a workload."""
        return serving_container(self.workload)

    @property
    def image(self) -> str:
        """The image that serves DNS, or the empty string."""
        return str(self.container.get("image", ""))

    @property
    def corefile_path(self) -> str:
        """Where the replicas read their Corefile."""
        return corefile_path(self.container)

    @property
    def coredns_version(self) -> str:
        """The version by the image's tag, such as 1.12.1; empty when the tag does not tell."""
        found = re.search(r":v?(\d+\.\d+\.\d+)", self.image)
        return found.group(1) if found else ""

    @cached_property
    def corefile(self) -> Corefile | CorefileError | None:
        """The Corefile, parsed; or why it cannot be; or None when there is none."""
        if self.corefile_text is None:
            return None
        try:
            home = dirname(self.corefile_path)
            return parse(self.corefile_text, self.files, self.folders, home)
        except CorefileError as error:
            return error

    @property
    def reading(self) -> Reading | None:
        """Answers about the Corefile; None where there is none that can be read."""
        return Reading(self.corefile) if isinstance(self.corefile, Corefile) else None

    @cached_property
    def refused_in_corefile(self) -> tuple[Finding, ...]:
        """What the version that runs would refuse in the Corefile; empty if either is unknown."""
        if not isinstance(self.corefile, Corefile) or not self.coredns_version:
            return ()
        found = findings(self.corefile, self.coredns_version)
        return tuple(one for one in found if one.level == "error")

    @property
    def workloads(self) -> tuple[Manifest, ...]:
        """Everything that runs replicas; usually one Deployment."""
        return (self.workload, *self.further) if self.workload else self.further

    @property
    def ready_nodes(self) -> tuple[Manifest, ...]:
        """The Linux nodes that are ready: probes are started on these, cordoned or not."""
        return tuple(
            node
            for node in self.nodes
            if is_ready(node)
            and node["metadata"]["labels"].get("kubernetes.io/os", "linux") == "linux"
        )


def take_inventory(cluster: Cluster) -> Inventory:
    """Read it all, side by side. Raises kubernetes.client.ApiException when the API refuses."""
    with ThreadPoolExecutor(max_workers=6) as pool:
        version = pool.submit(cluster.request, "GET", "/version")
        nodes = pool.submit(cluster.list, "Node")
        services = pool.submit(cluster.list, "Service")
        deployments = pool.submit(cluster.list, "Deployment", None, LABEL)
        daemons = pool.submit(cluster.list, "DaemonSet", None, LABEL)
        service = the_dns_service(services.result())
        labelled = deployments.result() + daemons.result()
    if service is None and not labelled:
        service = unlabelled_dns_service(services.result())
        labelled = workloads_behind(cluster, service) if service else []
    workload = the_workload(labelled, service)
    further = further_workloads(labelled, workload, service)
    found = service or workload
    namespace = found["metadata"]["namespace"] if found else "kube-system"
    pods = pods_of([workload, *further], cluster, namespace, service)
    name = service["metadata"]["name"] if service else "kube-dns"
    refused: dict[str, str] = {}
    labels = f"kubernetes.io/service-name={name}"
    slices = if_shown(refused, SLICES, lambda: cluster.list("EndpointSlice", namespace, labels))
    place = corefile_place(workload)
    mounted = mounts_of(cluster, workload)
    text = if_shown(refused, COREFILE, lambda: read_corefile(cluster, place)) if place else None
    return Inventory(
        version=str(version.result().get("gitVersion", "")),
        nodes=tuple(nodes.result()),
        service=service,
        slices=tuple(slices or ()),
        workload=workload,
        pods=tuple(sorted(pods, key=lambda pod: str(pod["metadata"]["name"]))),
        corefile_text=text,
        config_map=place[:2] if place else None,
        files=mounted.files,
        folders=tuple(sorted(mounted.folders)),
        keys=mounted.keys,
        further=further,
        unreadable=refused,
    )


def if_shown(refused: dict[str, str], part: str, read: Callable[[], T]) -> T | None:
    """A part of the inventory; where we have no right to it why not is noted, and None returned.

    Raises kubernetes.client.ApiException for anything but a 403.
    """
    try:
        return read()
    except ApiException as error:
        if error.status != 403:
            raise
        refused[part] = one_line(error)
        return None


def mounts_of(cluster: Cluster, workload: Manifest | None) -> Mounted:
    """What the ConfigMaps of the replicas bring, beside the Corefile."""
    if workload is None:
        return Mounted({}, frozenset())
    namespace = workload["metadata"]["namespace"]
    return read_mounts(cluster, namespace, pod_spec(workload), serving_container(workload))


def read_corefile(cluster: Cluster, place: tuple[str, str, str]) -> str | None:
    """The Corefile's text, or None when the ConfigMap or its key is not there."""
    namespace, name, key = place
    try:
        data = cluster.get("ConfigMap", name, namespace).get("data") or {}
    except NotFoundError:
        return None
    return data.get(key)
