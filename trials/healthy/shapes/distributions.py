"""The shapes: what each distribution's cluster DNS looks like, made of a kubeadm cluster.

Sources: openshift/cluster-dns-operator (assets/dns, controller_dns_configmap.go),
rancher/rke2-charts (rke2-coredns, nodelocal), k3s-io/k3s (manifests/coredns.yaml), coredns/helm,
kubernetes/kubernetes (cluster/addons/dns/nodelocaldns), and for clusters without objects
aws/containers-roadmap#2546.
"""

from collections.abc import Callable
from dataclasses import dataclass

from clusterdns.cluster import Manifest
from trials.healthy.shapes.parts import KUBE_DNS, ROOT, Making

LOCAL = "169.254.20.10"
ON_NODE = "/opt/node-dns"
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
CACHED = """{zones} {{
    errors
    cache {{
        success 9984 30
        denial 9984 5
    }}
    reload
    loop
    bind {local}
    forward . {upstream} {{
        force_tcp
    }}
    prometheus :9253
    {more}
}}
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


@dataclass(frozen=True)
class Shape:
    """A way in which clusters have their DNS."""

    name: str
    what: str
    make: Callable[[Making], None]


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
    upstream = making.service("kube-system/kube-dns-upstream", KUBE_DNS)["spec"]["clusterIP"]
    making.addresses_on_nodes(LOCAL)
    cluster = {"local": LOCAL, "upstream": upstream}
    zones = ("cluster.local:53", "in-addr.arpa:53", "ip6.arpa:53")
    blocks = [CACHED.format(zones=zones[0], more=f"health {LOCAL}:8080", **cluster)]
    blocks += [CACHED.format(zones=zone, more="", **cluster) for zone in zones[1:]]
    outside = CACHED.format(zones=".:53", local=LOCAL, upstream="/etc/resolv.conf", more="")
    making.config_map("kube-system/node-local-dns", Corefile="".join([*blocks, outside]))

    def on_host(spec: Manifest) -> None:
        container = spec["containers"][0]
        container["name"] = "node-cache"
        get = {"host": LOCAL, "path": "/health", "port": 8080}
        container["livenessProbe"] = {"httpGet": get}
        container.pop("readinessProbe", None)
        container["ports"] = [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]
        spec |= {"hostNetwork": True, "automountServiceAccountToken": False}

    cache = {"k8s-app": "node-local-dns"}
    making.pods("DaemonSet", "kube-system/node-local-dns", cache, "node-local-dns", on_host)
    for node in making.scene.breakable.nodes:
        making.scene.kubelet(node, clusterDNS=[LOCAL])


def k3s(making: Making) -> None:
    """NodeHosts beside the Corefile, and files that are imported if somebody brings them."""

    def with_hosts(thing: Manifest) -> None:
        thing["data"] = {"Corefile": K3S, "NodeHosts": "192.0.2.11 node-1\n192.0.2.12 node-2\n"}

    def with_custom(thing: Manifest) -> None:
        spec = thing["spec"]["template"]["spec"]
        spec["volumes"][0]["configMap"]["items"].append({"key": "NodeHosts", "path": "NodeHosts"})
        custom = {"name": "coredns-custom", "optional": True}
        spec["volumes"].append({"name": "custom", "configMap": custom})
        mount = {"name": "custom", "mountPath": "/etc/coredns/custom", "readOnly": True}
        spec["containers"][0]["volumeMounts"].append(mount)

    making.scene.change("ConfigMap", "coredns", with_hosts)
    making.scene.change("Deployment", "coredns", with_custom)


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


def chart_beside_old_service(making: Making) -> None:
    """The chart's CoreDNS with a label of its own, and the old Service, which selects it."""
    labels = {"k8s-app": "coredns", "app.kubernetes.io/name": "coredns"}
    making.without_kubeadm(service=False)
    making.config_map("kube-system/chart-coredns", Corefile=ROOT)
    making.pods("Deployment", "kube-system/chart-coredns", labels, "chart-coredns", replicas=2)
    making.service("kube-system/coredns", labels)
    making.scene.change(
        "Service", "kube-dns", lambda thing: thing["spec"].update(selector={"k8s-app": "coredns"})
    )


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


SHAPES = (
    Shape("openshift", "DaemonSet dns-default on 5353, metrics on loopback, no loop", openshift),
    Shape("openshift-consul", "OpenShift's, beside another DNS Service", openshift_with_consul),
    Shape(
        "rke2-nodelocal", "RKE2's names, a cache on each node that pods are told", rke2_nodelocal
    ),
    Shape("k3s", "NodeHosts, and imports that may be empty", k3s),
    Shape("no-objects", "EKS Auto Mode: DNS is a program on each node", without_objects),
    Shape("chart", "the chart's CoreDNS behind the old Service", chart_beside_old_service),
    Shape("two-daemonsets", "two workloads behind one Service", two_daemonsets),
    Shape("host-network", "replicas on the nodes' own network", host_network),
)
