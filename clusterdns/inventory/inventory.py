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
from clusterdns.corefile import Corefile, CorefileError, Reading, parse
from clusterdns.inventory.mounts import Mounted, corefile_path, read_mounts
from clusterdns.matrix.question import Server
from clusterdns.run.ledger import one_line

T = TypeVar("T")
COREFILE, SLICES = "the Corefile", "the EndpointSlices of the DNS Service"
LABEL = "k8s-app=kube-dns"  # of the Service and the pods, for CoreDNS and kube-dns alike
ARCHITECTURE = "kubernetes.io/arch"
OURS = "dns-conformance/run"  # a label of all that a run makes


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


def the_dns_service(services: list[Manifest]) -> Manifest | None:
    """The Service that pods ask: kube-system/kube-dns, else the one that wears the label."""
    key, value = LABEL.split("=")
    labelled = [s for s in services if (s["metadata"].get("labels") or {}).get(key) == value]
    named = [s for s in services if in_kube_system(s, "kube-dns")]
    found = [s for s in [*named, *labelled] if s["spec"].get("clusterIP") not in ("None", "", None)]
    return next(iter(found), None)


def unlabelled_dns_service(services: list[Manifest]) -> Manifest | None:
    """A DNS Service as other installers name it, where nothing wears the label at all."""
    named = [
        s
        for s in services
        if "dns" in s["metadata"]["name"]
        and OURS not in (s["metadata"].get("labels") or {})
        and s["spec"].get("clusterIP") not in ("None", "", None)
        and s["spec"].get("selector")
        and any((p.get("protocol"), p["port"]) == ("UDP", 53) for p in s["spec"].get("ports", []))
    ]
    rank = {
        id(s): (s["metadata"]["namespace"] != "kube-system", s["metadata"]["name"]) for s in named
    }
    return min(named, key=lambda s: rank[id(s)], default=None)


def workloads_behind(cluster: Cluster, service: Manifest) -> list[Manifest]:
    """The Deployments and DaemonSets whose pods a Service selects."""
    namespace = service["metadata"]["namespace"]
    kinds = ("Deployment", "DaemonSet")
    found = [workload for kind in kinds for workload in cluster.list(kind, namespace)]
    return [workload for workload in found if is_behind(service, workload)]


def is_behind(service: Manifest, workload: Manifest) -> bool:
    """Whether a Service selects the pods of a workload."""
    selector = service["spec"].get("selector") or {}
    labels = workload["spec"]["template"].get("metadata", {}).get("labels") or {}
    return bool(selector) and selector.items() <= labels.items()


def further_workloads(
    workloads: list[Manifest], chosen: Manifest | None, service: Manifest | None
) -> tuple[Manifest, ...]:
    """More workloads that run replicas of the same Service, by their label and its selector."""
    if chosen is None or service is None or not is_behind(service, chosen):
        return ()
    namespace = service["metadata"]["namespace"]
    here = [w for w in workloads if w["metadata"]["namespace"] == namespace and w is not chosen]
    return tuple(w for w in here if is_behind(service, w))


def pods_of(
    workloads: list[Manifest | None],
    cluster: Cluster,
    namespace: str,
    service: Manifest | None = None,
) -> list[Manifest]:
    """The pods of workloads, each once, but those that are being deleted.

    Without a workload it is the pods that the Service selects: those serve DNS.
    """
    found: dict[str, Manifest] = {}
    behind = (service or {}).get("spec", {}).get("selector")
    for workload in workloads:
        own = (workload or {}).get("spec", {}).get("selector", {}).get("matchLabels")
        selector = own or (None if workload else behind)
        labels = ",".join(f"{k}={v}" for k, v in selector.items()) if selector else LABEL
        found |= {p["metadata"]["name"]: p for p in cluster.list("Pod", namespace, labels)}
    return [pod for pod in found.values() if not is_going(pod)]


def the_workload(workloads: list[Manifest], service: Manifest | None) -> Manifest | None:
    """What runs the replicas: the Deployment or DaemonSet that the Service is for."""
    namespace = service["metadata"]["namespace"] if service else "kube-system"
    here = [w for w in workloads if w["metadata"]["namespace"] == namespace]
    named = [w for w in here if "coredns" in w["metadata"]["name"]]
    return next(iter([*named, *here, *workloads]), None)


def pod_spec(workload: Manifest | None) -> Manifest:
    """The pod template's spec; empty without a workload."""
    return dict((workload or {}).get("spec", {}).get("template", {}).get("spec", {}))


def serving_container(workload: Manifest | None) -> Manifest:
    """The container that serves DNS; empty without any."""
    containers: list[Manifest] = pod_spec(workload).get("containers", [])
    named = [c for c in containers if c["name"] in ("coredns", "kubedns")]
    return (named or containers or [{}])[0]


def mounts_of(cluster: Cluster, workload: Manifest | None) -> Mounted:
    """What the ConfigMaps of the replicas bring, beside the Corefile."""
    if workload is None:
        return Mounted({}, frozenset())
    namespace = workload["metadata"]["namespace"]
    return read_mounts(cluster, namespace, pod_spec(workload), serving_container(workload))


def corefile_place(workload: Manifest | None) -> tuple[str, str, str] | None:
    """Namespace, name and key of the ConfigMap that the workload mounts as its Corefile."""
    if workload is None:
        return None
    namespace = workload["metadata"]["namespace"]
    volumes = workload["spec"]["template"]["spec"].get("volumes") or []
    maps = [volume["configMap"] for volume in volumes if "configMap" in volume]
    with_corefile = [m for m in maps if "Corefile" in {i["path"] for i in m.get("items", [])}]
    chosen = next(iter(with_corefile or maps), None)
    if chosen is None:
        return None
    keys = [item["key"] for item in chosen.get("items", []) if item["path"] == "Corefile"]
    return namespace, chosen["name"], (keys or ["Corefile"])[0]


def read_corefile(cluster: Cluster, place: tuple[str, str, str]) -> str | None:
    """The Corefile's text, or None when the ConfigMap or its key is not there."""
    namespace, name, key = place
    try:
        data = cluster.get("ConfigMap", name, namespace).get("data") or {}
    except NotFoundError:
        return None
    return data.get(key)


def is_going(thing: Manifest) -> bool:
    """Whether an object is being deleted."""
    return "deletionTimestamp" in thing["metadata"]


def in_kube_system(thing: Manifest, name: str) -> bool:
    """Whether this is the object of that name in kube-system."""
    meta = thing["metadata"]
    return bool(meta["namespace"] == "kube-system" and meta["name"] == name)
