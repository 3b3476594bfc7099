"""Where an experiment stands: the testbed, the probe beside its pods, and how it asks them."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from clusterdns.cluster import Manifest
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.question import Question, Server, Transport
from clusterdns.own_coredns import (
    Arrival,
    NotPossibleError,
    OwnCoreDns,
    arrivals_in,
    arrivals_with,
    nodes_with_image,
)
from clusterdns.probe import Probe
from clusterdns.testbed.testbed import DEFAULT_DOMAIN, Testbed, Workspace
from clusterdns.upgrade.target import Target
from clusterdns.wait import eventually

READY = Question("ready.dns-conformance.test.", "A")  # any answer at all means: it serves


def bench_nodes(workspace: Workspace) -> list[str]:
    """The nodes for private instances, which share them: those that run the cluster's CoreDNS.

    There the image is at hand and the API can be reached. Raises NotPossibleError without any node.
    """
    chosen = nodes_with_image(workspace.inventory)
    if not chosen:
        raise NotPossibleError("no node is ready")
    return chosen


def instance_node(workspace: Workspace) -> str:
    """The node for one private instance. Raises NotPossibleError without any node."""
    return bench_nodes(workspace)[0]


@dataclass(frozen=True)
class ExperimentSetup:
    """What an experiment knows when its objects are made."""

    workspace: Workspace
    node: str  # for the private instances
    external_name: str | None = None  # --external-name
    account: str | None = None  # that may read the cluster, for instances that know its names
    no_account: str = "nobody asked for one"  # why there is none
    target: Target | None = None  # where an upgrade leads to, for what compares two versions

    def must_have_account(self) -> str:
        """The account that may read the cluster. Raises NotPossibleError, which says why not."""
        if self.account is None:
            raise NotPossibleError(self.no_account)
        return self.account

    @property
    def cluster_zone(self) -> str:
        """The cluster domain as the Corefile has it, else the usual one."""
        reading = self.workspace.inventory.reading
        return (reading.cluster_zone if reading else None) or f"{DEFAULT_DOMAIN}."


@dataclass
class ExperimentContext:
    """A testbed as one experiment uses it. All questions go out from the node of the instances."""

    testbed: Testbed
    node: str
    notes: list[str] = field(default_factory=list)  # what took how long, for the record
    began: float = field(default_factory=time.monotonic)
    # Why the API server refused objects of ours, by kind, namespace and name.
    refused: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def why_refused(self, manifests: Iterable[Manifest]) -> str:
        """Why one of these objects could not be made; empty when all are there."""
        for each in manifests:
            kind, meta = each["kind"], each["metadata"]
            if why := self.refused.get((kind, meta.get("namespace", ""), meta["name"])):
                return f"{kind} {meta['name']} could not be made: {why}"
        return ""

    @property
    def probe(self) -> Probe:
        """The probe on the node of the instances, else any. Raises NotPossibleError without any."""
        probes: Mapping[str, Probe] = self.testbed.probes
        found = probes.get(self.node) or next(iter(probes.values()), None)
        if found is None:
            raise NotPossibleError(f"no node has a probe: {self.testbed.why_no_probe}")
        return found

    @property
    def relay(self) -> Probe:
        """The probe of this experiment, if it can carry hundreds of questions a second.

        Raises NotPossibleError.
        """
        if not self.probe.wire_exact:
            raise NotPossibleError(
                "a steady stream of questions needs perl in the image of the probes"
            )
        return self.probe

    def note(self, what: str) -> None:
        """Remember that something was reached, and when, in seconds since the start."""
        self.notes.append(f"{time.monotonic() - self.began:.1f} s: {what}")

    def ask(
        self,
        server: Server,
        questions: Sequence[Question],
        transport: Transport = "udp",
        timeout: float | None = None,
    ) -> list[Answer]:
        """Put questions to one server; a lost packet is sent once more, as everywhere."""
        limit = self.testbed.workspace.timeouts.query if timeout is None else timeout
        repeat = self.testbed.workspace.repeat
        everyone = Matrix(
            {self.probe.node: self.probe}, (server,), limit, repeat, controls=(), insist=2 * limit
        )
        try:
            return everyone.ask(questions, transport)
        finally:
            everyone.close()

    def ask_one(
        self,
        server: Server,
        question: Question,
        transport: Transport = "udp",
        timeout: float | None = None,
    ) -> Answer:
        """Put one question to one server."""
        return self.ask(server, [question], transport, timeout)[0]

    def wait_until_serving(self, instance: OwnCoreDns, port: int = 53) -> Server:
        """Wait until a private instance answers; the server that it is.

        Raises NotPossibleError with what it printed last.
        """
        server = instance.server(instance.wait_until_running(), port)
        within = self.testbed.workspace.timeouts.pod
        last = eventually(
            lambda: self.ask_one(server, READY, timeout=0.5), lambda a: a.answered, within
        )
        if not last.answered:
            tail = " | ".join(instance.logs().splitlines()[-3:])
            raise NotPossibleError(
                f"the private CoreDNS {instance.name} did not answer within {within:g} s"
                f" ({last.received}); it printed: {tail or 'nothing'}"
            )
        self.note(f"{instance.name} answers")
        return server

    def wait_until_gone(self, server: Server, question: Question) -> None:
        """Wait until nobody listens where an upstream of ours was. Raises NotPossibleError."""
        last = eventually(
            lambda: self.ask_one(server, question, timeout=0.3),
            lambda a: not a.answered,
            self.testbed.workspace.timeouts.reload,
            every=0.2,
        )
        if last.answered:
            raise NotPossibleError("our own upstream did not go away when its Corefile was changed")
        self.note("the only upstream is gone")

    def arrivals(self, instance: OwnCoreDns, container: str, canary: str) -> tuple[Arrival, ...]:
        """All that upstreams in a container noted, once the canary is there and no more comes.

        CoreDNS notes a question after it has answered it, so that lines may change places.
        """

        def read() -> str:
            return instance.logs(container)

        arrivals_with(canary, read)
        return arrivals_in(self.settled(read))

    def settled(self, read: Callable[[], str], within: float = 5.0) -> str:
        """A log once it grows no more."""
        sizes: list[int] = []

        def unchanged(log: str) -> bool:
            sizes.append(len(log))
            return sizes[-1:] == sizes[-2:-1]

        return eventually(read, unchanged, within, every=0.3)
