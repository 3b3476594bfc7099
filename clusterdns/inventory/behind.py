"""Who stands behind the DNS Service: the workloads, and the pods that they run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from clusterdns.api_errors import unless_forbidden
from clusterdns.cluster import Cluster, Manifest
from clusterdns.inventory.dns_objects import (
    LABEL,
    SERVERS,
    holder_of,
    is_behind,
    is_going,
    serving_container,
    the_workload,
)

WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet")


@dataclass(frozen=True)
class Behind:
    """What runs the replicas, and these."""

    workload: Manifest | None = None
    further: tuple[Manifest, ...] = ()
    pods: tuple[Manifest, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nobody."""
        return self.workload is None and not self.pods

    @property
    def holder(self) -> Manifest | None:
        """What has the spec of the replicas: their workload, or a pod that nobody owns."""
        return holder_of(self.workload, self.pods)


def what_is_behind(
    cluster: Cluster,
    service: Manifest | None,
    slices: Sequence[Manifest],
    labelled: Sequence[Manifest],
) -> Behind:
    """The workloads and pods that serve DNS, by the Service's selector, else by its slices.

    ``labelled``: workloads with the label of kube-dns, in all namespaces. They are looked at first,
    and taken where a Service leads to nobody (its selector is wrong) or is missing; after them
    what runs CoreDNS beside the Service. Others are listed only where none of these is behind it.
    """
    if service is None:
        return _run_by(cluster, "kube-system", list(labelled), None)
    namespace = str(service["metadata"]["namespace"])
    here = [each for each in labelled if _is_in(namespace, each)]
    if by_label := [each for each in here if is_behind(service, each)]:
        return _run_by(cluster, namespace, by_label, service)
    others = workloads_in(cluster, namespace)
    selected = [each for each in others if is_behind(service, each)]
    if behind := list(filter(looks_like_dns, selected)) or ([] if here else selected):
        return _run_by(cluster, namespace, behind, service)
    pods = [] if here else shown(lambda: endpoint_pods(cluster, slices))
    if pods:
        chosen = owned(others, pods)
        workload = the_workload(chosen, service)
        return Behind(workload, tuple(w for w in chosen if w is not workload), tuple(pods))
    return _run_by(cluster, namespace, here or list(filter(looks_like_dns, others)), service)


def _run_by(
    cluster: Cluster, namespace: str, workloads: list[Manifest], service: Manifest | None
) -> Behind:
    workload = the_workload(workloads, service)
    further = _further(workloads, workload, service)
    place = namespace if service or workload is None else str(workload["metadata"]["namespace"])
    pods = pods_of([workload, *further], cluster, place, service)
    return Behind(workload, further, tuple(pods))


def _further(
    workloads: list[Manifest], chosen: Manifest | None, service: Manifest | None
) -> tuple[Manifest, ...]:
    """More workloads that run replicas of the same Service, by their label and its selector."""
    if chosen is None or service is None or not is_behind(service, chosen):
        return ()
    namespace = service["metadata"]["namespace"]
    here = [w for w in workloads if _is_in(namespace, w) and w is not chosen]
    return tuple(w for w in here if is_behind(service, w))


def _is_in(namespace: str, thing: Manifest) -> bool:
    return bool(thing["metadata"]["namespace"] == namespace)


def shown(read: Callable[[], list[Manifest]]) -> list[Manifest]:
    """What is read; nothing where we have no right to it, as in a namespace that nobody planned.

    Raises kubernetes.client.ApiException for anything but a 403.
    """
    return unless_forbidden(read, lambda _: [])


def workloads_in(cluster: Cluster, namespace: str) -> list[Manifest]:
    """Everything in a namespace that runs pods and keeps them running."""
    return [
        {"kind": kind, **each}  # lists of the API leave it out
        for kind in WORKLOADS
        for each in shown(partial(cluster.list, kind, namespace))
    ]


def endpoint_pods(cluster: Cluster, slices: Sequence[Manifest]) -> list[Manifest]:
    """The pods that slices lead to, by name or address, whatever their labels are."""
    listed = [endpoint for piece in slices for endpoint in piece.get("endpoints") or []]
    addresses = {address for endpoint in listed for address in endpoint["addresses"]}
    places = {
        str((endpoint.get("targetRef") or {}).get("namespace") or piece["metadata"]["namespace"])
        for piece in slices
        for endpoint in piece.get("endpoints") or []
    }
    pods = [pod for place in sorted(places) for pod in cluster.list("Pod", place)]
    return [
        pod
        for pod in pods
        if not is_going(pod)
        and addresses & {str(ip["ip"]) for ip in pod.get("status", {}).get("podIPs") or []}
    ]


def owned(workloads: Iterable[Manifest], pods: Iterable[Manifest]) -> list[Manifest]:
    """The workloads that own one of these pods; a Deployment does by its ReplicaSet."""
    names = {name for pod in pods for name in owners_of(pod)}
    return [workload for workload in workloads if str(workload["metadata"]["name"]) in names]


def owners_of(pod: Manifest) -> list[str]:
    """The names of the workloads that own a pod: a ReplicaSet is named after its Deployment."""
    meta = pod["metadata"]
    ending = f"-{(meta.get('labels') or {}).get('pod-template-hash', '')}"
    return [
        str(owner["name"]).removesuffix(ending) if owner["kind"] == "ReplicaSet" else owner["name"]
        for owner in meta.get("ownerReferences") or []
    ]


def looks_like_dns(workload: Manifest) -> bool:
    """Whether a workload runs CoreDNS or kube-dns by its container or image."""
    container = serving_container(workload)
    image = str(container.get("image", "")).rpartition("/")[2]
    return container.get("name") in SERVERS or image.startswith("coredns")


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
