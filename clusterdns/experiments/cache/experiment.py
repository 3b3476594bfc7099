"""The cache plugin, tried in a private CoreDNS whose upstreams are ours and note each question.

Ports of the instance: CAPPED keeps answers for a time that is known; DISABLED has zones that it
must not keep; three more lose their upstream, of which only STALE may answer from what it had
(plugin/cache of CoreDNS 1.11.3 to 1.15.0).
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from clusterdns.experiments.cache.answers import (
    ALIVE,
    BRIEF,
    BRIEFLY,
    CAPPED,
    DISABLED,
    FORGETFUL,
    KINDS,
    MORTAL,
    STALE,
    STALE_CAP,
    Kind,
    caching_corefile,
    upstream_corefile,
    zone_file,
)
from clusterdns.experiments.cache.lifetimes import Asked, Series, undisturbed
from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.experiment import CHANGED, planned_coredns
from clusterdns.experiments.forwarding.outside_zone import CANARY, LARGE_ROW, ZONE
from clusterdns.experiments.own_upstreams import GIVES_UP, UPSTREAM, UpstreamedExperiment, server_at
from clusterdns.inventory.metrics import Metrics
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Wanted
from clusterdns.matrix.question import Question, Server
from clusterdns.own_coredns import Arrival
from clusterdns.wait import until

TICKS = (0.0, 0.5, 1.5, 2.5, 3.5, 4.7, 5.5, 7.0)  # seconds: no age is near 3, 5 or 6
THRICE = 3


# What is asked three times, and how often it must reach the upstream.
REPEATED: Mapping[str, int] = {
    "success where success is disabled": THRICE,
    "denial where success is disabled": 1,
    "success where denial is disabled": 1,
    "denial where denial is disabled": THRICE,
    "truncated": THRICE,
    "denial without SOA": THRICE,
}


@dataclass(frozen=True)
class Counted:
    """Questions as the metrics of the cache count them, for one server block."""

    requests: float
    hits: float
    misses: float
    stale: float

    @classmethod
    def of(cls, metrics: Metrics, port: int) -> "Counted":
        """The counts of the server block on a port (plugin/cache/metrics.go)."""
        server = f"dns://:{port}"

        def total(name: str) -> float:
            return metrics.total(f"coredns_cache_{name}_total", server=server)

        return cls(total("requests"), total("hits"), total("misses"), total("served_stale"))


@dataclass(frozen=True)
class Caching:
    """The results of the caching experiment. Answers are kept as they are; checks compare them."""

    series: Mapping[str, Series]  # by label of the kind
    repeated: Mapping[str, int]  # arrivals of what was asked three times
    stale: Asked  # by the block with serve_stale, when its upstream was gone
    without_stale: tuple[Answer, ...]  # by those that may not, or no longer, answer
    fresh: tuple[Answer, ...]  # the same questions, while the upstream was there
    counted: Mapping[int, Counted]  # by the metrics
    counted_right: Mapping[int, Counted]  # by what was asked and what arrived
    notes: tuple[str, ...] = ()

    @property
    def wanted(self) -> Wanted:
        """What the upstreams say to the questions of the blocks that lose theirs."""
        return {a.question: KINDS[0].expected(a.question) for a in (*self.fresh, self.stale.answer)}


@dataclass
class CachingExperiment(UpstreamedExperiment[Caching]):
    """What the cache of a private CoreDNS keeps, and for how long."""

    name = "caching"
    instance_name = "caching"
    plan = planned_coredns("caching", "a private CoreDNS with caches, and its upstreams", CHANGED)
    first_port = ALIVE

    def files(self) -> Mapping[str, str]:
        """The files of the instance: its Corefile, that of its upstreams, and their zones."""
        return {
            "Corefile": caching_corefile(),
            UPSTREAM: upstream_corefile(mortal=True),
            "cached": zone_file(),
        }

    def conduct(self, context: ExperimentContext) -> Caching:
        """Put all questions, with the upstream and without it; the results.

        Raises NotPossibleError when something of ours does not serve or a packet is lost.
        """
        server = context.wait_until_serving(self.instance)
        upstream = context.wait_until_serving(self.instance, ALIVE)
        context.wait_until_serving(self.instance, MORTAL)
        questions = {kind: kind.question() for kind in KINDS}
        asks = self._at_each_tick(context, server, questions)
        repeated, answers = self._repeat(context, server)
        stale = {port: KINDS[0].question() for port in (STALE, FORGETFUL, BRIEF)}
        fresh = {port: ask(context, server, port, [q])[0] for port, q in stale.items()}
        counting = [*answers, *fresh.values(), *(a for each in asks.values() for a in each)]
        undisturbed(asked.answer for asked in counting)
        self.instance.change({UPSTREAM: upstream_corefile(mortal=False)})
        context.wait_until_gone(server_at(upstream, MORTAL), Question(CANARY))
        late = max(asked.received for asked in fresh.values()) + STALE_CAP + BRIEFLY + 1
        until(late)
        old = {port: ask(context, server, port, [q])[0] for port, q in stale.items()}
        context.note("what had expired asked without the upstream")
        metrics = self.instance.metrics(context.probe, server.address)
        context.ask_one(upstream, Question(CANARY))
        arrived = context.arrivals(self.instance, UPSTREAM, CANARY)
        came = {label: times(arrived, question) for label, question in repeated.items()}
        series = {
            kind.label: Series(
                kind.label,
                kind.kept_for,
                kind.expected(question),
                tuple(asks[kind]),
                times(arrived, question),
            )
            for kind, question in questions.items()
        }
        return Caching(
            series=series,
            repeated=came,
            stale=old[STALE],
            without_stale=(old[FORGETFUL].answer, old[BRIEF].answer),
            fresh=tuple(asked.answer for asked in fresh.values()),
            counted={
                port: Counted.of(metrics, port) for port in (CAPPED, DISABLED, STALE, FORGETFUL)
            },
            counted_right=right_counts(series, came),
            notes=tuple(context.notes),
        )

    def _at_each_tick(
        self, context: ExperimentContext, server: Server, questions: Mapping[Kind, Question]
    ) -> dict[Kind, list[Asked]]:
        """All kinds at once, again and again."""
        began = time.monotonic()
        asks: dict[Kind, list[Asked]] = {kind: [] for kind in questions}
        for tick in TICKS:
            until(began + tick)
            for kind, asked in zip(
                questions, ask(context, server, CAPPED, list(questions.values())), strict=True
            ):
                asks[kind].append(asked)
        context.note("every kind asked until after it had expired")
        return asks

    def _repeat(
        self, context: ExperimentContext, server: Server
    ) -> tuple[dict[str, Question], list[Asked]]:
        """Three times what must not be kept, and what must beside it."""
        questions = {
            label: Question(f"{secrets.token_hex(4)}.{below}.{ZONE}", rdtype)
            for label, below, rdtype in (
                ("success where success is disabled", "fresh", "A"),
                ("denial where success is disabled", "fresh", "TXT"),
                ("success where denial is disabled", "denied", "A"),
                ("denial where denial is disabled", "denied", "TXT"),
                ("denial without SOA", "bare", "A"),
            )
        } | {"truncated": LARGE_ROW.question}
        answers = [
            asked
            for _ in range(THRICE)
            for asked in ask(context, server, DISABLED, list(questions.values()))
        ]
        return questions, answers


def ask(
    context: ExperimentContext, server: Server, port: int, questions: list[Question]
) -> list[Asked]:
    """Put questions to a block, and note when."""
    sent = time.monotonic()
    answers = context.ask(server_at(server, port), questions, timeout=GIVES_UP)
    received = time.monotonic()
    return [Asked(answer, sent, received) for answer in answers]


def times(arrived: tuple[Arrival, ...], question: Question) -> int:
    """How often a question reached an upstream."""
    wanted = (question.name, question.rdtype)
    return sum((a.name.lower(), a.rdtype) == wanted for a in arrived)


def right_counts(series: Mapping[str, Series], came: Mapping[str, int]) -> dict[int, Counted]:
    """What the metrics must say after these questions and arrivals."""
    asked = sum(len(each.asks) for each in series.values())
    missed = sum(each.arrivals for each in series.values())
    repeated, again = THRICE * len(came), sum(came.values())
    return {
        CAPPED: Counted(asked, asked - missed, missed, 0),
        DISABLED: Counted(repeated, repeated - again, again, 0),
        STALE: Counted(2, 1, 1, 1),
        FORGETFUL: Counted(2, 0, 2, 0),
    }
