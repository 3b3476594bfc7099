"""One private CoreDNS: a pod that PodSecurity "restricted" lets in, and its ConfigMap.

It runs with user 65532 and no capability but NET_BIND_SERVICE. The binary of the official image
carries that one as a file capability and cannot be executed without it, whatever its port.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clusterdns.cluster import Manifest, path_of
from clusterdns.inventory.inventory import Inventory
from clusterdns.inventory.metrics import PORT as METRICS_PORT
from clusterdns.inventory.metrics import Metrics, scrape
from clusterdns.matrix.question import Server
from clusterdns.probe import Probe
from clusterdns.run.restore import SYNC_NOW
from clusterdns.testbed import manifests
from clusterdns.testbed.probes import is_stuck, why_not_running
from clusterdns.testbed.testbed import Workspace
from clusterdns.wait import GENTLY, Pace, eventually

FOLDER = "/etc/coredns"
MAIN = "main"  # the container that is looked at
# CoreDNS then may listen on port 53 without being root (a sysctl that PodSecurity calls safe).
LOW_PORTS = [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]


class NotPossibleError(Exception):
    """Something of ours that a check needs cannot be had here; the text is the reason."""


def why_no_coredns(inventory: Inventory) -> str:
    """Why no CoreDNS of the cluster's own image can be started; empty where one can."""
    if inventory.container.get("name") == "coredns" or "coredns" in inventory.image:
        return ""
    if inventory.why_no_objects:
        return f"a CoreDNS image is needed, and {inventory.why_no_objects}"
    return f"a CoreDNS image is needed, and cluster DNS runs {inventory.image or 'nothing'}"


def ready_node(inventory: Inventory) -> str | None:
    """A node for a pod that goes anywhere, where the scheduler could choose one that is not ready.

    Our pods tolerate every taint, that of such nodes too. None: all are ready, let it choose.
    """
    all_are_ready = len(inventory.ready_nodes) == len(inventory.nodes)
    return None if all_are_ready else next(iter(nodes_with_image(inventory)), None)


def nodes_with_image(inventory: Inventory) -> list[str]:
    """The ready nodes that run the cluster's CoreDNS, or else the first; empty: none is ready.

    There the image is at hand and the API can be reached.
    """
    ready = sorted(str(node["metadata"]["name"]) for node in inventory.ready_nodes)
    taken = {str(pod["spec"].get("nodeName")) for pod in inventory.ready_pods}
    return [node for node in ready if node in taken] or ready[:1]


@dataclass(frozen=True)
class Companion:
    """A further container in the pod; it shares the pod's addresses and its ConfigMap."""

    name: str
    image: str
    command: Sequence[str] = ()
    args: Sequence[str] = ()
    memory: str = manifests.COREDNS_MEMORY  # the most that it may take


