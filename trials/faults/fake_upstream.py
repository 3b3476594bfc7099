"""A DNS server that stands for one outside the cluster: CoreDNS with a Corefile of ours."""

from clusterdns.cluster import is_ready
from clusterdns.wait import eventually
from trials.faults.scene import Scene

NAMESPACE = "fake-upstream"
START_S = 45.0
GOOD = ".:53 {\n    template ANY ANY . {\n        rcode NXDOMAIN\n    }\n}\n"


def fake_upstream(scene: Scene, corefile: str) -> str:
    """Start one on the control plane, and return its address. It goes with the fault."""
    deployment = scene.api.get("Deployment", "coredns", "kube-system")
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    scene.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    place = {"namespace": NAMESPACE, "name": "upstream"}
    scene.api.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, "data": {"Corefile": corefile}}
    )
    container = {
        "name": "coredns",
        "image": image,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "volumeMounts": [{"name": "corefile", "mountPath": "/etc/coredns"}],
        "readinessProbe": {"tcpSocket": {"port": 53}, "periodSeconds": 1},
    }
    spec = {
        "nodeName": scene.control_plane,
        "dnsPolicy": "Default",
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "tolerations": [{"operator": "Exists"}],
        "containers": [container],
        "volumes": [{"name": "corefile", "configMap": {"name": "upstream"}}],
    }
    # The namespace's own ServiceAccount may come a moment later than the namespace.
    eventually(
        lambda: scene.api.find("ServiceAccount", "default", NAMESPACE) is not None, True, START_S
    )
    scene.api.create({"apiVersion": "v1", "kind": "Pod", "metadata": place, "spec": spec})
    up = eventually(lambda: is_ready(scene.api.get("Pod", **place)), True, START_S, every=0.3)
    if not up:
        raise TimeoutError(f"the stand-in upstream is not ready within {START_S:.0f} s")
    return str(scene.api.get("Pod", **place)["status"]["podIP"])


def forward_to(scene: Scene, corefile: str, extra: str = "") -> None:
    """Let CoreDNS forward to a stand-in alone."""
    address = fake_upstream(scene, corefile)
    scene.corefile(
        lambda text: text.replace("forward . /etc/resolv.conf {", f"forward . {address} {{{extra}")
    )
