"""What serves DNS behind a Service: workloads, their pods, the container, and its Corefile."""

from collections.abc import Sequence
from posixpath import basename, dirname, normpath

from clusterdns.cluster import Manifest
from clusterdns.inventory.arguments import value_of, words_of

LABEL = "k8s-app=kube-dns"  # of the Service and the pods, for CoreDNS and kube-dns alike
OURS = "dns-conformance/run"  # a label of all that a run makes
SERVERS = ("coredns", "kubedns")  # how containers that serve DNS are called


def is_behind(service: Manifest, workload: Manifest) -> bool:
    """Whether a Service selects the pods of a workload."""
    selector = service["spec"].get("selector") or {}
    labels = workload["spec"]["template"].get("metadata", {}).get("labels") or {}
    return bool(selector) and selector.items() <= labels.items()


def the_workload(workloads: list[Manifest], service: Manifest | None) -> Manifest | None:
    """What runs the replicas: the Deployment or DaemonSet that the Service is for."""
    namespace = service["metadata"]["namespace"] if service else "kube-system"
    here = [w for w in workloads if w["metadata"]["namespace"] == namespace]
    named = [w for w in here if "coredns" in w["metadata"]["name"]]
    return next(iter([*named, *here, *workloads]), None)


def pod_spec(workload: Manifest | None) -> Manifest:
    """The pod template's spec; empty without a workload."""
    return dict((workload or {}).get("spec", {}).get("template", {}).get("spec", {}))


def holder_of(workload: Manifest | None, pods: Sequence[Manifest]) -> Manifest | None:
    """What has the spec of the replicas: their workload, or a pod that nobody owns, written so."""
    if workload is not None or not pods:
        return workload
    return {
        "metadata": pods[0]["metadata"],
        "spec": {"template": {"spec": pods[0].get("spec", {})}},
    }


def serving_container(workload: Manifest | None) -> Manifest:
    """The container that serves DNS; empty without any."""
    containers: list[Manifest] = pod_spec(workload).get("containers", [])
    named = [c for c in containers if c["name"] in SERVERS]
    udp = [c for c in containers if any(p.get("protocol") == "UDP" for p in c.get("ports") or [])]
    return (named or udp or containers or [{}])[0]


def corefile_place(workload: Manifest | None) -> tuple[str, str, str] | None:
    """Namespace, name and key of the ConfigMap that the workload mounts as its Corefile.

    It is the one in the folder that -conf names, whatever it is called.
    """
    if workload is None:
        return None
    spec, container = pod_spec(workload), serving_container(workload)
    conf = value_of(words_of(container), "conf") or ""
    file, folder = basename(conf) or "Corefile", normpath(dirname(conf) or "/")
    here = [
        mount["name"]
        for mount in container.get("volumeMounts") or []
        if normpath(mount["mountPath"]) in (folder, normpath(conf or "/"))
    ]
    volumes = sorted(spec.get("volumes") or [], key=lambda volume: volume["name"] not in here)
    maps = [volume["configMap"] for volume in volumes if "configMap" in volume]
    with_corefile = [m for m in maps if file in {i["path"] for i in m.get("items") or []}]
    in_folder = [v["configMap"] for v in volumes if v["name"] in here and "configMap" in v]
    chosen = next(iter([*with_corefile, *in_folder, *maps]), None)
    if chosen is None:
        return None
    keys = [item["key"] for item in chosen.get("items") or [] if item["path"] == file]
    return workload["metadata"]["namespace"], chosen["name"], (keys or [file])[0]


def is_going(thing: Manifest) -> bool:
    """Whether an object is being deleted."""
    return "deletionTimestamp" in thing["metadata"]


def in_kube_system(thing: Manifest, name: str) -> bool:
    """Whether this is the object of that name in kube-system."""
    meta = thing["metadata"]
    return bool(meta["namespace"] == "kube-system" and meta["name"] == name)


def is_labelled(thing: Manifest) -> bool:
    """Whether an object wears the label of kube-dns."""
    key, value = LABEL.split("=")
    return bool((thing["metadata"].get("labels") or {}).get(key) == value)
