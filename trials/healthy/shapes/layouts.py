"""Shapes that people make themselves: the chart's CoreDNS, other workloads, other networks.

Sources: coredns/helm (templates and values of the chart), kops (upup/models/cloudup/resources/
addons/coredns.addons.k8s.io), for the chart beside what the installer left: coredns/helm#19.
"""

from clusterdns.cluster import Manifest
from trials.healthy.shapes.parts import KUBE_DNS, ROOT, Making


def chart_beside_old_service(making: Making) -> None:
    """The chart's CoreDNS with a label of its own, and kOps' old Service, which selects it."""
    labels = {"k8s-app": "coredns", "app.kubernetes.io/name": "coredns"}
    making.without_kubeadm(service=False)
    making.config_map("kube-system/chart-coredns", Corefile=ROOT)
    making.pods("Deployment", "kube-system/chart-coredns", labels, "chart-coredns", replicas=2)
    making.service("kube-system/coredns", labels)
    making.scene.change(
        "Service", "kube-dns", lambda thing: thing["spec"].update(selector={"k8s-app": "coredns"})
    )
    helm = {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "coredns-1.43.3"}
    release = {"meta.helm.sh/release-name": "chart"}
    release["meta.helm.sh/release-namespace"] = "kube-system"
    things = ("ConfigMap/chart-coredns", "Deployment/chart-coredns", "Service/coredns")
    for kind, name in (thing.split("/") for thing in things):
        making.mark(kind, f"kube-system/{name}", labels=helm, annotations=release)
    addon = {"addon.kops.k8s.io/name": "coredns.addons.k8s.io"}
    making.mark("Service", "kube-system/kube-dns", labels=addon)


def two_daemonsets(making: Making) -> None:
    """Two DaemonSets behind one Service: one for the control plane, one for the workers."""
    making.without_kubeadm(service=False)
    is_control_plane = "node-role.kubernetes.io/control-plane"
    for name, operator in (("dns-control", "Exists"), ("dns-workers", "DoesNotExist")):
        chosen = [{"matchExpressions": [{"key": is_control_plane, "operator": operator}]}]
        affinity = {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": chosen}
            }
        }

        def only_there(spec: Manifest, affinity: Manifest = affinity) -> None:
            spec["affinity"] = affinity

        making.pods(
            "DaemonSet", f"kube-system/{name}", {**KUBE_DNS, "part": name}, "coredns", only_there
        )


def host_network(making: Making) -> None:
    """Replicas on the nodes' own network, one on each node."""
    making.without_kubeadm(service=False)

    def on_host(spec: Manifest) -> None:
        spec["hostNetwork"] = True

    making.pods("DaemonSet", "kube-system/coredns", KUBE_DNS, "coredns", on_host)
