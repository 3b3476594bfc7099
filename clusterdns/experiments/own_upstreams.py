"""A private CoreDNS whose upstreams are ours: another CoreDNS in its pod, which notes questions."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from clusterdns.cluster import Manifest
from clusterdns.experiments.experiment import Experiment, Result_co
from clusterdns.matrix.question import Server
from clusterdns.own_coredns import OwnCoreDns
from clusterdns.own_coredns.instance import FOLDER, Companion

UPSTREAM = "upstream"  # the container, and its Corefile in the ConfigMap
GIVES_UP = 8.0  # seconds: CoreDNS tries for 5 s before it says SERVFAIL (plugin/forward, 1.12.1)


@dataclass
class UpstreamedExperiment(Experiment[Result_co]):
    """An experiment in a private CoreDNS whose upstreams are ours: names its files, conducts it."""

    instance_name: ClassVar[str]  # of its pod and its ConfigMap
    first_port: ClassVar[int]  # of the upstreams: any that is there from the start

    account: str | None = None  # ServiceAccount; None: it may not read the cluster
    instance: OwnCoreDns = field(init=False)

    def __post_init__(self) -> None:
        """Write down the instance; nothing is made yet."""
        inventory = self.setup.workspace.inventory
        command = inventory.container.get("command") or []
        arguments = ("-conf", f"{FOLDER}/{UPSTREAM}", "-dns.port", str(self.first_port))
        self.instance = OwnCoreDns(
            workspace=self.setup.workspace,
            name=self.instance_name,
            files=self.files(),
            node=self.setup.node,
            account=self.account,
            companions=(Companion(UPSTREAM, inventory.image, command, arguments),),
        )

    @abstractmethod
    def files(self) -> Mapping[str, str]:
        """The keys of the ConfigMap: Corefile, UPSTREAM, and what these two serve."""

    def manifests(self) -> list[Manifest]:
        """The objects that the experiment needs, as manifests."""
        return self.instance.manifests()


def server_at(server: Server, port: int) -> Server:
    """The server that another port of the same pod is."""
    return Server(f"{server.name}:{port}", server.address, port, server.node)


def block(port: int, *lines: str) -> str:
    """A server block for every name on a port."""
    return "\n".join([f".:{port} {{", *lines, "}"]) + "\n"
