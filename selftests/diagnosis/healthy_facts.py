"""A healthy cluster of three nodes as facts."""

from clusterdns.cluster import Manifest
from clusterdns.diagnosis.facts import Facts
from clusterdns.diagnosis.rows import Contact, PathLoss, Talk
from clusterdns.inventory.inventory import Inventory
from clusterdns.resolvconf import ResolvConf

NODES = ("cp", "w1", "w2")
CIDRS = {"cp": "10.244.0.0/24", "w1": "10.244.1.0/24", "w2": "10.244.2.0/24"}
PROBES = {"cp": "10.244.0.9", "w1": "10.244.1.9", "w2": "10.244.2.9"}
REPLICAS = {"coredns-a": ("cp", "10.244.0.2"), "coredns-b": ("w1", "10.244.1.2")}
DNS_IP, API_IP = "10.96.0.10", "10.96.0.1"
UPSTREAM = "172.18.0.1"
OURS = "dns-conf-0badcafe"
COREFILE = """.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 30 {
        disable success cluster.local
        disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
"""


def node(name: str) -> Manifest:
    """A node that is ready."""
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}},
        "spec": {"podCIDR": CIDRS[name], "podCIDRs": [CIDRS[name]]},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": f"172.18.0.{3 + NODES.index(name)}"}],
        },
    }


def pod(name: str) -> Manifest:
    """A replica that is ready."""
    where, ip = REPLICAS[name]
    return {
        "metadata": {
            "name": name,
            "namespace": "kube-system",
            "labels": {"k8s-app": "kube-dns", "pod-template-hash": "66bc"},
        },
        "spec": {"nodeName": where},
        "status": {
            "phase": "Running",
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {"name": "coredns", "restartCount": 0, "state": {"running": {}}, "lastState": {}}
            ],
        },
    }


def service() -> Manifest:
    """The Service kube-dns as kubeadm makes it."""
    ports = [("dns", "UDP", 53), ("dns-tcp", "TCP", 53), ("metrics", "TCP", 9153)]
    return {
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": {"k8s-app": "kube-dns"},
        },
        "spec": {
            "type": "ClusterIP",
            "clusterIP": DNS_IP,
            "clusterIPs": [DNS_IP],
            "selector": {"k8s-app": "kube-dns"},
            "ports": [
                {"name": n, "protocol": p, "port": port, "targetPort": port} for n, p, port in ports
            ],
        },
    }


def piece() -> Manifest:
    """The EndpointSlice of kube-dns."""
    ports = [("dns", "UDP", 53), ("dns-tcp", "TCP", 53), ("metrics", "TCP", 9153)]
    return {
        "addressType": "IPv4",
        "endpoints": [
            {"addresses": [ip], "conditions": {"ready": True}} for _, ip in REPLICAS.values()
        ],
        "ports": [{"name": n, "protocol": p, "port": port} for n, p, port in ports],
    }


def workload() -> Manifest:
    """The Deployment coredns."""
    container = {
        "name": "coredns",
        "image": "registry.example/coredns/coredns:v1.12.1",
        "ports": [{"name": "dns", "containerPort": 53}, {"name": "dns-tcp", "containerPort": 53}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}},
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}},
        "resources": {"limits": {"memory": "170Mi"}},
    }
    spec = {"containers": [container], "serviceAccountName": "coredns", "dnsPolicy": "Default"}
    return {
        "metadata": {"name": "coredns", "namespace": "kube-system"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"k8s-app": "kube-dns"}},
            "template": {"spec": spec},
        },
        "status": {},
    }


