"""Shapes of providers' clusters: EKS with its add-on, EKS without any objects, AKS.

Sources: docs.aws.amazon.com (managing the add-on; labels and field managers of its objects),
aws/containers-roadmap#2546 (no objects), learn.microsoft.com (coredns-custom), Azure/AKS#919.
"""

from clusterdns.cluster import Manifest
from trials.healthy.shapes.parts import ROOT, Making

ON_NODE = "/opt/node-dns"
EKS = ROOT.replace("        ttl 30\n", "").replace("0.0.0.0:9153", ":9153")
AKS = """.:53 {
    errors
    ready
    health {
        lameduck 5s
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
    import custom/*.override
    template ANY ANY internal.cloudapp.net {
        match "^(?:[^.]+[.]){4,}internal[.]cloudapp[.]net[.]$"
        rcode NXDOMAIN
        fallthrough
    }
    template ANY ANY reddog.microsoft.com {
        rcode NXDOMAIN
    }
}
import custom/*.server
"""
NAMES = """hosts {
    192.0.2.20 ledger.corp.example
    fallthrough
}
"""


def eks_addon(making: Making) -> None:
    """Objects of which fields are managed by eks, and nodes of a node group."""
    making.corefile(EKS)
    component = "eks.amazonaws.com/component"
    for kind, name, part in (
        ("ConfigMap", "coredns", "coredns"),
        ("Deployment", "coredns", "coredns"),
        ("Service", "kube-dns", "kube-dns"),
    ):
        making.mark(kind, f"kube-system/{name}", labels={component: part}, manager="eks")
    making.mark_nodes({"eks.amazonaws.com/nodegroup": "general"})


def aks(making: Making) -> None:
    """Imports of coredns-custom, objects that are reconciled, konnectivity beside them."""
    making.corefile(AKS)
    making.config_map("kube-system/coredns-custom", **{"names.override": NAMES})

    def with_custom(thing: Manifest) -> None:
        making.imports(thing, "custom-config-volume", "coredns-custom")
        thing["spec"]["template"]["metadata"]["labels"]["kubernetes.azure.com/managedby"] = "aks"

    making.scene.change("Deployment", "coredns", with_custom)
    mode = "addonmanager.kubernetes.io/mode"
    for kind, name in (
        ("ConfigMap", "coredns"),
        ("Deployment", "coredns"),
        ("Service", "kube-dns"),
    ):
        labels = {mode: "Reconcile", "kubernetes.io/cluster-service": "true"}
        making.mark(kind, f"kube-system/{name}", labels=labels)
    making.mark("ConfigMap", "kube-system/coredns-custom", labels={mode: "EnsureExists"})
    making.mark_nodes(
        {"kubernetes.azure.com/cluster": "shapes", "kubernetes.azure.com/mode": "system"}
    )
    making.idle(
        "kube-system/konnectivity-agent",
        {"app": "konnectivity-agent", "kubernetes.azure.com/managedby": "aks"},
    )


def without_objects(making: Making) -> None:
    """CoreDNS as a program on each node, at the address that kubelets tell; nothing in the API."""
    ip, image = making.dns_ip, making.image
    making.without_kubeadm()
    making.scene.delete("ConfigMap", "coredns")
    making.addresses_on_nodes(ip)
    making.file_on_nodes(
        f"{ON_NODE}/kubeconfig", making.read_on_control_plane("/etc/kubernetes/admin.conf")
    )
    for node in making.scene.breakable.nodes:
        known = f"        ttl 30\n        kubeconfig {ON_NODE}/kubeconfig\n"
        lines = ROOT.replace("        ttl 30\n", known).replace("\n", "\\n")
        making.scene.on_node(
            node,
            f"printf '{lines}' > {ON_NODE}/Corefile; mkdir -p /run/image-of-dns; "
            f"ctr -n k8s.io images mount {image} /run/image-of-dns > /dev/null; "
            f"cp /run/image-of-dns/coredns {ON_NODE}/coredns; "
            "ctr -n k8s.io images unmount /run/image-of-dns > /dev/null; "
            f"systemd-run --quiet --unit=node-dns {ON_NODE}/coredns -conf {ON_NODE}/Corefile",
            "systemctl stop node-dns; rmdir /run/image-of-dns",
        )
