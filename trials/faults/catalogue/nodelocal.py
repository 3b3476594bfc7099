"""Faults of a node-local cache, and of a Service of the wrong address family.

The cache is CoreDNS in the host network of each node, with the cache's own address on loopback;
a second container carries the option by which the real program is known.
"""

from clusterdns.cluster import Manifest, is_ready
from clusterdns.wait import eventually
from trials.faults.catalogue.service import no_tcp
from trials.faults.mutant import Mutant
from trials.faults.scene import KUBE_SYSTEM, Scene
from trials.faults.symptoms import KUBERNETES, NO_ANSWER, both, dig

LOCAL = "169.254.20.10"
NAME = "node-local-dns"
LABELS = {"k8s-app": NAME}
START_S = 45.0


def install_cache(scene: Scene, nodes: list[str], option: str = "") -> None:
    """Run the cache on some nodes; the kubelets of all tell pods to ask it."""
    deployment = scene.api.get("Deployment", "coredns", KUBE_SYSTEM)
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    forward = f"forward . {scene.dns_ip} {{\n        {option}\n    }}"
    corefile = f".:53 {{\n    bind {LOCAL}\n    errors\n    {forward}\n}}\n"
    place = {"name": NAME, "namespace": KUBE_SYSTEM}
    scene.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, "data": {"Corefile": corefile}}
    )
    for node in scene.breakable.nodes:
        address = f"{LOCAL}/32 dev lo"
        scene.on_node(node, f"ip addr add {address}", f"ip addr del {address}")
    scene.create(
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {**place, "labels": LABELS},
            "spec": {
                "selector": {"matchLabels": LABELS},
                "template": {
                    "metadata": {"labels": LABELS},
                    "spec": pod_spec(image, scene.breakable.tools.dnsutils, nodes),
                },
            },
        }
    )

    def started() -> bool:
        pods = scene.api.list("Pod", KUBE_SYSTEM, f"k8s-app={NAME}")
        return len(pods) == len(nodes) and all(map(is_ready, pods))

    eventually(started, True, START_S, every=0.3)
    for node in scene.breakable.nodes:
        scene.kubelet(node, clusterDNS=[LOCAL])


def pod_spec(image: str, other: str, nodes: list[str]) -> Manifest:
    """A pod of the cache, for these nodes."""
    on_these = {"key": "kubernetes.io/hostname", "operator": "In", "values": nodes}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [on_these]}]}
    return {
        "hostNetwork": True,
        "dnsPolicy": "Default",
        "terminationGracePeriodSeconds": 0,
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
        "volumes": [{"name": "corefile", "configMap": {"name": NAME}}],
        "containers": [
            {
                "name": "coredns",
                "image": image,
                "args": ["-conf", "/etc/coredns/Corefile"],
                "volumeMounts": [{"name": "corefile", "mountPath": "/etc/coredns"}],
            },
            {
                "name": "option",
                "image": other,
                "command": ["sh", "-c", "sleep infinity"],
                "args": ["node-cache", "-localip", LOCAL],
            },
        ],
    }


def cache_is_down(scene: Scene) -> None:
    """The cache does not run on one worker, where its address is still there."""
    install_cache(scene, [node for node in scene.breakable.nodes if node != scene.worker])


def cache_needs_tcp(scene: Scene) -> None:
    """The cache asks over TCP only, and the Service has lost that port."""
    install_cache(scene, scene.breakable.nodes, "force_tcp")
    no_tcp(scene)


def ipv6_service(scene: Scene) -> None:
    """Make the Service anew with an IPv6 address only; pods are told the IPv4 one."""
    old = scene.api.get("Service", "kube-dns", KUBE_SYSTEM)
    scene.delete("Service", "kube-dns")
    metadata = {key: old["metadata"][key] for key in ("name", "namespace", "labels")}
    families = {"ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack"}
    spec = {"selector": old["spec"]["selector"], "ports": old["spec"]["ports"], **families}
    scene.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


MUTANTS = (
    Mutant(
        "nodelocal-down",
        "The node-local cache of one node does not run; its pods are told to ask it.",
        "A",
        cache_is_down,
        both(dig(says=NO_ANSWER, fresh=True), dig(says="status: NOERROR", server="service")),
        fails=("test_api_server_is_found[*",),
        where="one node",
    ),
    Mutant(
        "nodelocal-force-tcp",
        "The node-local cache asks over TCP, and the Service has no such port.",
        "A",
        cache_needs_tcp,
        both(
            dig(says="SERVFAIL|timed out", fresh=True),
            dig(KUBERNETES, says="status: NOERROR", server="service"),
        ),
        fails=("test_service_has_port[53-tcp]", "test_api_server_is_found[*"),
        causes=("dns-svc-no-tcp",),
    ),
    Mutant(
        "dns-svc-family",
        "The Service has an IPv6 address only; pods are told an IPv4 one.",
        "R",
        ipv6_service,
        both(dig(says=NO_ANSWER), dig(says="status: NOERROR", server="replica")),
        fails=("test_pods_on_every_node_ask_the_service",),
        topology="dual-stack",
    ),
)
