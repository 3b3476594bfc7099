"""The parts that shapes are made of: CoreDNS in other objects, and programs on the nodes."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property

from clusterdns.cluster import Manifest, is_ready, path_of
from clusterdns.wait import eventually
from trials.faults.nodes import read_file, write_file
from trials.faults.scene import KUBE_SYSTEM, Scene

READY_S = 90.0
KUBE_DNS = {"k8s-app": "kube-dns"}
TOLERATED = [{"operator": "Exists"}]
ROOT = """.:53 {
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
    prometheus 0.0.0.0:9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
"""


class ShapeError(Exception):
    """A cluster did not take a shape; the message says what it is short of."""


@dataclass
class Making:
    """A cluster on its way to another shape: a scene, and what kubeadm had put there."""

    scene: Scene

    @cached_property
    def deployment(self) -> Manifest:
        """CoreDNS as kubeadm made it."""
        return self.scene.api.get("Deployment", "coredns", KUBE_SYSTEM)

    @cached_property
    def dns_ip(self) -> str:
        """The address that kubelets tell pods."""
        return self.scene.dns_ip

    @property
    def image(self) -> str:
        """The image of CoreDNS."""
        return str(self.deployment["spec"]["template"]["spec"]["containers"][0]["image"])

    def corefile(self, text: str) -> None:
        """Another Corefile in the ConfigMap that kubeadm made, and new replicas."""
        self.scene.corefile(lambda _: text)

    def imports(self, workload: Manifest, volume: str, config_map: str) -> None:
        """Mount a ConfigMap that need not exist in the folder custom beside the Corefile."""
        spec = workload["spec"]["template"]["spec"]
        spec["volumes"].append(
            {"name": volume, "configMap": {"name": config_map, "optional": True}}
        )
        mount = {"name": volume, "mountPath": "/etc/coredns/custom", "readOnly": True}
        spec["containers"][0]["volumeMounts"].append(mount)

    def mark(
        self,
        kind: str,
        where: str,
        *,
        labels: dict[str, str] | None = None,
        annotations: dict[str, str] | None = None,
        manager: str = "",
    ) -> None:
        """More labels and annotations of an object, written by this manager of fields if any."""
        namespace, _, name = where.rpartition("/")
        self.scene.change(kind, name, lambda thing: None, namespace or None)  # to be put back
        self.scene.api.request(
            "PATCH",
            path_of(kind, namespace or None, name),
            {"metadata": {"labels": labels or {}, "annotations": annotations or {}}},
            {"fieldManager": manager} if manager else None,
            "application/merge-patch+json",
        )

    def mark_nodes(self, labels: dict[str, str]) -> None:
        """More labels of all nodes."""
        for node in self.scene.breakable.nodes:
            self.mark("Node", node, labels=labels)

    def idle(self, where: str, labels: dict[str, str]) -> None:
        """A Deployment of one pod that does nothing."""
        idle = {
            "name": "main",
            "image": self.scene.breakable.tools.dnsutils,
            "command": ["sh", "-c", "exec sleep infinity"],
        }
        spec = {
            "containers": [idle],
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
        }
        template = {"metadata": {"labels": labels}, "spec": spec}
        own = {"selector": {"matchLabels": labels}, "template": template, "replicas": 1}
        self.scene.create({**_object("apps/v1", "Deployment", where, labels), "spec": own})

    def without_kubeadm(self, *, service: bool = True) -> None:
        """Take away what kubeadm made: the Deployment, and its Service too."""
        _ = self.deployment, self.dns_ip
        self.scene.delete("Deployment", "coredns")
        if service:
            self.scene.delete("Service", "kube-dns")

    def config_map(self, where: str, **files: str) -> None:
        """A ConfigMap; ``where`` is namespace/name, and each file is a key."""
        self.scene.create({**_object("v1", "ConfigMap", where), "data": files})

    def service(
        self,
        where: str,
        selector: dict[str, str],
        *,
        ip: str = "",
        target: int = 53,
        **more: object,
    ) -> Manifest:
        """A Service with 53 over UDP and TCP, at this cluster IP or any."""
        ports = [
            {"name": name, "port": 53, "protocol": protocol, "targetPort": target}
            for name, protocol in (("dns", "UDP"), ("dns-tcp", "TCP"))
        ]
        spec = {"selector": selector, "ports": ports, **more} | ({"clusterIP": ip} if ip else {})
        labels = KUBE_DNS if selector.get("k8s-app") == "kube-dns" else {}
        return self.scene.create({**_object("v1", "Service", where, labels), "spec": spec})

    def pods(
        self,
        kind: str,
        where: str,
        labels: dict[str, str],
        config: str,
        edit: Callable[[Manifest], object] = lambda spec: None,
        **more: object,
    ) -> None:
        """A workload with the pods of kubeadm's Deployment, another Corefile, and an edit."""
        spec = deepcopy(self.deployment["spec"]["template"]["spec"])
        spec["volumes"][0]["configMap"]["name"] = config
        spec["tolerations"] = TOLERATED
        if kind == "DaemonSet":
            spec.pop("affinity", None)
        edit(spec)
        template = {"metadata": {"labels": labels}, "spec": spec}
        own = {"selector": {"matchLabels": labels}, "template": template, **more}
        self.scene.create({**_object("apps/v1", kind, where, labels), "spec": own})

    def account(self, where: str) -> None:
        """A ServiceAccount with the rights of CoreDNS in a namespace of its own."""
        namespace, name = where.split("/")
        self.scene.create(_object("v1", "Namespace", f"/{namespace}"))
        self.scene.create(_object("v1", "ServiceAccount", where))
        role = {"kind": "ClusterRole", "name": "system:coredns"}
        self.scene.create(
            {
                **_object(
                    "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", f"/shape-{namespace}"
                ),
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", **role},
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
            }
        )

    def addresses_on_nodes(self, *addresses: str) -> None:
        """More addresses of each node itself, as those that node-local caches listen on."""
        for node in self.scene.breakable.nodes:
            for ip in addresses:
                words = f"{ip}/32 dev lo"
                self.scene.on_node(node, f"ip addr add {words}", f"ip addr del {words}")

    def file_on_nodes(self, path: str, text: str) -> None:
        """A file in a folder of its own on each node."""
        for node in self.scene.breakable.nodes:
            folder = path.rpartition("/")[0]
            self.scene.on_node(node, f"mkdir -p {folder}", f"rm -rf {folder}")
            write_file(node, path, text)

    def read_on_control_plane(self, path: str) -> str:
        """A file of the control plane."""
        return read_file(self.scene.control_plane, path)


def settle(scene: Scene) -> None:
    """Wait until all workloads have their pods, and all pods are ready. Raises ShapeError."""

    def waiting() -> list[str]:
        api = scene.api
        things = [pod for pod in api.list("Pod") if not is_settled_at_last(pod)]
        things += [w for w in api.list("Deployment") if not has_all(w, w["spec"]["replicas"])]
        things += [w for w in api.list("DaemonSet") if not has_all(w, _nodes_of(w))]
        return sorted(f"{t['metadata']['namespace']}/{t['metadata']['name']}" for t in things)

    if left := eventually(waiting, [], READY_S, every=0.5):
        raise ShapeError(f"these are not ready: {', '.join(left)}")


def has_all(workload: Manifest, wanted: int) -> bool:
    """Whether a workload was looked at as it is now, and has so many ready pods."""
    status = workload.get("status", {})
    seen = status.get("observedGeneration", 0) >= workload["metadata"]["generation"]
    ready = status.get("readyReplicas", status.get("numberReady", 0))
    return bool(seen and ready == wanted)


def _nodes_of(daemons: Manifest) -> int:
    return int(daemons.get("status", {}).get("desiredNumberScheduled", 0))


def is_settled_at_last(pod: Manifest) -> bool:
    """Whether a pod is ready and none that is being deleted."""
    return is_ready(pod) and "deletionTimestamp" not in pod["metadata"]


def _object(version: str, kind: str, where: str, labels: dict[str, str] | None = None) -> Manifest:
    namespace, _, name = where.rpartition("/")
    place = {"namespace": namespace} if namespace else {}
    meta = {"name": name, **place, **({"labels": labels} if labels else {})}
    return {"apiVersion": version, "kind": kind, "metadata": meta}
