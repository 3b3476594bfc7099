"""What mutants act on: a cluster, and verbs of which each knows how to undo what it did."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml
from kubernetes.client import ApiException

from clusterdns.cluster import Cluster, Manifest, NotFoundError, is_ready, path_of
from clusterdns.wait import eventually
from trials.cluster import Breakable
from trials.faults.dns_objects import KUBEADM, DnsObjects
from trials.faults.nodes import NodeError, on_node, read_file, write_file

KUBE_SYSTEM = "kube-system"
KUBELET = "/var/lib/kubelet/config.yaml"
SETTLE_S = 30.0
TRIES = 5  # to write an object that somebody else writes too
# Reasons of a container or pod that will not get better by waiting.
TERMINAL = {"CrashLoopBackOff", "Error", "ErrImagePull", "ImagePullBackOff", "Unschedulable"}
TERMINAL |= {"CreateContainerError", "CreateContainerConfigError", "ErrImageNeverPull"}
SERVER_FIELDS = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields")


class RevertError(Exception):
    """A fault could not be taken out again: the cluster must not be used any more."""


@dataclass
class Scene:
    """A cluster with a fault in it, or about to get one."""

    breakable: Breakable
    dns: DnsObjects = KUBEADM
    undo: list[tuple[str, Callable[[], object]]] = field(default_factory=list)
    replicas_are_new: bool = False  # since the last repair; then they are made anew after it
    kubelets: set[str] = field(default_factory=set)  # nodes whose pods have an odd resolv.conf

    @property
    def api(self) -> Cluster:
        """The API server."""
        return self.breakable.api

    @property
    def control_plane(self) -> str:
        """The first node."""
        return f"{self.breakable.name}-control-plane"

    @property
    def worker(self) -> str:
        """A node that is not the control plane, or the only one."""
        return self.workers[0]

    @property
    def workers(self) -> list[str]:
        """All nodes but the control plane, or the only one."""
        nodes = self.breakable.nodes
        return [n for n in nodes if not n.endswith("control-plane")] or nodes

    @property
    def dns_ip(self) -> str:
        """The cluster IP of the DNS Service."""
        service = self.api.get("Service", self.dns.service, self.dns.namespace)
        return str(service["spec"]["clusterIP"])

    def replicas(self) -> list[Manifest]:
        """The DNS pods that are not being deleted."""
        pods = self.api.list("Pod", self.dns.namespace, self.dns.labels)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def addresses(self) -> dict[str, str]:
        """The address of each DNS pod, with the node that it runs on."""
        return {p["status"]["podIP"]: p["spec"]["nodeName"] for p in self.replicas()}

    def pod_cidr(self, node: str) -> str:
        """The range of a node's pods."""
        return str(self.api.get("Node", node)["spec"]["podCIDR"])

    # Verbs on objects

    def change(
        self, kind: str, name: str, edit: Callable[[Manifest], object], place: str | None = "-"
    ) -> Manifest:
        """Edit an object in place; in kube-system unless another place is given."""
        namespace = KUBE_SYSTEM if place == "-" else place
        original = self.api.get(kind, name, namespace)
        changed = self.api.get(kind, name, namespace)
        edit(changed)
        self._undo(f"{kind} {name}", lambda: self._give_back(original))
        return self._put(path_of(kind, namespace, name), changed)

    def delete(self, kind: str, name: str, place: str | None = "-") -> None:
        """Delete an object."""
        namespace = KUBE_SYSTEM if place == "-" else place
        original = self.api.get(kind, name, namespace)
        self._undo(f"{kind} {name}", lambda: self._give_back(original))
        self.api.delete(kind, name, namespace)

    def create(self, manifest: Manifest) -> Manifest:
        """Make an object; its kind is one that clusterdns.cluster.RESOURCES knows."""
        kind, metadata = manifest["kind"], manifest["metadata"]
        name, namespace = metadata["name"], metadata.get("namespace")
        self._undo(f"{kind} {name}", lambda: self._remove(kind, name, namespace))
        return self.api.create(manifest)

    # Verbs on cluster DNS

    def service(self, edit: Callable[[Manifest], object]) -> None:
        """Change the DNS Service."""
        self.change("Service", self.dns.service, edit, self.dns.namespace)

    def corefile(
        self, edit: Callable[[str], str], restart: bool = True, within: float = SETTLE_S
    ) -> None:
        """Change the Corefile; delete all CoreDNS pods, so that no old one hides the fault."""

        def edit_object(thing: Manifest) -> None:
            before = thing["data"]["Corefile"]
            thing["data"]["Corefile"] = edit(before)
            if thing["data"]["Corefile"] == before:
                raise ValueError(f"the edit changed nothing in this Corefile:\n{before}")

        self.change("ConfigMap", self.dns.config_map, edit_object, self.dns.namespace)
        if restart:
            self.restart_dns(within)

    def restart_dns(self, within: float = SETTLE_S) -> None:
        """Delete all CoreDNS pods and wait until the new ones are ready, or never will be."""
        self.replicas_are_new = True
        old = {pod["metadata"]["uid"] for pod in self.replicas()}
        for pod in self.replicas():
            self.api.delete("Pod", pod["metadata"]["name"], self.dns.namespace)

        def settled() -> bool:
            pods = self.replicas()
            fresh = not old & {pod["metadata"]["uid"] for pod in pods}
            return fresh and bool(pods) and all(is_settled(pod) for pod in pods)

        eventually(settled, True, within, every=0.3)

    # Verbs on nodes

    @contextmanager
    def scheduled_on(self, node: str) -> Iterator[None]:
        """Meanwhile all other nodes take no new pods."""
        others = [other for other in self.breakable.nodes if other != node]
        for other in others:
            self.api.patch("Node", other, None, {"spec": {"unschedulable": True}})
        try:
            yield
        finally:
            for other in others:
                self.api.patch("Node", other, None, {"spec": {"unschedulable": None}})

    def on_node(self, node: str, do: str, undo: str) -> str:
        """Run a command in a node; ``undo`` is the one that takes it back."""
        self._undo(f"{node}: {do}", lambda: on_node(node, undo))
        return on_node(node, do)

    def drop(self, node: str, match: str, chain: str = "FORWARD", table: str = "filter") -> None:
        """Drop the packets that an iptables match describes; kube-proxy leaves the rule alone."""
        self.rule(node, f"{match} -j DROP", chain, table)

    def drop_everywhere(self, match: str, chain: str = "FORWARD", table: str = "filter") -> None:
        """Drop on every node."""
        for node in self.breakable.nodes:
            self.drop(node, match, chain, table)

    def rule(self, node: str, rule: str, chain: str = "FORWARD", table: str = "filter") -> None:
        """Insert an iptables rule as the first of its chain."""
        words = f"iptables -w -t {table}"
        self.on_node(node, f"{words} -I {chain} {rule}", f"{words} -D {chain} {rule}")

    def kubelet(self, node: str, **settings: Any) -> None:  # noqa: ANN401 - any YAML value
        """Change the kubelet's configuration of a node; None takes a setting away."""
        original = read_file(node, KUBELET)
        self.kubelets.add(node)
        configuration = yaml.safe_load(original)
        configuration.update(settings)
        changed = {key: value for key, value in configuration.items() if value is not None}
        self._undo(f"{node}: kubelet", lambda: self._configure_kubelet(node, original))
        self._configure_kubelet(node, yaml.safe_dump(changed))

    def _configure_kubelet(self, node: str, text: str) -> None:
        """Write the configuration, restart the kubelet, wait until it is healthy with it."""
        write_file(node, KUBELET, text)
        on_node(node, "systemctl restart kubelet")

        def healthy() -> bool:
            try:
                on_node(node, "bash -c 'exec 3<>/dev/tcp/127.0.0.1/10248'", within=2)
            except NodeError:
                return False
            return is_ready(self.api.get("Node", node))

        if not eventually(healthy, True, SETTLE_S, every=0.3):
            raise NodeError(f"{node}: the kubelet is not healthy after its restart")

    # The end of a fault

    def on_revert(self, what: str, action: Callable[[], object]) -> None:
        """Also end this when the fault is taken out."""
        self._undo(what, action)

    def revert(self) -> None:
        """Undo everything, the last first. Raises RevertError when something cannot be undone."""
        failures = []
        while self.undo:
            what, action = self.undo.pop()
            try:
                action()
            except Exception as error:
                failures.append(f"{what}: {type(error).__name__}: {error}")
        if failures:
            raise RevertError("\n".join(failures))
        if self.replicas_are_new:
            self.restart_dns()
            self.replicas_are_new = False

    def at_last(self, what: str, action: Callable[[], object]) -> None:
        """Let something be done once all that is done from now on is undone."""
        self._undo(what, action)

    def _undo(self, what: str, action: Callable[[], object]) -> None:
        self.undo.append((what, action))

    def _give_back(self, original: Manifest) -> None:
        """Put an object back as it was, whether it is there or not."""
        kind, metadata = original["kind"], dict(original["metadata"])
        for name in SERVER_FIELDS:
            metadata.pop(name, None)
        wanted = {**original, "metadata": metadata}
        path = path_of(kind, metadata.get("namespace"), metadata["name"])
        try:
            self._put(path, wanted)
        except NotFoundError:
            self.api.create(wanted)

    def _put(self, path: str, wanted: Manifest) -> Manifest:
        """Write over an object, though its controller writes its status meanwhile."""
        for left in reversed(range(TRIES)):
            now = self.api.request("GET", path)["metadata"]["resourceVersion"]
            wanted = {**wanted, "metadata": {**wanted["metadata"], "resourceVersion": now}}
            try:
                return self.api.request("PUT", path, wanted)
            except ApiException as error:
                if error.status != 409 or not left:
                    raise
        raise AssertionError("it was tried at least once")

    def _remove(self, kind: str, name: str, namespace: str | None) -> None:
        self.api.delete(kind, name, namespace)
        gone = eventually(lambda: self.api.find(kind, name, namespace), None, SETTLE_S, every=0.3)
        if gone is not None:
            raise RevertError(f"{kind} {name} is still there")


def is_settled(pod: Manifest) -> bool:
    """Whether a pod is ready, or shows a reason why it will not be."""
    if is_ready(pod):
        return True
    return bool(reasons_of(pod) & TERMINAL)


def reasons_of(pod: Manifest) -> set[str]:
    """All reasons that a pod and its containers give for not running."""
    status = pod.get("status", {})
    found = {condition.get("reason", "") for condition in status.get("conditions") or []}
    for container in status.get("containerStatuses") or []:
        for state in (container.get("state") or {}).values():
            found.add(state.get("reason", ""))
    return found
