"""Options of forward, tried in a private CoreDNS whose upstreams are ours and note each question.

Which upstream is chosen, over what transport it is asked, how many questions are on their way at
once, and what is not forwarded at all (plugin/forward of CoreDNS 1.11.3 to 1.15.0).
"""

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clusterdns.experiments.cache.answers import ADDRESS, ZONE_FILE, zone_file
from clusterdns.experiments.cache.lifetimes import undisturbed
from clusterdns.experiments.context import ExperimentContext
from clusterdns.experiments.experiment import planned_coredns
from clusterdns.experiments.forwarding.outside_zone import CANARY, LARGE_ROW, ZONE
from clusterdns.experiments.own_upstreams import (
    GIVES_UP,
    UPSTREAM,
    UpstreamedExperiment,
    block,
    server_at,
)
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Wanted, addresses
from clusterdns.matrix.question import TRANSPORTS, Question, Server, Transport
from clusterdns.own_coredns import Arrival, NotPossibleError, log_directive

ONE, TWO, THREE, SLOW, NOBODY = 5401, 5402, 5403, 5404, 5405  # of the upstreams
PLACES = ("one", "two", "three")
LIMITED, EXCEPT = 5426, 5427  # of the instance, as the following
REJECTS = "coredns_forward_max_concurrent_rejects_total"
MOST, ASKED = 5, 12  # questions at a time that may be on their way; that are put
DELAY = 1.2  # seconds that the slow upstream takes; forward waits for 2 s
SLOW_ADDRESS = "192.0.2.53"  # what it answers (plugin/erratic)
ATTEMPTS = 3
IN_TURN, ONLY_ONE, ONLY_TWO, MIXED = (
    "each upstream in turn",
    "always the first",
    "always the second",
    "all three in no order",
)


@dataclass(frozen=True)
class Policy:
    """A server block with a policy: whom it must choose."""

    label: str
    port: int
    upstreams: tuple[int, ...]
    line: str
    chooses: str
    questions: int = 9

    def __str__(self) -> str:
        return self.label


ALL = (ONE, TWO, THREE)
# Of 48 random choices one of three is left out with a probability of 1e-8.
POLICIES = (
    Policy("round_robin", 5421, ALL, "policy round_robin", IN_TURN),
    Policy("sequential", 5422, ALL, "policy sequential", ONLY_ONE),
    Policy("sequential-first-dead", 5423, (NOBODY, TWO, THREE), "policy sequential", ONLY_TWO),
    Policy(
        label="random", port=5424, upstreams=ALL, line="policy random", chooses=MIXED, questions=48
    ),
    Policy(label="default", port=5425, upstreams=ALL, line="", chooses=MIXED, questions=48),
)


@dataclass(frozen=True)
class Way:
    """A server block with an option that says over what transport the upstream is asked."""

    label: str
    port: int
    line: str
    over: Mapping[Transport, Transport]  # by the transport of the client

    def __str__(self) -> str:
        return self.label


WAYS = (
    Way("as-asked", 5428, "", {"udp": "udp", "tcp": "tcp"}),
    Way("force_tcp", 5429, "force_tcp", {"udp": "tcp", "tcp": "tcp"}),
    Way("prefer_udp", 5430, "prefer_udp", {"udp": "udp", "tcp": "udp"}),
)


@dataclass(frozen=True, repr=False)
class Chosen:
    """The upstreams that the questions of one server block reached, in order."""

    answers: tuple[Answer, ...]
    places: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """The pattern of the upstreams that were chosen, in words; "neither" when it fits none."""
        patterns = {frozenset(PLACES[:1]): ONLY_ONE, frozenset(PLACES[1:2]): ONLY_TWO}
        if len(self.places) == len(self.answers) and frozenset(self.places) in patterns:
            return patterns[frozenset(self.places)]
        if len(self.places) != len(self.answers) or set(self.places) != set(PLACES):
            return "neither"
        again = self.places[len(PLACES) :]
        return IN_TURN if again == self.places[: len(again)] else MIXED

    def __repr__(self) -> str:
        count = {place: self.places.count(place) for place in PLACES}
        return f"{len(self.answers)} questions, {self.pattern}: {count}, {' '.join(self.places)}"


