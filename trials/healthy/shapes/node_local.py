"""A cache on each node that pods are told: CoreDNS with the Corefile of NodeLocal DNSCache.

Source: kubernetes/kubernetes (cluster/addons/dns/nodelocaldns).
"""

from clusterdns.cluster import Manifest
from trials.healthy.shapes.parts import Making

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


def cache_on_nodes(
    making: Making, where: str, local: str, upstream: str, own: dict[str, str] | None = None
) -> None:
    """Run the cache on all nodes, and let kubelets tell it to pods.

    ``where``: its ConfigMap and DaemonSet, as namespace/name; ``local``: the address on each node;
    ``upstream``: who knows the names of the cluster; ``own``: more labels of the DaemonSet.
    """
    making.addresses_on_nodes(local)
    cluster = {"local": local, "upstream": upstream}
    zones = ("cluster.local:53", "in-addr.arpa:53", "ip6.arpa:53")
    blocks = [CACHED.format(zones=zones[0], more=f"health {local}:8080", **cluster)]
    blocks += [CACHED.format(zones=zone, more="", **cluster) for zone in zones[1:]]
    outside = CACHED.format(zones=".:53", local=local, upstream="/etc/resolv.conf", more="")
    making.config_map(where, Corefile="".join([*blocks, outside]))

    def on_host(spec: Manifest) -> None:
        container = spec["containers"][0]
        container["name"] = "node-cache"
        get = {"host": local, "path": "/health", "port": 8080}
        container["livenessProbe"] = {"httpGet": get}
        container.pop("readinessProbe", None)
        container["ports"] = [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]
        spec |= {"hostNetwork": True, "automountServiceAccountToken": False}

    labels = {"k8s-app": "node-local-dns"}
    making.pods("DaemonSet", where, labels, where.rpartition("/")[2], on_host)
    if own:
        making.mark("DaemonSet", where, labels=own)
    for node in making.scene.breakable.nodes:
        making.scene.kubelet(node, clusterDNS=[local])
