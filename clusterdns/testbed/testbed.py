"""Where a run works: the cluster, our namespaces in it, and the probes on its nodes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from clusterdns.cluster import Cluster
from clusterdns.inventory.inventory import Inventory
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.question import Server
from clusterdns.probe import Probe
from clusterdns.repeat import in_new_pod, in_pod
from clusterdns.resolvconf import ResolvConf
from clusterdns.run.active import Run
from clusterdns.run.identity import RunId
from clusterdns.run.ledger import Ledger
from clusterdns.testbed.pod_list import PodList
from clusterdns.timeouts import Timeouts

DEFAULT_DOMAIN = "cluster.local"


@dataclass(frozen=True)
class Images:
    """The images of the pods that a run makes."""

    dnsutils: str
    musl: str | None  # None: musl checks are not applicable


@dataclass(frozen=True)
class Workspace:
    """A cluster with our namespaces in it: enough to make objects and experiments."""

    cluster: Cluster
    active: Run  # makes what lives outside our namespaces, so that it is undone
    namespace: str  # PodSecurity restricted
    second_namespace: str | None  # None with --namespace
    images: Images
    timeouts: Timeouts
    inventory: Inventory

    @property
    def run(self) -> RunId:
        """The name of the run; it labels all that is made."""
        return self.active.id

    @cached_property
    def pod_list(self) -> PodList:
        """Our pods; whoever waits for one looks here."""
        return PodList(self.cluster, self.run.selector)

    @property
    def ledger(self) -> Ledger:
        """What must be undone at the end."""
        return self.active.ledger

    @property
    def becomes_known(self) -> float:
        """Seconds until what was made must be known to every replica.

        Who has lost the API server comes back to it after a pause, so it is longer where this run
        has seen it go (client-go tools/cache/reflector.go).
        """
        absent = self.cluster.patience.was_absent
        return self.timeouts.relist if absent else self.timeouts.watch

    def repeat(self, answer: Answer, kept: bool = False) -> str:
        """The kubectl command that asks the question of an answer again, from the same node.

        Where the probe pods are ``kept`` it is an exec in the one of that node, else a pod that
        goes by itself.
        """
        command = answer.question.dig(answer.server, answer.transport)
        if not kept:
            return in_new_pod(self.cluster.context, self.images.dnsutils, answer.node, command)
        nodes = sorted(str(node["metadata"]["name"]) for node in self.inventory.ready_nodes)
        pod = f"probe-{nodes.index(answer.node)}"
        return in_pod(self.cluster.context, self.namespace, pod, command)


@dataclass(frozen=True)
class Testbed:
    """A workspace with a probe on each node that could start one."""

    __test__: ClassVar = False  # it is no test, whatever its name makes pytest think

    workspace: Workspace
    probes: Mapping[str, Probe]  # by node
    resolv_confs: Mapping[str, ResolvConf]  # of the probe pods, by node
    unprobed: Mapping[str, str]  # node: why it has no probe
    # Of these the nodes where we were not let: the API server refused pod or exec, or somebody
    # deleted the pod. That they cannot start one was not seen.
    untried: frozenset[str] = frozenset()

    @property
    def unable(self) -> Mapping[str, str]:
        """The nodes that could not start a probe, with the reason: a fault of the cluster."""
        return {node: why for node, why in self.unprobed.items() if node not in self.untried}

    @property
    def why_no_probe(self) -> str:
        """In one line why nodes have no probe: each reason once, with the nodes it is about."""
        nodes: dict[str, list[str]] = {}
        for node, why in self.unprobed.items():
            nodes.setdefault(why, []).append(node)
        told = [f"{', '.join(names[:5])}: {why}" for why, names in nodes.items()]
        return "; ".join(told) or "no node is ready"

    @property
    def domain(self) -> str:
        """The cluster domain as the kubelets tell the pods, without a final dot."""
        told = Counter(conf.cluster_domain for conf in self.resolv_confs.values())
        told.pop("", None)
        return told.most_common(1)[0][0] if told else DEFAULT_DOMAIN

    @property
    def zone(self) -> str:
        """The cluster domain as an absolute name."""
        return f"{self.domain}."

    @property
    def servers(self) -> tuple[Server, ...]:
        """The DNS Service and every replica.

        Where there is no DNS Service, the addresses that pods are told to ask stand in for it.
        """
        inventory = self.workspace.inventory
        told = {ns for conf in self.resolv_confs.values() for ns in conf.nameservers}
        services = inventory.services or tuple(
            Server(f"nameserver/{address}", address) for address in sorted(told)
        )
        return (*services, *inventory.replicas)
