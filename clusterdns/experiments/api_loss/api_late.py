"""CoreDNS starts while there is no API server, and then it comes.

Without the API CoreDNS serves after 5 s, answers SERVFAIL for every name in its zones, and is not
ready (plugin/kubernetes and plugin/ready, 1.11.3 to 1.15.0).
"""

import time
from dataclasses import dataclass, field
from typing import Self

from clusterdns.cluster import Manifest
from clusterdns.experiments.api_loss.cut import (
    OUTSIDE,
    STARTING,
    Cuttable,
    recovered,
    recovery,
    told,
)
from clusterdns.experiments.context import ExperimentContext, ExperimentSetup
from clusterdns.experiments.experiment import CHANGED, KNOWN_NAME, Experiment, planned_coredns
from clusterdns.experiments.forwarding.experiment import api_addresses, api_name
from clusterdns.inventory.web import Page
from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.question import Question
from clusterdns.names import address_type
from clusterdns.own_coredns.cuttable_api import OPEN
from clusterdns.wait import eventually

STARTS = 10.0  # seconds that CoreDNS may have run, and tried, before it served


@dataclass(frozen=True, repr=False)
class ApiLate:
    """What an instance said that started without the API, and when it came."""

    ready: Page
    cluster: tuple[Answer, ...]
    outside: tuple[Answer, ...]
    known: Answer  # once the API was there
    ready_after: Page
    seconds: float | None  # from the way's opening until it knew the cluster and was ready
    allowed: float
    expected: Expected
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        rows = {
            "ready": f"at first {self.ready}; at last {self.ready_after}",
            "a name": f"{self.known.received} {recovered(self.seconds, self.allowed)}",
        }
        title = "a private CoreDNS that started without a way to the API server"
        return told(title, rows, self.notes)


@dataclass
class ApiLateExperiment(Experiment[ApiLate]):
    """What a private CoreDNS does that starts without the API."""

    name = "api_late"
    reads_cluster = True
    plan = (*planned_coredns(STARTING, "starts without the API", CHANGED), *KNOWN_NAME)

    account: str
    zone: str
    way: Cuttable = field(init=False)

    @classmethod
    def make(cls, setup: ExperimentSetup) -> Self:
        """Write the experiment down. Raises NotPossibleError where we may not read the cluster."""
        return cls(setup, setup.must_have_account(), setup.cluster_zone)

    def __post_init__(self) -> None:
        """Write down the instance."""
        self.way = Cuttable(self.setup, self.account, self.zone, STARTING, False)

    def manifests(self) -> list[Manifest]:
        """The objects that the experiment needs, as manifests."""
        return self.way.instance.manifests()

    def conduct(self, context: ExperimentContext) -> ApiLate:
        """Look, open, look. Raises NotPossibleError when the instance does not serve at all."""
        way, timeouts = self.way, self.setup.workspace.timeouts
        server = context.wait_until_serving(way.instance)
        began = time.monotonic()
        name = Question(api_name(self.zone), "A")
        addresses = api_addresses(self.setup.workspace.cluster)
        right = expect.addresses(name.name, [ip for ip in addresses if address_type(ip) == "A"])
        unknown = Question(f"nobody.default.svc.{self.zone}", "A")
        cluster = context.ask(server, [name, unknown])
        outside = context.ask(server, [OUTSIDE])
        ready = way.ready_page(context, server)
        opened = way.switch(OPEN)
        allowed = recovery(timeouts.watch, opened - began + STARTS)

        def look() -> tuple[Answer, Page]:
            return context.ask_one(server, name), way.ready_page(context, server)

        def is_well(found: tuple[Answer, Page]) -> bool:
            return right.accepts(found[0]) and found[1].status == 200

        last = eventually(look, is_well, allowed)
        return ApiLate(
            ready=ready,
            cluster=tuple(cluster),
            outside=tuple(outside),
            known=last[0],
            ready_after=last[1],
            seconds=time.monotonic() - opened if is_well(last) else None,
            allowed=allowed,
            expected=right,
            notes=tuple(context.notes),
        )