def healthy() -> Facts:
    """Everything is well, and nothing failed."""
    conf = ResolvConf(
        (DNS_IP,),
        (f"{OURS}.svc.cluster.local", "svc.cluster.local", "cluster.local"),
        frozenset({"ndots:5"}),
    )
    inventory = Inventory(
        version="v1.34.4",
        nodes=tuple(map(node, NODES)),
        service=service(),
        slices=(piece(),),
        workload=workload(),
        pods=tuple(map(pod, REPLICAS)),
        corefile_text=COREFILE,
        config_map=("kube-system", "coredns"),
    )
    rights = ("services", "namespaces", "endpointslices")
    return Facts(
        context="kind-x",
        domain="cluster.local",
        inventory=inventory,
        namespaces=(OURS, f"{OURS}-b"),
        resolv_confs=dict.fromkeys(NODES, conf),
        node_confs=dict.fromkeys(NODES, ResolvConf((UPSTREAM,), (), frozenset({"ndots:0"}))),
        paths=tuple(
            PathLoss(n, s, t, 100, 0, 0, False)
            for n in NODES
            for s in (f"service/kube-dns ({DNS_IP})", "pod/coredns-a (10.244.0.2)")
            for t in ("udp", "tcp")
        ),
        talks=tuple(talks()),
        contacts=tuple(contacts()),
        # What a young cluster has seen, and what a sealed one logs: no reason for anything.
        events=(
            event("pod/coredns-a", "FailedScheduling", "0/1 nodes are available: 1 node(s) had"),
            event("pod/coredns-a", "FailedCreatePodSandBox", "cni plugin not initialized"),
        ),
        logs={
            "coredns-a": "[ERROR] plugin/errors: 2 1.2. HINFO: read udp 10.244.0.2:5->172.18.0.1:53"
            ": i/o timeout\n",
            "coredns-b": "",
        },
        metrics={f"pod/{name}": {"coredns_build_info": 1.0} for name in REPLICAS},
        rights={f"{verb}-{name}": True for name in rights for verb in ("list", "watch")},
        services={DNS_IP: "kube-system/kube-dns", API_IP: "default/kubernetes"},
        api_service={"spec": {"clusterIP": API_IP}},
        api_slices=(
            {
                "addressType": "IPv4",
                "endpoints": [{"addresses": ["172.18.0.3"]}],
                "ports": [{"port": 6443}],
            },
        ),
        kube_proxies=tuple(
            {
                "metadata": {"name": f"kube-proxy-{n}"},
                "spec": {"nodeName": n, "containers": []},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
            }
            for n in NODES
        ),
        node_local=(),
        policies=(),
        probe_ips=dict(PROBES),
    )


def event(what: str, reason: str, message: str) -> dict[str, str]:
    """An event of kube-system."""
    return {"namespace": "kube-system", "object": what, "reason": reason, "message": message}


def talks() -> list[Talk]:
    """All talks of a healthy cluster."""
    servers = [("service/kube-dns", DNS_IP, "")]
    servers += [(f"pod/{name}", ip, where) for name, (where, ip) in REPLICAS.items()]
    found = []
    for n in NODES:
        for name, ip, where in servers:
            for t in ("udp", "tcp"):
                found.append(Talk("known", n, name, ip, where, t, "NOERROR", 0.5, 1))
            found.append(Talk("absent", n, name, ip, where, "udp", "NXDOMAIN", 0.5))
            found.append(Talk("outside", n, name, ip, where, "udp", "NOERROR", 1.0, 1))
            if where:
                found.append(Talk("outside-aaaa", n, name, ip, where, "udp", "NOERROR", 1.0))
        for t in ("udp", "tcp"):
            found.append(Talk("upstream", n, "upstream", UPSTREAM, "", t, "NOERROR", 1.0, 1))
    return found


def contacts() -> list[Contact]:
    """All contacts of a healthy cluster."""
    found = []
    for n in NODES:
        found.append(Contact("api-service", n, f"{API_IP}:443", API_IP, "", 443, "reached"))
        found.append(
            Contact("api-endpoint", n, "172.18.0.3:6443", "172.18.0.3", "", 6443, "reached")
        )
        found += [
            Contact("pod", n, f"probe on {other}", PROBES[other], other, 1, "refused")
            for other in NODES
            if other != n
        ]
        found += [
            Contact(path, n, f"pod/{name}", ip, where, port, "200", "OK")
            for name, (where, ip) in REPLICAS.items()
            for path, port in (("/health", 8080), ("/ready", 8181), ("/metrics", 9153))
        ]
    return found
