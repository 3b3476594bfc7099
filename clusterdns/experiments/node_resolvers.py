"""What the nodes of the replicas ask: pods with dnsPolicy Default have the node's resolv.conf.

CoreDNS itself runs with that policy, so these pods have the same file that it started with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clusterdns.cluster import Manifest
from clusterdns.experiments.experiment import NAMESPACE, Experiment, Result_co
from clusterdns.own_coredns import NotPossibleError
from clusterdns.resolvconf import ResolvConf
from clusterdns.run.plan import PlannedObject
from clusterdns.testbed import manifests
from clusterdns.testbed.probes import is_running, is_stuck, why_not_running
from clusterdns.testbed.testbed import Workspace
from clusterdns.wait import GENTLY, eventually

RESOLV_CONF = "/etc/resolv.conf"


@dataclass
class NodeResolvers:
    """One pod with dnsPolicy Default on each node of a replica; it prints its resolv.conf."""

    workspace: Workspace
    pods: Mapping[str, str] = field(init=False)  # node: pod

    def __post_init__(self) -> None:
        """Write down the pods; nothing is made yet."""
        nodes = sorted({server.node for server in self.workspace.inventory.replicas})
        self.pods = {node: f"node-resolver-{index}" for index, node in enumerate(nodes)}

    def manifests(self) -> list[Manifest]:
        """The objects that the experiment needs, as manifests."""
        command = ("sh", "-c", f"cat {RESOLV_CONF}; exec sleep infinity")
        return [
            manifests.pod(
                run=self.workspace.run,
                name=name,
                namespace=self.workspace.namespace,
                image=self.workspace.images.dnsutils,
                command=command,
                node=node,
                dns_policy="Default",
                lifetime=self.workspace.timeouts.lifetime,
            )
            for node, name in self.pods.items()
        ]

    def confs(self) -> dict[str, ResolvConf]:
        """The resolv.conf by node, once the pods run. Raises NotPossibleError."""
        return {node: self._conf(name) for node, name in self.pods.items()}

    def _conf(self, pod: str) -> ResolvConf:
        cluster, namespace = self.workspace.cluster, self.workspace.namespace
        found = eventually(
            lambda: self.workspace.pod_list.pod(namespace, pod),
            lambda p: is_running(p) or is_stuck(p),
            self.workspace.timeouts.pod,
            every=GENTLY,
        )
        if not is_running(found):
            why = why_not_running(cluster, found)
            raise NotPossibleError(f"a pod with dnsPolicy Default did not start: {why}")
        text = eventually(
            lambda: cluster.logs(namespace, pod),
            lambda t: "nameserver" in t,
            within=2.0,
            every=GENTLY,
        )
        return ResolvConf.parse(text)


@dataclass
class BesideReplicas(Experiment[Result_co]):
    """What experiments share that need the resolv.conf of the replicas' nodes."""

    needs_coredns = False
    plan = (
        PlannedObject(
            "", "Pod", NAMESPACE, "node-resolver-N", ("create", "list"), "see their logs"
        ),
        PlannedObject(
            "", "Pod/log", NAMESPACE, "node-resolver-N", ("get",), "resolv.conf of replicas' nodes"
        ),
    )

    resolvers: NodeResolvers = field(init=False)

    def __post_init__(self) -> None:
        """Write down the pods; nothing is made yet."""
        self.resolvers = NodeResolvers(self.setup.workspace)

    def manifests(self) -> list[Manifest]:
        """The objects that the experiment needs, as manifests."""
        return self.resolvers.manifests()
