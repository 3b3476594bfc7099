"""A DNS server that stands for one outside the cluster: CoreDNS with a Corefile of ours."""

from collections.abc import Mapping
from types import MappingProxyType

from clusterdns.cluster import Manifest, is_ready
from clusterdns.wait import eventually
from trials.faults.scene import Scene

NAMESPACE = "fake-upstream"
START_S = 45.0
GOOD = ".:53 {\n    template ANY ANY . {\n        rcode NXDOMAIN\n    }\n}\n"


def fake_upstream(scene: Scene, corefile: str) -> str:
    """Start one on the control plane, and return its address. It goes with the fault.

    Raises TimeoutError where it is not ready in time.
    """
    deployment = scene.api.get("Deployment", "coredns", "kube-system")
    container = {
        "name": "coredns",
        "image": deployment["spec"]["template"]["spec"]["containers"][0]["image"],
        "args": ["-conf", "/etc/coredns/Corefile"],
        "volumeMounts": [{"name": "corefile", "mountPath": "/etc/coredns"}],
    }
    return upstream_pod(scene, NAMESPACE, container, {"corefile": {"Corefile": corefile}})


def upstream_pod(
    scene: Scene,
    namespace: str,
    container: Manifest,
    files: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> str:
    """Start a server on port 53 of the control plane's pod network, and return its address.

    ``files``: by name of a volume what it holds. All of it goes with the fault, by its namespace.
    Raises TimeoutError where it is not ready in time.
    """
    scene.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    for name, data in files.items():
        place = {"namespace": namespace, "name": name}
        scene.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, "data": data})
    ready = {"tcpSocket": {"port": 53}, "periodSeconds": 1}
    spec = {
        "nodeName": scene.control_plane,
        "dnsPolicy": "Default",
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "tolerations": [{"operator": "Exists"}],
        "containers": [{**container, "readinessProbe": ready}],
        "volumes": [{"name": name, "configMap": {"name": name}} for name in files],
    }
    # The namespace's own ServiceAccount may come a moment later than the namespace.
    eventually(
        lambda: scene.api.find("ServiceAccount", "default", namespace) is not None, True, START_S
    )
    place = {"namespace": namespace, "name": "upstream"}
    scene.api.create({"apiVersion": "v1", "kind": "Pod", "metadata": place, "spec": spec})
    if not eventually(lambda: is_ready(scene.api.get("Pod", **place)), True, START_S, every=0.3):
        raise TimeoutError(f"the server in {namespace} is not ready within {START_S:.0f} s")
    return str(scene.api.get("Pod", **place)["status"]["podIP"])


def forward_to(scene: Scene, corefile: str, extra: str = "") -> None:
    """Let CoreDNS forward to a stand-in alone."""
    address = fake_upstream(scene, corefile)
    scene.corefile(
        lambda text: text.replace("forward . /etc/resolv.conf {", f"forward . {address} {{{extra}")
    )
