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

from clusterdns.api_errors import unless_forbidden
from clusterdns.cluster import Cluster, Manifest, NotFoundError, is_ready
from clusterdns.corefile import Corefile, CorefileError, Reading, findings, parse
from clusterdns.corefile.finding import Finding
from clusterdns.inventory.behind import Behind, what_is_behind
from clusterdns.inventory.dns_objects import (
    LABEL,
    corefile_place,
    holder_of,
    pod_spec,
    serving_container,
)
from clusterdns.inventory.mounts import Mounted, corefile_path, plain_variables, read_mounts
from clusterdns.inventory.told import Told, choose_service, ips_of, is_for_dns
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
    told: Told = field(default_factory=Told)  # what pods are told to ask; empty: none was asked yet
    # Other Services with port 53, as namespace/name, by cluster IP.
    rivals: Mapping[str, str] = field(default_factory=dict)

    def must_know(self, part: str) -> None:
        """Raises NotReadableError when a part (COREFILE, SLICES) was not shown."""
        if why := self.unreadable.get(part):
            raise NotReadableError(f"{part} cannot be read: {why}")

    @property
    def namespace(self) -> str:
        """Where cluster DNS lives."""
        return namespace_of(self.service or self.workload)

    @property
    def service_name(self) -> str:
        """The Service as kubectl names it, or what it should be."""
        return f"service/{self.service['metadata']['name']}" if self.service else "service/kube-dns"

    @property
    def cluster_ips(self) -> tuple[str, ...]:
        """The cluster IPs of the DNS Service, the first one first; empty without a Service."""
        return ips_of(self.service) if self.service else ()

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
        """Where the replicas listen: the container's UDP port, which need not be 53.

        Where it has several, or none that it names, it is the one that the slices lead to.
        """
        ports = [p for p in self.container.get("ports", []) if p.get("protocol") == "UDP"]
        leads_to = self.slice_port
        if leads_to and (not ports or leads_to in {p["containerPort"] for p in ports}):
            return leads_to
        named = [p for p in ports if str(p.get("name", "")).startswith("dns")]
        return int((named or ports or [{"containerPort": 53}])[0]["containerPort"])

    @property
    def slice_port(self) -> int | None:
        """The port behind 53/UDP of the Service, by its slices; None where they do not agree."""
        ports = (self.service or {}).get("spec", {}).get("ports") or []
        names = {p.get("name", "") for p in ports if (p.get("protocol"), p["port"]) == ("UDP", 53)}
        found = {
            int(p["port"])
            for piece in self.slices
            for p in piece.get("ports") or []
            if p.get("protocol") == "UDP" and p.get("name", "") in names
        }
        return next(iter(found)) if len(found) == 1 else None

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
        """The container that serves DNS; empty where nothing runs."""
        return serving_container(holder_of(self.workload, self.pods))

    @property
    def pod_spec(self) -> Manifest:
        """The spec of the replicas: their workload's, or a pod's own where nobody owns it."""
        return pod_spec(holder_of(self.workload, self.pods))

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
            known = plain_variables(self.container)
            return parse(self.corefile_text, self.files, self.folders, home, known)
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
    def unowned(self) -> tuple[str, ...]:
        """The addresses that pods are told and that are not those of the DNS Service."""
        return tuple(ip for ip in self.told.addresses if ip not in self.cluster_ips)

    @property
    def is_certain(self) -> bool:
        """Whether it is clear without asking a pod which Service is meant: there is one only."""
        return self.service is not None and not self.rivals

    @property
    def why_no_objects(self) -> str:
        """Why there is nothing to look at in the API, in a sentence; empty where there is.

        Pods are told an address of which somebody answers who is no object of this cluster.
        """
        if self.service or self.workload or self.pods or not self.told.answering:
            return ""
        return (
            f"DNS is served at {', '.join(self.told.answering)} by no object of this cluster's "
            "API (a service of the provider, or a program on the nodes): there is none to look at"
        )

    @property
    def ready_nodes(self) -> tuple[Manifest, ...]:
        """The Linux nodes that are ready: probes are started on these, cordoned or not."""
        return tuple(node for node in self.nodes if is_ready(node) and is_linux(node))


def is_linux(node: Manifest) -> bool:
    """Whether pods of Linux run on a node."""
    return bool(node["metadata"].get("labels", {}).get("kubernetes.io/os", "linux") == "linux")


def take_inventory(cluster: Cluster, told: Told | None = None) -> Inventory:
    """Read it all, side by side. Raises kubernetes.client.ApiException when the API refuses.

    ``told``: what pods are told to ask, once that is known: it decides which Service is meant.
    """
    told = told or Told()
    with ThreadPoolExecutor(max_workers=6) as pool:
        version = pool.submit(cluster.request, "GET", "/version")
        nodes = pool.submit(cluster.list, "Node")
        listed = pool.submit(cluster.list, "Service")
        deployments = pool.submit(cluster.list, "Deployment", None, LABEL)
        daemons = pool.submit(cluster.list, "DaemonSet", None, LABEL)
        labelled = deployments.result() + daemons.result()
        services = listed.result()
    service = choose_service(services, told, may_be_unlabelled=not labelled)
    refused: dict[str, str] = {}
    slices = slices_of(cluster, service, refused)
    behind = what_is_behind(cluster, service, slices, labelled)
    if told.answering and service and not told.nodes_told(ips_of(service)) and behind.is_empty:
        service, slices, behind = None, [], Behind()  # a left-over: pods ask somebody else
    place = corefile_place(behind.holder)
    mounted = mounts_of(cluster, behind.holder)
    text = if_shown(refused, COREFILE, lambda: read_corefile(cluster, place)) if place else None
    return Inventory(
        version=str(version.result().get("gitVersion", "")),
        nodes=tuple(nodes.result()),
        service=service,
        slices=tuple(slices),
        workload=behind.workload,
        pods=tuple(sorted(behind.pods, key=lambda pod: str(pod["metadata"]["name"]))),
        corefile_text=text,
        config_map=place[:2] if place else None,
        files=mounted.files,
        folders=tuple(sorted(mounted.folders)),
        keys=mounted.keys,
        further=behind.further,
        unreadable=refused,
        told=told,
        rivals={
            ip: _name(each)
            for each in services
            if is_for_dns(each) and each is not service
            for ip in ips_of(each)
        },
    )


def slices_of(
    cluster: Cluster, service: Manifest | None, refused: dict[str, str]
) -> list[Manifest]:
    """The EndpointSlices of the DNS Service, or of the one that should be there."""
    name = service["metadata"]["name"] if service else "kube-dns"
    labels = f"kubernetes.io/service-name={name}"
    place = namespace_of(service)
    return if_shown(refused, SLICES, lambda: cluster.list("EndpointSlice", place, labels)) or []


def namespace_of(thing: Manifest | None) -> str:
    """The namespace of an object, or the one where cluster DNS usually is."""
    return str(thing["metadata"]["namespace"]) if thing else "kube-system"


def _name(thing: Manifest) -> str:
    return f"{thing['metadata']['namespace']}/{thing['metadata']['name']}"


def if_shown(refused: dict[str, str], part: str, read: Callable[[], T]) -> T | None:
    """A part of the inventory; where we have no right to it why not is noted, and None returned.

    Raises kubernetes.client.ApiException for anything but a 403.
    """

    def note(error: ApiException) -> None:
        refused[part] = one_line(error)

    return unless_forbidden(read, note)


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
