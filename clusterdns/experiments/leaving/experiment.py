"""A replica is deleted under a stream of questions from every node: what ``lameduck`` is for.

Two private CoreDNS stand behind a Service. After SIGTERM CoreDNS goes on answering for the time of
``lameduck`` (plugin/health, 1.11.3 to 1.15.0): /health stays 200 while /ready is closed. Meanwhile
the EndpointSlice must lose it, and every node's proxy must follow; what they take longer is lost.
"""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from clusterdns.cluster import Manifest
from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.experiment import NAMESPACE, SLICES, Experiment
from clusterdns.experiments.forwarding.outside_zone import ZONE
from clusterdns.experiments.stream import Stream, Streamed, Streaming
from clusterdns.inventory.shape import ready_endpoints
from clusterdns.inventory.web import get_all
from clusterdns.matrix.question import Question, Server
from clusterdns.own_coredns import NotPossibleError, OwnCoreDns
from clusterdns.run.plan import PlannedObject
from clusterdns.testbed import manifests
from clusterdns.testbed.testbed import Workspace
from clusterdns.wait import GENTLY, eventually, until

NAME = "departing"  # of the Service
LEAVES, STAYS = "leaving-a", "leaving-b"
ADDRESS = {LEAVES: "192.0.2.1", STAYS: "192.0.2.2"}  # each says who it is
PAIR = "dns-conformance/pair"  # the label that the Service selects
LAMEDUCK = 5.0  # seconds, as kubeadm has it
GRACE = 30  # seconds, as every pod has it
RATE, DIRECT_RATE = 60, 20  # questions a second, from each node and to the replica itself
PATIENCE = 3.0  # seconds for one answer; there is no second try
MARGIN = 1.5  # seconds that a busy machine may be late
SETTLED = 1.0  # seconds that the streams flow before
LATEST = 6.0  # seconds after lameduck until which they flow
HEALTH, READY = 8080, 8181
QUESTION = Question(f"who.{ZONE}", "A")


@dataclass(frozen=True)
class Sight:
    """The pages of the replica at one moment: status 0 is no reply."""

    after: float  # seconds since the deletion
    health: int
    ready: int


