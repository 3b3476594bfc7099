"""An API server on paper, and the objects of clusters as distributions make them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from clusterdns.cluster import Manifest, NotFoundError

NODE_PORTS = {"dns": 53}
COREFILE = ".:{port} {{\n    kubernetes cluster.local in-addr.arpa ip6.arpa\n    {more}\n}}\n"


@dataclass
class PaperApi:
    """An API with these objects, by kind; it selects by namespace, labels and the host's network.

    ``refused``: what it does not show.
    """

    objects: dict[str, list[Manifest]] = field(default_factory=dict)

    def request(self, verb: str, path: str) -> Manifest:
        """The version."""
        return {"gitVersion": "v1.34.4"}

    def get(self, kind: str, name: str, namespace: str | None = None) -> Manifest:
        """One object. Raises NotFoundError."""
        for each in self.list(kind, namespace):
            if each["metadata"]["name"] == name:
                return each
        raise NotFoundError(name)

    def list(
        self, kind: str, namespace: str | None = None, labels: str = "", fields: str = ""
    ) -> Sequence[Manifest]:
        """All objects of a kind, by namespace and labels."""
        wanted = dict(pair.split("=") for pair in labels.split(",") if pair)
        return [
            o
            for o in self.objects.get(kind, [])
            if namespace in (None, o["metadata"].get("namespace"))
            and wanted.items() <= (o["metadata"].get("labels") or {}).items()
            and (not fields or o["spec"].get("hostNetwork"))
        ]

    def add(self, kind: str, *objects: Manifest) -> "PaperApi":
        """More objects of a kind; the API itself, for a chain."""
        self.objects.setdefault(kind, []).extend(objects)
        return self


def service(where: str, ip: str, selector: dict[str, str], **labels: str) -> Manifest:
    """A Service with 53 over UDP and TCP; ``where`` is namespace/name."""
    namespace, name = where.split("/")
    ports = [{"name": p.lower(), "port": 53, "protocol": p} for p in ("UDP", "TCP")]
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"clusterIP": ip, "clusterIPs": [ip], "selector": selector, "ports": ports},
    }


def pod_spec(image: str, *, port: int = 53, config: str = "", host: bool = False) -> Manifest:
    """The spec of a pod whose only container reads a Corefile from a ConfigMap."""
    container = {
        "name": "dns",
        "image": image,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [{"name": "dns", "containerPort": port, "protocol": "UDP"}],
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
    }
    items = [{"key": "Corefile", "path": "Corefile"}]
    volumes = [{"name": "config", "configMap": {"name": config, "items": items}}] if config else []
    return {"containers": [container], "volumes": volumes, "hostNetwork": host}


def workload(where: str, labels: dict[str, str], spec: Manifest, *, worn: bool = False) -> Manifest:
    """What runs pods with these labels, which it wears itself where ``worn``."""
    namespace, name = where.split("/")
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels if worn else {}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
        "status": {},
    }


def pod(of: Manifest, ip: str, node: str = "n1", owner: str = "DaemonSet") -> Manifest:
    """A ready pod of a workload; that of a Deployment is owned by its ReplicaSet."""
    meta, labels = of["metadata"], dict(of["spec"]["template"]["metadata"]["labels"])
    name = meta["name"]
    if owner == "ReplicaSet":
        labels["pod-template-hash"], name = "5d4f", f"{name}-5d4f"
    return {
        "metadata": {
            "name": f"{name}-{ip[-1]}",
            "namespace": meta["namespace"],
            "labels": labels,
            "ownerReferences": [{"kind": owner, "name": name}],
        },
        "spec": {**of["spec"]["template"]["spec"], "nodeName": node},
        "status": {
            "phase": "Running",
            "podIPs": [{"ip": ip}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def endpoints(of: Manifest, *ips: str, port: int = 53) -> Manifest:
    """The slice of a Service that leads to these addresses."""
    meta = of["metadata"]
    return {
        "addressType": "IPv4",
        "metadata": {
            "name": f"{meta['name']}-x",
            "namespace": meta["namespace"],
            "labels": {"kubernetes.io/service-name": meta["name"]},
        },
        "endpoints": [{"addresses": [ip], "conditions": {"ready": True}} for ip in ips],
        "ports": [{"name": p.lower(), "protocol": p, "port": port} for p in ("UDP", "TCP")],
    }


def config_map(where: str, text: str) -> Manifest:
    """A ConfigMap with a Corefile."""
    namespace, name = where.split("/")
    return {"metadata": {"name": name, "namespace": namespace}, "data": {"Corefile": text}}


def openshift() -> PaperApi:
    """A DaemonSet on 5353 whose metrics listen on loopback, behind a Service of another name."""
    labels = {"dns.operator.openshift.io/daemonset-dns": "default"}
    dns = service("openshift-dns/dns-default", "172.30.0.10", labels)
    spec = pod_spec("registry.example/ocp/coredns@sha256:ab", port=5353, config="dns-default")
    daemons = workload("openshift-dns/dns-default", labels, spec)
    text = COREFILE.format(port=5353, more="prometheus 127.0.0.1:9153")
    return (
        PaperApi()
        .add("Service", dns)
        .add("DaemonSet", daemons)
        .add("Pod", pod(daemons, "10.128.0.5"), pod(daemons, "10.128.0.6", "n2"))
        .add("EndpointSlice", endpoints(dns, "10.128.0.5", "10.128.0.6", port=5353))
        .add("ConfigMap", config_map("openshift-dns/dns-default", text))
    )


def with_consul(api: PaperApi) -> PaperApi:
    """Beside it the DNS of Consul, whose Service comes first by its name."""
    consul = service("consul/consul-dns", "172.30.186.2", {"app": "consul"})
    client = workload("consul/client", {"app": "consul"}, pod_spec("consul:1.17.0", port=8600))
    return (
        api.add("Service", consul)
        .add("DaemonSet", client)
        .add("Pod", pod(client, "10.128.0.9"))
        .add("EndpointSlice", endpoints(consul, "10.128.0.9", port=8600))
    )


def rke2(local_ips: str = "169.254.20.10,10.43.0.10") -> PaperApi:
    """The chart of RKE2 with NodeLocal DNSCache, and the Service that only the cache asks."""
    own = {"k8s-app": "kube-dns", "app.kubernetes.io/name": "rke2-coredns"}
    upstream = service(
        "kube-system/kube-dns-upstream",
        "10.43.77.5",
        {"k8s-app": "kube-dns"},
        **{"k8s-app": "kube-dns"},
    )
    dns = service(
        "kube-system/rke2-coredns-rke2-coredns", "10.43.0.10", own, **{"k8s-app": "kube-dns"}
    )
    spec = pod_spec("hardened-coredns:v1.12.1-build1", config="rke2-coredns-rke2-coredns")
    replicas = workload("kube-system/rke2-coredns-rke2-coredns", own, spec, worn=True)
    cache_spec = pod_spec("node-cache:1.26.0", config="node-local-dns", host=True)
    cache_spec["containers"][0]["args"] += [
        "-localip",
        local_ips,
        "-upstreamsvc",
        "kube-dns-upstream",
    ]
    cache = workload("kube-system/node-local-dns", {"k8s-app": "node-local-dns"}, cache_spec)
    text = COREFILE.format(port=53, more="prometheus :9153")
    return (
        PaperApi()
        .add("Service", upstream, dns)
        .add("Deployment", replicas)
        .add("DaemonSet", cache)
        .add("Pod", pod(replicas, "10.42.0.4", owner="ReplicaSet"), pod(cache, "192.0.2.11"))
        .add("EndpointSlice", endpoints(upstream, "10.42.0.4"), endpoints(dns, "10.42.0.4"))
        .add("ConfigMap", config_map("kube-system/rke2-coredns-rke2-coredns", text))
    )


def chart_beside_old_service() -> PaperApi:
    """The chart with a label of its own, and the Service that pods ask, which selects nobody."""
    kube_dns = {"k8s-app": "kube-dns"}
    old = service("kube-system/kube-dns", "10.96.0.10", kube_dns, **kube_dns)
    new = service("kube-system/coredns", "10.96.55.5", {"k8s-app": "coredns"})
    spec = pod_spec("coredns/coredns:1.12.1", config="coredns")
    chart = workload("kube-system/coredns", {"k8s-app": "coredns"}, spec)
    text = COREFILE.format(port=53, more="prometheus :9153")
    return (
        PaperApi()
        .add("Service", old, new)
        .add("Deployment", chart)
        .add("Pod", pod(chart, "10.244.0.4", owner="ReplicaSet"))
        .add("EndpointSlice", endpoints(old), endpoints(new, "10.244.0.4"))
        .add("ConfigMap", config_map("kube-system/coredns", text))
    )