@dataclass
class OwnCoreDns:
    """A CoreDNS of the cluster's image. ``files`` are the keys of its ConfigMap, with Corefile.

    ``dies`` says that it is expected to end by itself: it is then not started again.
    """

    workspace: Workspace
    name: str
    files: Mapping[str, str]
    node: str | None = None
    account: str | None = None  # ServiceAccount, for the kubernetes plugin
    companions: Sequence[Companion] = ()
    dies: bool = False
    service: bool = False
    env: Sequence[Manifest] = ()  # that the Corefile names
    pace: Pace = GENTLY  # at which it is looked at until it runs
    image: str = ""  # of another version; empty: the cluster's own
    changed: int = field(default=0, init=False)  # how often its files were changed

    def manifests(self) -> list[Manifest]:
        """The ConfigMap, the pod, and the Service if there is one."""
        made = [self.config_map(), self.pod()]
        return [*made, self.cluster_ip_service()] if self.service else made

    def config_map(self) -> Manifest:
        """What the pod mounts as a folder, so that changes arrive (a subPath never changes)."""
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": manifests.metadata(self.workspace.run, self.name, self.workspace.namespace),
            "data": dict(self.files),
        }

    def pod(self) -> Manifest:
        """The pod: no shell, no writable file system, nothing from the cluster's DNS."""
        inventory = self.workspace.inventory
        made = manifests.pod(
            self.workspace.run,
            self.name,
            self.workspace.namespace,
            self.image or inventory.image,
            node=self.node or ready_node(inventory),
            dns_policy="Default",
            lifetime=self.workspace.timeouts.lifetime,
            volumes=[{"name": "files", "configMap": {"name": self.name}}],
        )
        spec = made["spec"]
        spec["securityContext"]["sysctls"] = LOW_PORTS
        if self.account:
            spec |= {"serviceAccountName": self.account, "automountServiceAccountToken": True}
        if self.dies:
            spec["restartPolicy"] = "Never"
        # The image's own entry point is CoreDNS, unless the cluster's manifest has to name it.
        command = inventory.container.get("command") or []
        image = self.image or inventory.image
        own = Companion(MAIN, image, command, ("-conf", f"{FOLDER}/Corefile"))
        spec["containers"] = [container(each) for each in (own, *self.companions)]
        if self.env:
            spec["containers"][0]["env"] = list(self.env)
        return made

    def cluster_ip_service(self) -> Manifest:
        """A Service of this name with 53/UDP and 53/TCP."""
        ports = [
            {"name": f"dns-{protocol.lower()}", "port": 53, "protocol": protocol}
            for protocol in ("UDP", "TCP")
        ]
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": manifests.metadata(self.workspace.run, self.name, self.workspace.namespace),
            "spec": {"selector": {"app": self.name}, "ports": ports},
        }

    def now(self) -> Manifest:
        """The pod as the API has it now; empty when it is gone."""
        return self.workspace.cluster.find("Pod", self.name, self.workspace.namespace) or {}

    def seen(self) -> Manifest:
        """The pod as the list of all pods had it a moment ago; empty when it was not there."""
        return self.workspace.pod_list.pod(self.workspace.namespace, self.name)

    def wait_until_running(self, within: float | None = None) -> str:
        """Wait until CoreDNS runs; the pod's address. Raises NotPossibleError with the reason."""
        deadline = self.workspace.timeouts.pod if within is None else within
        pod = eventually(
            self.seen, lambda p: bool(main_started(p)) or is_stuck(p), deadline, every=self.pace
        )
        address = pod.get("status", {}).get("podIP")
        if not main_started(pod) or not address:
            why = why_not_running(self.workspace.cluster, pod)
            raise NotPossibleError(f"the private CoreDNS {self.name} did not start: {why}")
        return str(address)

    def server(self, address: str, port: int = 53) -> Server:
        """The server that a port of this CoreDNS is, for questions."""
        return Server(f"pod/{self.name}", address, port, node=self.node or "")

    def has_ended(self) -> bool:
        """Whether CoreDNS ended: it is not running any more, and was."""
        return "terminated" in main_status(self.now()).get("state", {})

    def logs(self, container: str = MAIN, timestamps: bool = False) -> str:
        """What a container printed since it started, with the node's times if wanted."""
        query = {"container": container, "timestamps": "true" if timestamps else "false"}
        path = f"{path_of('Pod', self.workspace.namespace, self.name)}/log"
        return self.workspace.cluster.text("GET", path, query=query)

    def metrics(self, probe: Probe, address: str) -> Metrics:
        """The metrics of this CoreDNS, by a probe. Raises NoMetricsError, ProbeLostError."""
        return scrape(probe, address, METRICS_PORT)

    def change(self, files: Mapping[str, str]) -> float:
        """Change files of the ConfigMap and let the kubelet sync at once; when (monotonic)."""
        cluster, namespace = self.workspace.cluster, self.workspace.namespace
        self.changed += 1
        began = time.monotonic()
        cluster.patch("ConfigMap", self.name, namespace, {"data": dict(files)})
        note = {"metadata": {"annotations": {SYNC_NOW: str(self.changed)}}}
        cluster.patch("Pod", self.name, namespace, note)
        return began

    def delete(self) -> None:
        """Take the pod away at once; the rest goes with the namespace."""
        self.workspace.cluster.delete("Pod", self.name, self.workspace.namespace)


def container(made: Companion) -> Manifest:
    """A container of a private CoreDNS pod; the files are mounted read-only."""
    whole = manifests.container(made.image, made.command, made.memory)
    whole |= {
        "name": made.name,
        "args": list(made.args),
        "volumeMounts": [{"name": "files", "mountPath": FOLDER, "readOnly": True}],
    }
    whole["securityContext"]["capabilities"]["add"] = ["NET_BIND_SERVICE"]
    if not made.command:
        del whole["command"]
    return whole


def main_status(pod: Manifest) -> Manifest:
    """The status of the container that is looked at; empty before the kubelet wrote one."""
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return next((s for s in statuses if s["name"] == MAIN), {})


def main_started(pod: Manifest) -> bool:
    """Whether CoreDNS runs or has run (one that is expected to die may be gone already)."""
    state = main_status(pod).get("state", {})
    return "running" in state or "terminated" in state


def identity(pod: Manifest) -> tuple[str, int]:
    """Container and restarts: equal before and after means that the process is the same."""
    status = main_status(pod)
    return str(status.get("containerID", "")), int(status.get("restartCount", 0))


def lines_with(log: str, pattern: str) -> tuple[str, ...]:
    """The lines of a log in which a pattern is found."""
    return tuple(line for line in log.splitlines() if re.search(pattern, line))