@dataclass(frozen=True, repr=False)
class Left:
    """What was seen from the deletion of one replica on; all times in seconds since then."""

    lameduck: float
    nodes: Mapping[str, Stream]  # of the Service
    direct: Stream  # of the replica itself
    deleted: float  # monotonic
    endpoint_s: float | None  # until the slices had lost it; None: never
    sights: tuple[Sight, ...]
    notes: tuple[str, ...] = ()

    @property
    def served_s(self) -> float:
        """Seconds until the replica answered its last question that was put to itself."""
        return max((q.at for q in self.direct.questions if q.value), default=0.0) - self.deleted

    @property
    def asked_in_lameduck(self) -> tuple[Streamed, ...]:
        """Questions put to the replica itself that it must answer."""
        end = self.deleted + self.lameduck - MARGIN
        return tuple(q for q in self.direct.questions if self.deleted <= q.at < end)

    @property
    def lost_in_lameduck(self) -> tuple[str, ...]:
        """Questions that the replica had to answer and did not, with the reason."""
        return tuple(
            f"{q.at - self.deleted:.2f} s: {q.problem}" for q in self.asked_in_lameduck if q.problem
        )

    @property
    def healthy_s(self) -> float:
        """Seconds until /health said 200 for the last time."""
        return max((s.after for s in self.sights if s.health == 200), default=0.0)

    @property
    def unhealthy(self) -> tuple[Sight, ...]:
        """When /health said anything else while it had to say 200."""
        return tuple(s for s in self.sights if s.health != 200 and s.after < self.lameduck - MARGIN)

    @property
    def led_s(self) -> float:
        """Seconds from the last 200 of /ready to the first time that /health did not say 200.

        Both are seen a little late; this is the longest that it can have been.
        """
        ended = [s.after for s in self.sights if s.health != 200 and s.after > self.healthy_s]
        return min(ended, default=self.healthy_s) - self.ready_s

    @property
    def ready_s(self) -> float:
        """Seconds until /ready said 200 for the last time."""
        return max((s.after for s in self.sights if s.ready == 200), default=0.0)

    def propagation_s(self, node: str) -> float:
        """Seconds until a question from a node reached the replica for the last time."""
        last = [q.at for q in self.nodes[node].questions if q.value == ADDRESS[LEAVES]]
        return max(0.0, max(last, default=self.deleted) - self.deleted)

    @property
    def lost(self) -> dict[str, tuple[str, ...]]:
        """What each node lost on its way to the Service; nodes without loss are left out."""
        return {node: stream.lost for node, stream in self.nodes.items() if stream.lost}

    @property
    def stranded(self) -> dict[str, str]:
        """The nodes whose questions still go to the replica that left, at the end.

        Single losses do not count here.
        """
        found = {}
        for node, stream in self.nodes.items():
            last = [q for q in stream.questions if q.at >= self.end - SETTLED]
            wrong = [q.problem or q.value for q in last if q.value != ADDRESS[STAYS]]
            if len(wrong) > len(last) / 10 or not last:
                found[node] = f"{len(wrong)} of {len(last)} wrong, such as {[*wrong, '-'][0]}"
        return found

    @property
    def end(self) -> float:
        """When the streams ended (monotonic)."""
        ends = [q.at for stream in self.nodes.values() for q in stream.questions]
        return max(ends, default=0.0)

    @property
    def measured(self) -> str:
        """Loss and times in a line."""
        asked = sum(len(stream.questions) for stream in self.nodes.values())
        lost = sum(len(stream.lost) for stream in self.nodes.values())
        slowest = max((self.propagation_s(node) for node in self.nodes), default=0.0)
        return (
            f"{lost} of {asked} questions lost; the last one reached the replica after "
            f"{slowest:.1f} s, it served {self.served_s:.1f} s"
        )

    def __repr__(self) -> str:
        slice_s = "never" if self.endpoint_s is None else f"after {self.endpoint_s:.1f} s"
        lines = [
            f"one of two replicas with lameduck {self.lameduck:g}s was deleted",
            f"EndpointSlice lost it {slice_s}",
            f"/ready   200 until {self.ready_s:.1f} s, /health 200 until {self.healthy_s:.1f} s",
            f"itself   {self.direct}, the last answer after {self.served_s:.1f} s",
            *(
                f"{node}  {stream}, it was asked until {self.propagation_s(node):.1f} s"
                for node, stream in self.nodes.items()
            ),
        ]
        return "\n  ".join(lines)


def planned_replica(name: str, verbs: tuple[str, ...]) -> tuple[PlannedObject, PlannedObject]:
    """The planned objects of one of the two replicas; ``verbs`` are those for its pod."""
    return (
        PlannedObject("", "Pod", NAMESPACE, name, verbs, "one of two, of which one goes"),
        PlannedObject("", "ConfigMap", NAMESPACE, name, ("create",), "its files"),
    )