@dataclass(frozen=True, repr=False)
class Limited:
    """More questions at once than may be on their way to a slow upstream."""

    answers: tuple[Answer, ...]
    rejects: float  # that the metrics then count
    took: float  # seconds
    arrived: int = 0  # at the upstream

    @property
    def served(self) -> tuple[Answer, ...]:
        """The answers with NOERROR."""
        return tuple(answer for answer in self.answers if answer.rcode == "NOERROR")

    @property
    def others(self) -> tuple[Answer, ...]:
        """The answers without NOERROR, and the questions without an answer."""
        return tuple(answer for answer in self.answers if answer.rcode != "NOERROR")

    @property
    def at_once(self) -> bool:
        """Whether all of them were put before the first could be answered."""
        return self.took < 2 * DELAY and not any(answer.lost for answer in self.answers)

    def __repr__(self) -> str:
        return (
            f"{len(self.answers)} questions at once with max_concurrent {MOST}: {self.arrived}"
            f" arrived, {len(self.served)} were answered, {len(self.others)} were not;"
            f" {REJECTS} says {self.rejects:g}"
        )


@dataclass(frozen=True)
class Choosing:
    """The results of the experiment with the options of forward."""

    chosen: Mapping[str, Chosen]  # by label of the policy
    limited: Limited
    over: Mapping[tuple[str, Transport], tuple[str, ...]]  # transports at the upstream, by way
    fell_back: frozenset[str]  # the same for an answer too large for UDP, with prefer_udp
    large: Answer  # what the client then got over TCP
    forwarded: Mapping[str, int]  # arrivals of a name that is excepted and of one that is not
    counted: bool  # whether the canary was seen, without which nothing is proved
    notes: tuple[str, ...] = ()

    @property
    def wanted(self) -> Wanted:
        """What our upstreams say to each question; the slow one has another address."""
        quick = {a.question for chosen in self.chosen.values() for a in chosen.answers}
        slow = {a.question for a in self.limited.answers}
        return {q: addresses(q.name, [ADDRESS]) for q in quick} | {
            q: addresses(q.name, [SLOW_ADDRESS]) for q in slow
        }


