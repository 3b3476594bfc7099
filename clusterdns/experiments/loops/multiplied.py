"""How often a question is really handled: where there is a loop, one becomes hundreds.

The questions have a type that nobody else asks, so that the counters of CoreDNS show them apart.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.forwarding.outside_zone import ZONE
from clusterdns.inventory.metrics import PORT, Metrics, scrape
from clusterdns.matrix.question import Question, Server
from clusterdns.probe import Packet
from clusterdns.wait import eventually

REQUESTS = (
    "coredns_dns_requests?_(count_)?total"  # requests_total; before 1.7.0 request_count_total
)
RARE, RARER = "NSEC3", "DNSKEY"  # types with a label of their own (plugin/metrics/vars/monitor.go)
AGAIN = 2  # times that a suspicion is looked at again
PATIENCE = 7.0  # seconds: CoreDNS gives up on its upstreams after 5 s


@dataclass(frozen=True)
class Multiplied:
    """Questions put, and requests that the counters then showed."""

    asked: int
    counted: int
    rdtype: str
    asked_of: tuple[str, ...]

    @property
    def factor(self) -> float:
        """Requests handled for each question; about 1 without a loop."""
        return self.counted / self.asked if self.asked else 0.0

    @property
    def loops(self) -> bool:
        """Whether the questions multiplied. Others may use the type a little, so not at 2.

        Every question in flight takes a share of max_concurrent, so not only at hundreds.
        """
        return self.counted > 3 * self.asked

    @property
    def came_back(self) -> bool:
        """Whether questions that were put elsewhere reached servers whose counters were read."""
        return 0 < self.asked <= 2 * self.counted

    def __str__(self) -> str:
        return (
            f"{self.asked} {self.rdtype} question(s) put to {', '.join(self.asked_of)} were counted"
            f" as {self.counted} requests"
        )


def confirmed(
    count: Callable[[], Multiplied], suspicious: Callable[[Multiplied], bool]
) -> Multiplied:
    """What is counted; counted again while it is suspicious, for others may ask meanwhile.

    A loop is there each time.
    """
    for _ in range(AGAIN):
        if not suspicious(first := count()):
            return first
    return count()


def count_requests(
    context: ExperimentContext,
    servers: Sequence[Server],
    endpoints: Mapping[str, str],
    each: int = 1,
    rdtype: str = RARE,
    port: int = PORT,
) -> Multiplied:
    """Put questions for outside names to servers, and read before and after what was handled.

    ``endpoints``: name and address of every CoreDNS whose counters are added up; ``port`` is that
    of its metrics. Raises NoMetricsError and ProbeLostError.
    """
    before = handled(scrape_all(context, endpoints, port), rdtype)
    names = [f"{secrets.token_hex(6)}.{ZONE}" for _ in range(each)]
    packets = [
        Packet(
            Question(name, rdtype).message().to_wire(),
            server.address,
            server.port,
            timeout=PATIENCE,
        )
        for server in servers
        for name in names
    ]
    context.probe.exchange(packets)
    counted = eventually(
        lambda: handled(scrape_all(context, endpoints, port), rdtype) - before,
        lambda now: now >= len(packets),
        within=1.0,
        every=0.3,
    )
    return Multiplied(len(packets), counted, rdtype, tuple(server.name for server in servers))


def scrape_all(
    context: ExperimentContext, endpoints: Mapping[str, str], port: int = PORT
) -> dict[str, Metrics]:
    """The metrics of several instances, by name. Raises NoMetricsError and ProbeLostError."""
    return {name: scrape(context.probe, address, port) for name, address in endpoints.items()}


def handled(metrics: Mapping[str, Metrics], rdtype: str) -> int:
    """How many requests of a type all of them have handled."""
    return int(sum(each.total(REQUESTS, type=rdtype) for each in metrics.values()))