@dataclass
class LeavingExperiment(Experiment[Left]):
    """What is seen while one of two private replicas is deleted."""

    name = "left"
    plan = (
        *planned_replica(LEAVES, ("create", "list", "delete")),
        *planned_replica(STAYS, ("create", "list")),
        PlannedObject("", "Service", NAMESPACE, NAME, ("create", "get"), "in front of both"),
        PlannedObject(SLICES, "EndpointSlice", NAMESPACE, f"{NAME}-*", ("list",), "who is listed"),
    )

    lameduck: float = LAMEDUCK
    replicas: Mapping[str, OwnCoreDns] = field(init=False)

    def __post_init__(self) -> None:
        """Write down the pair; nothing is made yet."""
        self.replicas = {
            name: OwnCoreDns(
                self.setup.workspace,
                name,
                {"Corefile": corefile(address, self.lameduck)},
                self.setup.node,
            )
            for name, address in ADDRESS.items()
        }

    def manifests(self) -> list[Manifest]:
        """The pair and its Service."""
        made = [o for replica in self.replicas.values() for o in replica.manifests()]
        for pod in (o for o in made if o["kind"] == "Pod"):
            pod["metadata"]["labels"][PAIR] = NAME
            pod["spec"]["terminationGracePeriodSeconds"] = GRACE
            probe = {"httpGet": {"path": "/ready", "port": READY}, "periodSeconds": 1}
            pod["spec"]["containers"][0]["readinessProbe"] = probe
        # Any of the pair writes the Service; only its name and selector are the pair's.
        service = self.replicas[STAYS].cluster_ip_service()
        workspace = self.setup.workspace
        service["metadata"] = manifests.metadata(workspace.run, NAME, workspace.namespace)
        service["spec"]["selector"] = {PAIR: NAME}
        return [*made, service]

    def conduct(self, context: ExperimentContext) -> Left:
        """Ask, delete, ask on.

        Raises NotPossibleError when the pair does not serve on every node.
        """
        workspace = self.setup.workspace
        for replica in self.replicas.values():
            context.wait_until_serving(replica)
        leaves = self.replicas[LEAVES]
        itself = leaves.server(leaves.wait_until_running())
        service = workspace.cluster.get("Service", NAME, workspace.namespace)
        server = Server(f"service/{NAME}", str(service["spec"]["clusterIP"]))
        if context.relay and not all(p.wire_exact for p in context.testbed.probes.values()):
            raise NotPossibleError(
                "a steady stream of questions needs perl in the image of the probes"
            )
        wait_for_both(workspace)
        with ExitStack() as stack:
            streams = {
                node: stack.enter_context(Streaming(probe, server, QUESTION, RATE, PATIENCE))
                for node, probe in context.testbed.probes.items()
            }
            direct = stack.enter_context(
                Streaming(context.relay, itself, QUESTION, DIRECT_RATE, PATIENCE)
            )
            within = workspace.timeouts.pod
            both = set(ADDRESS.values())
            values = lambda: [streams[n].result.values(0.0) for n in streams]  # noqa: E731
            eventually(values, lambda seen: all(v == both for v in seen), within)
            until(time.monotonic() + SETTLED)
            deleted = time.monotonic()
            workspace.cluster.delete("Pod", LEAVES, workspace.namespace, GRACE)
            sights, endpoint_s = watch(context, itself, deleted, self.lameduck + LATEST)
        nodes = {node: streaming.result for node, streaming in streams.items()}
        notes = tuple(context.notes)
        return Left(
            lameduck=self.lameduck,
            nodes=nodes,
            direct=direct.result,
            deleted=deleted,
            endpoint_s=endpoint_s,
            sights=tuple(sights),
            notes=notes,
        )


def wait_for_both(workspace: Workspace) -> None:
    """Wait until the slices list both. Raises NotPossibleError when they never do."""
    within = workspace.timeouts.pod
    seen = eventually(lambda: listed(workspace), lambda ips: len(ips) >= 2, within, every=GENTLY)
    if len(seen) < 2:
        raise NotPossibleError(f"our own pair of replicas was not ready within {within:g} s")


def listed(workspace: Workspace) -> set[str]:
    """The addresses of the pair that the slices list as ready."""
    labels = f"kubernetes.io/service-name={NAME}"
    return ready_endpoints(workspace.cluster.list("EndpointSlice", workspace.namespace, labels))


def watch(
    context: ExperimentContext, itself: Server, deleted: float, seconds: float
) -> tuple[list[Sight], float | None]:
    """The pages of the replica, and when the slices lost it, for so many seconds."""
    sights: list[Sight] = []
    lost: list[float] = []
    pages = [(itself.address, HEALTH, "/health"), (itself.address, READY, "/ready")]

    def look() -> float:
        after = time.monotonic() - deleted
        health, ready = (page.status for page in get_all(context.relay, pages, MARGIN))
        sights.append(Sight(after, health, ready))
        if not lost and itself.address not in listed(context.testbed.workspace):
            lost.append(time.monotonic() - deleted)
        return time.monotonic() - deleted

    eventually(look, lambda passed: passed >= seconds, seconds + 2, every=0.2)
    return sights, next(iter(lost), None)


def corefile(address: str, lameduck: float) -> str:
    """A replica that answers with this address, and goes as it is told."""
    duck = f"lameduck {lameduck:g}s" if lameduck else ""
    return f"""\
.:53 {{
    errors
    health :{HEALTH} {{
        {duck}
    }}
    ready :{READY}
    template IN A {ZONE} {{
        answer "{{{{ .Name }}}} 0 IN A {address}"
    }}
}}
"""