@dataclass
class ChoosingExperiment(UpstreamedExperiment[Choosing]):
    """Which upstreams a private CoreDNS asks, over what transport, and how many at once."""

    name = "choosing"
    instance_name = "choosing"
    plan = planned_coredns("choosing", "a private CoreDNS with each option of forward")
    first_port = ONE

    def files(self) -> Mapping[str, str]:
        """The files of the instance: its Corefile, that of its upstreams, and their zones."""
        return {
            "Corefile": choosing_corefile(),
            UPSTREAM: upstream_corefile(),
            "cached": zone_file(),
        }

    def conduct(self, context: ExperimentContext) -> Choosing:
        """Put the questions for each option of forward; the results.

        Raises NotPossibleError when something of ours does not serve or is too slow to count.
        """
        server = context.wait_until_serving(self.instance)
        upstream = context.wait_until_serving(self.instance, ONE)
        limited = self._limit(context, server)
        chosen = {
            policy.label: [
                put(context, server, policy.port, fresh()) for _ in range(policy.questions)
            ]
            for policy in POLICIES
        }
        ways = {
            (way.label, transport): put(context, server, way.port, fresh(), transport)
            for way in WAYS
            for transport in TRANSPORTS
        }
        large = put(context, server, WAYS[-1].port, LARGE_ROW.question, "tcp")
        undisturbed([*(a for each in chosen.values() for a in each), *ways.values(), large])
        excepted = {below: fresh(below) for below in ("kept", "excepted")}
        for question in excepted.values():
            put(context, server, EXCEPT, question)
        context.ask_one(upstream, Question(CANARY))
        seen = context.arrivals(self.instance, UPSTREAM, CANARY)
        return Choosing(
            chosen={
                label: Chosen(tuple(answers), tuple(p.place for p in of(seen, answers)))
                for label, answers in chosen.items()
            },
            limited=Limited(
                limited.answers, limited.rejects, limited.took, len(of(seen, limited.answers))
            ),
            over={
                way: tuple(a.transport for a in of(seen, [answer])) for way, answer in ways.items()
            },
            fell_back=frozenset(a.transport for a in of(seen, [large])),
            large=large,
            forwarded={
                below: sum(a.name == question.name for a in seen)
                for below, question in excepted.items()
            },
            counted=any(arrival.name == CANARY for arrival in seen),
            notes=tuple(context.notes),
        )

    def _limit(self, context: ExperimentContext, server: Server) -> Limited:
        """Put too many questions at once; again if they were not put at once."""
        for _ in range(ATTEMPTS):
            before = self.instance.metrics(context.probe, server.address).total(REJECTS)
            began = time.monotonic()
            questions = [fresh() for _ in range(ASKED)]
            answers = context.ask(server_at(server, LIMITED), questions, timeout=GIVES_UP)
            took = time.monotonic() - began
            after = self.instance.metrics(context.probe, server.address).total(REJECTS)
            if (limited := Limited(tuple(answers), after - before, took)).at_once:
                context.note("too many questions at once put")
                return limited
        raise NotPossibleError(
            f"{ASKED} questions could not be put at once: it took {limited.took:.1f} s until all"
            " were answered"
        )


def fresh(below: str = "kept") -> Question:
    """A question that nobody has asked before."""
    return Question(f"{secrets.token_hex(4)}.{below}.{ZONE}", "A")


def put(
    context: ExperimentContext,
    server: Server,
    port: int,
    question: Question,
    transport: Transport = "udp",
) -> Answer:
    """Put one question to a server block."""
    return context.ask_one(server_at(server, port), question, transport, timeout=GIVES_UP)


def of(arrived: Iterable[Arrival], answers: Sequence[Answer]) -> list[Arrival]:
    """The arrivals of the questions of these answers, in the order of the answers.

    That of the log is not the one in which they came: a question is noted after its answer.
    """
    names: dict[str, list[Arrival]] = {answer.question.name: [] for answer in answers}
    for arrival in arrived:
        names.get(arrival.name.lower(), []).append(arrival)
    return [arrival for each in names.values() for arrival in each]


def choosing_corefile() -> str:
    """The Corefile with a block for each option of forward; port 53 only tells that it serves."""

    def forwarding(port: int, upstreams: Sequence[int], *lines: str) -> str:
        to = " ".join(f"127.0.0.1:{upstream}" for upstream in upstreams)
        return block(port, f"forward . {to} {{", *filter(None, lines), "}")

    return "".join(
        [
            block(53, "prometheus :9153", "whoami"),
            *(forwarding(p.port, p.upstreams, p.line) for p in POLICIES),
            forwarding(LIMITED, [SLOW], f"max_concurrent {MOST}"),
            forwarding(EXCEPT, [ONE], f"except excepted.{ZONE}"),
            *(forwarding(way.port, [ONE], way.line) for way in WAYS),
        ]
    )


def upstream_corefile() -> str:
    """Our upstreams: three that are equal, and a slow one."""
    slow = ("erratic {", "drop 0", f"delay 1 {DELAY}s", "}")
    return block(SLOW, log_directive("slow"), *slow) + "".join(
        block(port, log_directive(place), f"file {ZONE_FILE} {ZONE}")
        for port, place in zip(ALL, PLACES, strict=True)
    )
