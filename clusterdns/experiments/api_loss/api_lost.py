"""The API server is lost and comes back, for a private CoreDNS that runs.

CoreDNS keeps what it knows (plugin/kubernetes, 1.11.3 to 1.15.0): an informer that loses its watch
keeps its objects. After an outage the watch is tried again with growing pauses (client-go: 0.8 s,
doubled, 30 s at most, jittered up to twice that).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from clusterdns.cluster import Manifest
from clusterdns.experiments.api_loss.cut import (
    OUTSIDE,
    RUNNING,
    Cuttable,
    recovered,
    recovery,
    told,
)
from clusterdns.experiments.context import ExperimentContext, ExperimentSetup
from clusterdns.experiments.experiment import NAMESPACE, WATCHED, Experiment, planned_coredns
from clusterdns.inventory.web import Page
from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.question import Question, Server
from clusterdns.names import address_type
from clusterdns.objects.records import cluster_ips_of, manifest
from clusterdns.objects.service import Port, Service
from clusterdns.own_coredns import NotPossibleError
from clusterdns.own_coredns.cuttable_api import CUT, OPEN
from clusterdns.own_coredns.instance import identity
from clusterdns.run.plan import PlannedObject
from clusterdns.wait import eventually

BEFORE, GONE, DURING = "outage-before", "outage-gone", "outage-during"  # Services
OUTAGE = 4.0  # seconds at least that the API is away


@dataclass(frozen=True, repr=False)
class ApiLost:
    """What an instance that knew the cluster said while it had no API, and afterwards."""

    known: tuple[Answer, ...]  # the name that stays, asked again and again during the outage
    new: tuple[Answer, ...]  # a Service that was made meanwhile
    gone: tuple[Answer, ...]  # one that was deleted meanwhile
    ready: tuple[Page, ...]  # before, during and after
    outside: tuple[Answer, ...]  # during
    new_after: Answer  # the last answers, once the API was back
    gone_after: Answer
    seconds: float | None  # from the way's opening until both were right; None: never
    allowed: float
    expected: dict[Question, Expected]  # of all names, as they are at last
    stale: Expected  # of the deleted Service as it was
    process_before: tuple[str, int]
    process_after: tuple[str, int]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        rows = {
            "made meanwhile": f"at last {self.new_after.received}",
            "deleted meanwhile": f"at last {self.gone_after.received}",
            "both visible": recovered(self.seconds, self.allowed),
            "ready": " | ".join(map(str, self.ready)),
            "process": f"before {self.process_before}; after {self.process_after}",
        }
        title = "a private CoreDNS whose way to the API server was cut and opened again"
        return told(title, rows, self.notes)


@dataclass
class ApiLossExperiment(Experiment[ApiLost]):
    """What a private CoreDNS does whose way to the API is cut and opened again."""

    name = "api_lost"
    reads_cluster = True
    plan = (
        *planned_coredns(RUNNING, "loses the API", WATCHED),
        PlannedObject(
            "", "Service", NAMESPACE, "outage-*", ("create", "get", "delete"), "changes unseen"
        ),
    )

    account: str
    zone: str
    way: Cuttable = field(init=False)
    seen: dict[str, Service] = field(default_factory=dict, init=False)

    @classmethod
    def make(cls, setup: ExperimentSetup) -> Self:
        """Write the experiment down. Raises NotPossibleError where we may not read the cluster."""
        return cls(setup, setup.must_have_account(), setup.cluster_zone)

    def __post_init__(self) -> None:
        """Write down the instance."""
        self.way = Cuttable(self.setup, self.account, self.zone, RUNNING, True)

    def service(self, name: str) -> Service:
        """A Service that the experiment makes."""
        namespace, domain = self.setup.workspace.namespace, self.zone.rstrip(".")
        return Service(name, namespace, domain, ports=(Port("http", 80),))

    def manifests(self) -> list[Manifest]:
        """The objects that the experiment needs, as manifests."""
        services = [manifest(self.setup.workspace, self.service(name)) for name in (BEFORE, GONE)]
        return [*services, *self.way.instance.manifests()]

    def conduct(self, context: ExperimentContext) -> ApiLost:
        """Cut, look, open, look.

        Raises NotPossibleError when the instance never knew the cluster.
        """
        workspace, way = self.setup.workspace, self.way
        server = context.wait_until_serving(way.instance)
        known = {self._question(name): self._as_made(name) for name in (BEFORE, GONE)}
        wait_until_known(context, server, known)
        before, ready = identity(way.instance.now()), [way.ready_page(context, server)]
        cut = way.switch(CUT)
        context.note("the API is cut off")
        workspace.cluster.create(manifest(workspace, self.service(DURING)))
        workspace.cluster.delete("Service", GONE, workspace.namespace)
        new, gone = self._question(DURING), self._question(GONE)
        said = ask_for(context, server, [*known, new, OUTSIDE], OUTAGE)
        context.note(f"asked {len(said) // 4} times meanwhile")
        ready.append(way.ready_page(context, server))
        opened = way.switch(OPEN)
        context.note("the API is back")
        right = {new: self._as_made(DURING), gone: expect.nxdomain(self.zone)}
        allowed = recovery(workspace.timeouts.watch, opened - cut)
        last = eventually(
            lambda: {a.question: a for a in context.ask(server, list(right))},
            lambda found: all(right[q].accepts(a) for q, a in found.items()),
            allowed,
        )
        visible = all(right[q].accepts(a) for q, a in last.items())
        took = time.monotonic() - opened
        return ApiLost(
            known=tuple(a for a in said if a.question in known and a.question != gone),
            new=tuple(a for a in said if a.question == new),
            gone=tuple(a for a in said if a.question == gone),
            ready=(*ready, way.ready_page(context, server)),
            outside=tuple(a for a in said if a.question == OUTSIDE),
            new_after=last[new],
            gone_after=last[gone],
            seconds=took if visible else None,
            allowed=allowed,
            expected={**known, **right},
            stale=known[gone],
            process_before=before,
            process_after=identity(way.instance.now()),
            notes=tuple(context.notes),
        )

    def _question(self, name: str) -> Question:
        families = {address_type(ip) for ip in self._made(BEFORE).cluster_ips}
        return Question(self.service(name).fqdn, min(families))

    def _made(self, name: str) -> Service:
        """The Service as the API has it, or had it when it was looked at first."""
        if name not in self.seen:
            made = self.setup.workspace.cluster.get("Service", name, self.setup.workspace.namespace)
            self.seen[name] = replace(self.service(name), cluster_ips=cluster_ips_of(made))
        return self.seen[name]

    def _as_made(self, name: str) -> Expected:
        made, rdtype = self._made(name), self._question(name).rdtype
        ips = [ip for ip in made.cluster_ips if address_type(ip) == rdtype]
        return expect.addresses(made.fqdn, ips)


def ask_for(
    context: ExperimentContext, server: Server, questions: Sequence[Question], seconds: float
) -> list[Answer]:
    """Every answer to the same questions, asked again and again."""
    found: list[Answer] = []
    end = time.monotonic() + seconds

    def look() -> bool:
        found.extend(context.ask(server, questions))
        return time.monotonic() >= end

    eventually(look, True, seconds + context.testbed.workspace.timeouts.query, every=0.2)
    return found


def wait_until_known(
    context: ExperimentContext, server: Server, wanted: dict[Question, Expected]
) -> None:
    """Wait until these names are answered by value. Raises NotPossibleError when they are not."""
    within = context.testbed.workspace.timeouts.pod
    last = eventually(
        lambda: context.ask(server, list(wanted)),
        lambda found: all(wanted[a.question].accepts(a) for a in found),
        within,
    )
    wrong = [f"{a.question}: {a.received}" for a in last if not wanted[a.question].accepts(a)]
    if wrong:
        raise NotPossibleError(
            f"our CoreDNS did not learn of the cluster in {within:g} s: {wrong[0]}"
        )
    context.note("the instance knows the cluster")
