"""Where a change of somebody else's object lasts, and what undoes an edit of the object itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clusterdns.cluster import Manifest
from clusterdns.inventory.dns_objects import pod_spec
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.owners import ADDON_MANAGER, Sign, names_of, platforms, signs_of

CUSTOM = "coredns-custom"  # the ConfigMap of AKS and k3s whose keys the Corefile imports
ADDS = (
    "a key NAME.override adds lines to the main server block, NAME.server a block; what the "
    "Corefile says already is not changed by it, and a plugin given twice may keep CoreDNS from "
    "starting"
)
VALUES = {  # of the chart coredns/helm, by kind of object
    "configmap": "value servers",
    "deployment": "values such as replicaCount, resources, nodeSelector, tolerations",
    "service": "value service",
}


@dataclass(frozen=True)
class Owner:
    """Who owns an object, and where a change belongs.

    ``place``: a command with {kubectl} for kubectl of this cluster, or words; empty: the object
    itself, for there is no better place. ``key``: what in that place. ``undone``: what undoes an
    edit of the object itself. ``why``: the signs. ``adds_only``: what the object has cannot be
    changed in that place, only added to.
    """

    name: str
    place: str
    key: str
    undone: str
    why: str
    adds_only: bool = False


def owners(inventory: Inventory, config_maps: Mapping[str, Manifest]) -> dict[str, Owner]:
    """The owners of the objects of cluster DNS that have one.

    Keys are namespace and object, such as "kube-system configmap/coredns".
    ``config_maps``: the ConfigMaps that the replicas read, by their name.
    """
    where, found = platforms(inventory), dict[str, Owner]()
    things = [("configmap", thing) for thing in config_maps.values()]
    things += [("deployment", thing) for thing in inventory.workloads]
    things += [("service", inventory.service)] if inventory.service else []
    for kind, thing in things:
        if owner := owner_of(kind, thing, where, _mounted(inventory)):
            meta = thing["metadata"]
            home = meta.get("namespace") or inventory.namespace
            real = "daemonset" if _is_daemonset(kind, thing) else kind
            found[f"{home} {real}/{meta['name']}"] = owner
    return found


def owner_of(
    kind: str, thing: Manifest, where: frozenset[str], mounted: frozenset[str] = frozenset()
) -> Owner | None:
    """Who owns an object; None: nobody is known to.

    ``kind``: configmap, deployment (also for a DaemonSet) or service; ``where``: see
    `owners.platforms`; ``mounted``: the ConfigMaps that the replicas mount.
    """
    signs = signs_of(thing, where)
    names = names_of(signs)
    if not names:
        return None
    why = "; ".join(sign.seen for sign in signs)
    if len(names) > 1:
        return Owner(
            " or ".join(names),
            "",
            "",
            "which of them puts it back is not known, because its signs contradict each other: "
            "find out before anything is changed",
            why,
        )
    sign = next((one for one in signs if one.name), signs[0])
    place, key, undone = _place(sign, kind, thing, mounted)
    return Owner(names[0], place, key, undone, why, adds_only=ADDS in key)


def _place(sign: Sign, kind: str, thing: Manifest, mounted: frozenset[str]) -> tuple[str, str, str]:
    """The place, the key in it, and what undoes an edit of the object itself."""
    meta = thing.get("metadata", {})
    home = meta.get("namespace") or "kube-system"
    match sign.owner:
        case "the DNS operator of OpenShift":
            return _openshift(sign, kind)
        case "k3s" | "AKS":
            return _imported(sign.owner, kind, meta, home, mounted)
        case "RKE2":
            return (
                f"{{kubectl}} -n {home} edit helmchartconfigs.helm.cattle.io {sign.name}",
                f"spec.valuesContent, {VALUES[kind]}; make it where there is none yet",
                "RKE2 installs its chart anew at an upgrade or when its HelmChart changes",
            )
        case "the EKS add-on":
            return _eks(kind)
        case "EKS, self-managed":
            return "", "", "making it an EKS add-on, or an update of that, writes it anew"
        case "GKE":
            return _gke(kind)
        case "MicroK8s":
            key = (
                "for other upstreams alone microk8s enable dns:ADDRESS,ADDRESS does it too"
                if kind == "configmap"
                else ""
            )
            return "", key, "microk8s disable dns and microk8s enable dns write it anew"
        case "kOps":
            return (
                "kops edit cluster",
                "spec.kubeDNS"
                + (".externalCoreFile" if kind == "configmap" else "")
                + ", then: kops update cluster --yes",
                "kOps applies its add-on again when that changes, at an upgrade at the latest",
            )
        case "Argo CD":
            which = f"application {sign.name}" if sign.name else "application, not known which"
            return (
                f"in the source repository of Argo CD's {which}",
                "",
                "a sync of Argo CD puts it back, at once where selfHeal is on",
            )
        case "Flux":
            return (
                f"in the source repository of Flux's {sign.name}",
                "",
                "Flux puts it back when it reconciles, mostly within minutes",
            )
        case "Helm":
            return _helm(sign, kind, meta, home)
        case _:
            return "", "", _addon_manager(sign)


def _openshift(sign: Sign, kind: str) -> tuple[str, str, str]:
    """openshift/api operator/v1 DNS: servers, upstreamResolvers, cache, nodePlacement."""
    undone = "the operator puts it back at once"
    keys = {
        "configmap": "spec.servers for zones of your own, spec.upstreamResolvers, spec.cache; "
        "other lines cannot be changed",
        "deployment": "spec.nodePlacement; other fields cannot be changed",
    }
    if kind == "service":
        return "let the operator make it", "", undone
    return f"{{kubectl}} edit dns.operator.openshift.io {sign.name}", keys[kind], undone


def _imported(
    owner: str, kind: str, meta: Manifest, home: str, mounted: frozenset[str]
) -> tuple[str, str, str]:
    """k3s and AKS: docs.k3s.io "networking services"; learn.microsoft.com "coredns-custom"."""
    undone = {
        "k3s": "k3s applies /var/lib/rancher/k3s/server/manifests/coredns.yaml anew whenever it "
        "starts",
        "AKS": "AKS puts it back, within minutes",
    }[owner]
    if kind == "configmap" and meta.get("name") != CUSTOM and CUSTOM in mounted:
        return (
            f"{{kubectl}} -n {home} edit configmap/{CUSTOM}",
            f"{ADDS}; make it if missing",
            undone,
        )
    if owner == "k3s":
        return "", "what lasts is k3s --disable=coredns and a CoreDNS of your own", undone
    if kind == "deployment":
        return "", "", f"{undone}; a change that must last is for the support of AKS"
    return "ask the support of AKS", "", undone


def _eks(kind: str) -> tuple[str, str, str]:
    """docs.aws.amazon.com, update-addon; the keys are those of describe-addon-configuration."""
    undone = "the next update of the add-on may write it anew"
    if kind == "service":
        return "", "", undone
    key = "corefile" if kind == "configmap" else "replicaCount, resources, nodeSelector and others"
    return (
        "aws eks update-addon --cluster-name CLUSTER --addon-name coredns --configuration-values "
        "file://values.json",
        f"{key}, beside what aws eks describe-addon shows there already",
        undone,
    )


def _gke(kind: str) -> tuple[str, str, str]:
    """cloud.google.com/kubernetes-engine/docs/how-to/kube-dns: the ConfigMap kube-dns."""
    undone = "GKE puts it back"
    if kind == "configmap":
        return (
            "{kubectl} -n kube-system edit configmap/kube-dns",
            "stubDomains and upstreamNameservers; more cannot be changed",
            undone,
        )
    return "ask the support of GKE: no edit of it lasts", "", undone


def _helm(sign: Sign, kind: str, meta: Manifest, home: str) -> tuple[str, str, str]:
    """coredns/helm charts/coredns/values.yaml; other charts name their values otherwise."""
    chart = (meta.get("labels") or {}).get("helm.sh/chart", "")
    values = VALUES[kind] if re.match(r"coredns-\d", chart) else ""
    undone = "the next helm upgrade may put it back"
    if not sign.name:
        return "", "", f"whoever renders the chart {chart or 'that it is from'} writes it anew"
    namespace = (meta.get("annotations") or {}).get("meta.helm.sh/release-namespace", home)
    shown = f"helm -n {namespace} get values {sign.name}"
    return (
        f"in the values of the Helm release {namespace}/{sign.name} ({shown} shows them; "
        "helm upgrade puts them into effect)",
        values,
        undone,
    )


def _addon_manager(sign: Sign) -> str:
    """Kube-up, some providers; kubespray's templates carry the label too, where nobody runs it."""
    if sign.owner != ADDON_MANAGER:
        return "it writes it anew"
    return (
        "whoever installed it puts it back: an addon manager if one runs here, kubespray when its "
        "playbook runs, or the provider"
    )


def _mounted(inventory: Inventory) -> frozenset[str]:
    found = set()
    for workload in inventory.workloads:
        for volume in pod_spec(workload).get("volumes") or ():
            sources = [volume, *(volume.get("projected") or {}).get("sources", ())]
            found |= {(one.get("configMap") or {}).get("name", "") for one in sources}
    return frozenset(found - {""})


def _is_daemonset(kind: str, thing: Manifest) -> bool:
    return kind == "deployment" and "desiredNumberScheduled" in thing.get("status", {})
