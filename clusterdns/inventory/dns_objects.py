"""Which of a cluster's objects serve DNS: the Service, what is behind it, and its Corefile."""

from clusterdns.cluster import Cluster, Manifest

LABEL = "k8s-app=kube-dns"  # of the Service and the pods, for CoreDNS and kube-dns alike
OURS = "dns-conformance/run"  # a label of all that a run makes


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


def is_going(thing: Manifest) -> bool:
    """Whether an object is being deleted."""
    return "deletionTimestamp" in thing["metadata"]


def in_kube_system(thing: Manifest, name: str) -> bool:
    """Whether this is the object of that name in kube-system."""
    meta = thing["metadata"]
    return bool(meta["namespace"] == "kube-system" and meta["name"] == name)
