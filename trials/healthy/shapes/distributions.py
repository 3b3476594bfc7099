"""Shapes of distributions and installers: OpenShift, RKE2, k3s, kubespray, MicroK8s, kOps.

Sources: openshift/cluster-dns-operator (assets/dns, controller_dns_configmap.go),
rancher/rke2-charts (rke2-coredns, nodelocal), k3s-io/k3s (manifests/coredns.yaml), kubespray
(roles/kubernetes-apps/ansible/templates), canonical/microk8s-core-addons (addons/dns), kops
(upup/models/cloudup/resources/addons/coredns.addons.k8s.io).
"""

from clusterdns.cluster import Manifest
from trials.healthy.shapes.node_local import cache_on_nodes
from trials.healthy.shapes.parts import KUBE_DNS, ROOT, Making

OPENSHIFT = """.:5353 {
    bufsize 1232
    errors
    log . {
        class error
    }
    health {
        lameduck 20s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }
    prometheus 127.0.0.1:9153
    forward . /etc/resolv.conf {
        policy sequential
    }
    cache 900 {
        denial 9984 30
    }
    reload
}
hostname.bind:5353 {
    chaos
}
"""
K3S = """.:53 {
    errors
    health
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }
    hosts /etc/coredns/NodeHosts {
        ttl 60
        reload 15s
        fallthrough
    }
    prometheus :9153
    cache 30
    loop
    reload
    loadbalance
    import /etc/coredns/custom/*.override
    forward . /etc/resolv.conf
}
import /etc/coredns/custom/*.server
"""
KUBESPRAY = ROOT.replace("    errors\n", "    errors {\n    }\n").replace(
    "forward . /etc/resolv.conf\n",
    "forward . /etc/resolv.conf {\n        prefer_udp\n        max_concurrent 1000\n    }\n",
)
MICROK8S = ROOT.replace("    ready\n", "    ready\n    log . {\n        class error\n    }\n")
KOPS = ROOT.replace("kubernetes cluster.local ", "kubernetes cluster.local. ").replace(
    "forward . /etc/resolv.conf\n",
    "forward . /etc/resolv.conf {\n        max_concurrent 1000\n    }\n",
)
MODE = "addonmanager.kubernetes.io/mode"


def openshift(making: Making) -> None:
    """A DaemonSet on 5353 in a namespace of its own, metrics on loopback, no loop."""
    ip, labels = making.dns_ip, {"dns.operator.openshift.io/daemonset-dns": "default"}
    making.without_kubeadm()
    making.account("openshift-dns/dns")
    making.config_map("openshift-dns/dns-default", Corefile=OPENSHIFT)

    def on_5353(spec: Manifest) -> None:
        container = spec["containers"][0]
        container["name"] = "dns"
        container["ports"] = [
            {**port, "containerPort": 5353} if port["containerPort"] == 53 else port
            for port in container["ports"]
            if port["containerPort"] != 9153
        ]
        spec["serviceAccountName"] = spec["serviceAccount"] = "dns"
        spec.pop("nodeSelector", None)

    making.pods("DaemonSet", "openshift-dns/dns-default", labels, "dns-default", on_5353)
    local = {"internalTrafficPolicy": "Local"}
    making.service("openshift-dns/dns-default", labels, ip=ip, target=5353, **local)
    for kind in ("ConfigMap", "DaemonSet", "Service"):
        own = {"dns.operator.openshift.io/owning-dns": "default"}
        making.mark(kind, "openshift-dns/dns-default", labels=own)


def openshift_with_consul(making: Making) -> None:
    """The same, with another DNS Service of which the name comes first."""
    openshift(making)
    making.scene.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a-consul"}})
    making.service("a-consul/a-dns", {"app": "consul"}, target=8600)


def rke2_nodelocal(making: Making) -> None:
    """Names of RKE2, and a cache on each node that pods are told."""
    ip = making.dns_ip
    labels = {**KUBE_DNS, "app.kubernetes.io/name": "rke2-coredns"}
    making.without_kubeadm()
    name = "kube-system/rke2-coredns-rke2-coredns"
    making.config_map(name, Corefile=ROOT)
    making.pods("Deployment", name, labels, "rke2-coredns-rke2-coredns", replicas=2)
    making.service(name, labels, ip=ip)
    helm = {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "rke2-coredns-1.43.302"}
    release = {"meta.helm.sh/release-name": "rke2-coredns"}
    release["meta.helm.sh/release-namespace"] = "kube-system"
    for kind in ("ConfigMap", "Deployment", "Service"):
        making.mark(kind, name, labels=helm, annotations=release)
    upstream = making.service("kube-system/kube-dns-upstream", KUBE_DNS)["spec"]["clusterIP"]
    cache_on_nodes(making, "kube-system/node-local-dns", "169.254.20.10", upstream)


def kubespray(making: Making) -> None:
    """A Service coredns, and nodelocaldns, whose DaemonSet wears the label of kube-dns."""
    ip = making.dns_ip
    making.scene.delete("Service", "kube-dns")
    making.service("kube-system/coredns", KUBE_DNS, ip=ip)
    making.corefile(KUBESPRAY)
    for kind in ("ConfigMap", "Deployment", "Service"):
        making.mark(kind, "kube-system/coredns", labels={MODE: "Reconcile"})
    own = {**KUBE_DNS, MODE: "Reconcile"}
    cache_on_nodes(making, "kube-system/nodelocaldns", "169.254.25.10", ip, own)


def k3s(making: Making) -> None:
    """NodeHosts beside the Corefile, and files that are imported if somebody brings them."""

    def with_hosts(thing: Manifest) -> None:
        thing["data"] = {"Corefile": K3S, "NodeHosts": "192.0.2.11 node-1\n192.0.2.12 node-2\n"}

    def with_custom(thing: Manifest) -> None:
        spec = thing["spec"]["template"]["spec"]
        spec["volumes"][0]["configMap"]["items"].append({"key": "NodeHosts", "path": "NodeHosts"})
        making.imports(thing, "custom-config-volume", "coredns-custom")

    making.scene.change("ConfigMap", "coredns", with_hosts)
    making.scene.change("Deployment", "coredns", with_custom)
    own = {"objectset.rio.cattle.io/owner-gvk": "k3s.cattle.io/v1, Kind=Addon"}
    for kind, name in (
        ("ConfigMap", "coredns"),
        ("Deployment", "coredns"),
        ("Service", "kube-dns"),
    ):
        making.mark(kind, f"kube-system/{name}", annotations=own)


def microk8s(making: Making) -> None:
    """One replica, a log of errors, objects of an addon manager on nodes of MicroK8s."""
    making.corefile(MICROK8S)
    making.scene.change("Deployment", "coredns", lambda thing: thing["spec"].update(replicas=1))
    making.mark("ConfigMap", "kube-system/coredns", labels={MODE: "EnsureExists"})
    for kind, name in (("Deployment", "coredns"), ("Service", "kube-dns")):
        making.mark(kind, f"kube-system/{name}", labels={MODE: "Reconcile"})
    making.mark_nodes({"microk8s.io/cluster": "true"})


def kops(making: Making) -> None:
    """The zone with a dot at its end, and the labels of kOps' add-on."""
    making.corefile(KOPS)
    addon = "coredns.addons.k8s.io"
    labels = {"addon.kops.k8s.io/name": addon, "app.kubernetes.io/managed-by": "kops"}
    for kind, name in (
        ("ConfigMap", "coredns"),
        ("Deployment", "coredns"),
        ("Service", "kube-dns"),
    ):
        making.mark(kind, f"kube-system/{name}", labels={**labels, "k8s-addon": addon})
