"""What the replicas ask by their resolv.conf: pods beside them that are given the same file.

CoreDNS runs with dnsPolicy Default, which is the node's resolv.conf, or with None and a dnsConfig.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clusterdns.cluster import Manifest
from clusterdns.experiments.experiment import NAMESPACE, Experiment, Result_co
from clusterdns.own_coredns import NotPossibleError
from clusterdns.resolvconf import RESOLV_CONF, ResolvConf
from clusterdns.run.plan import PlannedObject
from clusterdns.testbed import manifests
from clusterdns.testbed.probes import is_running, is_stuck, why_not_running
from clusterdns.testbed.testbed import Workspace
from clusterdns.wait import GENTLY, eventually


@dataclass
class NodeResolvers:
    """One pod on each node of a replica, told what that is told; it prints its resolv.conf."""

    workspace: Workspace
    pods: Mapping[str, str] = field(init=False)  # node: pod
    told: Mapping[str, tuple[str, Manifest]] = field(init=False)  # node: dnsPolicy, dnsConfig

    def __post_init__(self) -> None:
        """Write down the pods; nothing is made yet."""
        nodes = sorted({server.node for server in self.workspace.inventory.replicas})
        self.pods = {node: f"node-resolver-{index}" for index, node in enumerate(nodes)}
        specs = {pod["spec"].get("nodeName"): pod["spec"] for pod in self.workspace.inventory.pods}
        self.told = {node: dns_settings(specs.get(node, {})) for node in nodes}

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
                dns_policy=self.told[node][0],
                dns_config=self.told[node][1],
                lifetime=self.workspace.timeouts.lifetime,
            )
            for node, name in self.pods.items()
        ]

    def confs(self) -> dict[str, ResolvConf]:
        """The resolv.conf by node, once the pods run. Raises NotPossibleError."""
        return {node: self._conf(node, name) for node, name in self.pods.items()}

    def _conf(self, node: str, pod: str) -> ResolvConf:
        cluster, namespace = self.workspace.cluster, self.workspace.namespace
        found = eventually(
            lambda: self.workspace.pod_list.pod(namespace, pod),
            lambda p: is_running(p) or is_stuck(p),
            self.workspace.timeouts.pod,
            every=GENTLY,
        )
        if not is_running(found):
            why = why_not_running(cluster, found)
            raise NotPossibleError(f"a pod beside a replica did not start: {why}")
        stored = (found["spec"].get("dnsPolicy"), dict(found["spec"].get("dnsConfig") or {}))
        if stored != self.told[node]:
            raise NotPossibleError(
                "what replicas are told is not to be seen: somebody changes the dnsPolicy or "
                f"dnsConfig of pods that are made (now {stored})"
            )
        text = eventually(
            lambda: cluster.logs(namespace, pod),
            lambda t: "nameserver" in t,
            within=2.0,
            every=GENTLY,
        )
        return ResolvConf.parse(text)


def dns_settings(spec: Manifest) -> tuple[str, Manifest]:
    """What decides the resolv.conf of a replica's pod: dnsPolicy, None or Default, and dnsConfig.

    A replica that is told the cluster's own DNS counts as Default: what it would ask outside.
    """
    policy = "None" if spec.get("dnsPolicy") == "None" else "Default"
    return policy, dict(spec.get("dnsConfig") or {})


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
