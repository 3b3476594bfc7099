"""An API server that starts pods: each runs at the second look, unless its fate is another."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

from kubernetes.client import ApiException

from clusterdns.clients.planned import MUSL_CONTAINER, Role
from clusterdns.cluster import Cluster, Manifest
from clusterdns.probe import Output, Probe
from clusterdns.resolvconf import ResolvConf
from clusterdns.run.identity import RunId
from clusterdns.testbed.pod_list import PodList
from clusterdns.testbed.testbed import Testbed
from clusterdns.timeouts import Timeouts
from selftests.clients.places import AWAY, DNS_IP, HOME, POD, ZONE

PRINTED = "nameserver 192.0.2.1\noptions ndots:0\n"
MUSL_RUNS = "/proc/7/cmdline\n"


@dataclass
class FakeCluster:
    """Pods by name; ``fates`` are "refused" or "stuck", by pod name."""

    fates: Mapping[str, str] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)
    pods: dict[str, Manifest] = field(default_factory=dict)
    most_at_once: int = 0  # pods that were starting on one node at the same time
    context: str = "kind-x"
    connection: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(configuration=None))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def create(self, manifest: Manifest) -> Manifest:
        """Take a pod, or refuse it."""
        name = manifest["metadata"]["name"]
        if self.fates.get(name) == "refused":
            raise ApiException(status=403, reason="Forbidden")
        with self.lock:
            self.pods[name], self.looks[name] = manifest, 0
            nodes = [self.pods[n]["spec"].get("nodeName") for n, c in self.looks.items() if c < 2]
            most = max((nodes.count(node) for node in nodes if node), default=0)
            self.most_at_once = max(self.most_at_once, most)
        return manifest

    def create_all(self, manifests: list[Manifest]) -> list[Manifest]:
        """What the counting server needs; its Service gets an address."""
        return [
            {**m, "spec": {**m["spec"], "clusterIP": "10.96.9.9"}} if m["kind"] == "Service" else m
            for m in manifests
        ]

    def find(self, kind: str, name: str, namespace: str) -> Manifest | None:
        """Any ServiceAccount; pods that were taken."""
        return {} if kind == "ServiceAccount" else self.pods.get(name)

    def list(self, kind: str, namespace: str, labels: str = "", fields: str = "") -> list[Manifest]:
        """The pods of a namespace as they are now."""
        if kind != "Pod":
            return []
        with self.lock:
            mine = [n for n, p in self.pods.items() if p["metadata"]["namespace"] == namespace]
            for name in mine:
                self.looks[name] += 1
            return [self.now(name) for name in mine]

    def now(self, name: str) -> Manifest:
        """A pod with its status."""
        pod = self.pods[name]
        state: Manifest = {"waiting": {"reason": "ContainerCreating"}}
        if self.fates.get(name) == "stuck":
            state = {"waiting": {"reason": "ImagePullBackOff"}}
        elif self.looks[name] > 1:
            state = {"running": {}}
        count = len(pod["spec"]["containers"])
        statuses = [{"state": state, "ready": "running" in state}] * count
        return {**pod, "status": {"containerStatuses": statuses, "podIP": "10.244.0.9"}}

    def logs(self, namespace: str, pod: str) -> str:
        """What a pod printed when it started."""
        return PRINTED


@dataclass
class FakeProbe:
    """A probe that knows two commands."""

    node: str
    namespace: str
    pod: str
    musl: str = MUSL_RUNS
    closed: bool = False

    def run(self, commands: list[list[str]], timeout: float) -> list[Output]:
        """Look for musl's program, or show a file."""
        return [
            Output(0, self.musl if words[0] == "sh" else f"nameserver {DNS_IP}\n", "")
            for words in commands
        ]

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def fake_site(
    cluster: FakeCluster, host: str | None = "run-host", musl: str | None = "musl"
) -> Testbed:
    """Two nodes with probes, and all that client pods are made from."""
    confs = {"one": POD, "two": ResolvConf(POD.nameservers, (*POD.search, "x.test"), POD.options)}
    workspace = SimpleNamespace(
        cluster=cluster,
        images=SimpleNamespace(dnsutils="dnsutils", musl=musl),
        inventory=SimpleNamespace(image="coredns", container={}, nodes=(), ready_nodes=()),
        namespace=HOME,
        second_namespace=AWAY,
        run=RunId("dns-conf-00000000"),
        pod_list=PodList(cast(Cluster, cluster), ""),
        active=SimpleNamespace(host_namespace=lambda: (host, "" if host else "it was refused")),
        timeouts=Timeouts(pod=2.0, probe=6.0, command=0.5),
    )
    probes = {node: FakeProbe(node, HOME, f"probe-{node}") for node in confs}
    made = SimpleNamespace(workspace=workspace, domain=ZONE, resolv_confs=confs, probes=probes)
    return cast(Testbed, made)


def open_fake(
    configuration: object, namespace: str, pod: str, node: str, container: str, timeouts: Timeouts
) -> Probe:
    """What stands in for open_probe."""
    return cast(Probe, FakeProbe(node, namespace, pod))


ON_EVERY_NODE = (Role.CLUSTER_FIRST, Role.DEFAULT, Role.HOST_NETWORK, Role.NONE, Role.MUSL)
ON_ONE_NODE = (Role.SECOND, Role.MERGED, Role.CROWDED, Role.FALLBACK)
WITH_MUSL = ["main", MUSL_CONTAINER]
