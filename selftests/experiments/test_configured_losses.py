"""A reply that is lost cannot make the TTL of a configured server block look wrong.

Its question was kept all the same: the second try is answered from the cache, and counted down.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from clusterdns.experiments.configured.experiment import (
    AUTOPATH_PORT,
    WAYS,
    Configured,
    ConfiguredExperiment,
)
from clusterdns.experiments.context import ExperimentContext, ExperimentSetup
from clusterdns.matrix import expect
from clusterdns.matrix.answer import Answer
from clusterdns.matrix.expect import Expected
from clusterdns.matrix.question import Question, Server
from clusterdns.own_coredns import NotPossibleError, OwnCoreDns
from clusterdns.testbed.testbed import Testbed
from selftests.experiments.answers import said
from selftests.experiments.local_coredns import failures_of
from tests.network import test_configured as checks

from .places import Recorder, inventory, node, replica, workspace

ZONE = "cluster.example."
API = f"kubernetes.default.svc.{ZONE}"
PORT = f"_https._tcp.{API}"
STEP = f"kubernetes.default.ours.svc.{ZONE}"
IPS = ["10.96.0.1"]
SERVICE = {"metadata": {"name": "kubernetes"}, "spec": {"clusterIPs": IPS}}
CACHED_S = 5  # seconds since the first try, when the second one is answered
Loses = Callable[[Question], bool]


@dataclass
class KeepingBench:
    """Server blocks that do as they are configured and keep each answer; some replies are lost."""

    experiment: ConfiguredExperiment
    loses: Loses
    testbed: Testbed
    asked: Counter[tuple[int, Question]] = field(default_factory=Counter)

    def note(self, what: str) -> None:
        """Nothing."""

    def wait_until_serving(self, instance: OwnCoreDns, port: int) -> Server:
        """It serves."""
        return Server(f"pod/{instance.name}", "192.0.2.1", port)

    def ask(self, server: Server, questions: Sequence[Question]) -> list[Answer]:
        """What is right, with the TTL that is left."""
        return [self.ask_one(server, question) for question in questions]

    def ask_one(self, server: Server, question: Question) -> Answer:
        """Ask as a probe does; a question whose reply is lost comes a second time."""
        key = server.port, question
        lost = int(self.loses(question) and not self.asked[key])
        self.asked[key] += 1 + lost
        age = CACHED_S if self.asked[key] > 1 else 0
        ttl = self.experiment.ttl_of(server.port) - age
        return replace(said(question, self._right(*key), ZONE, max(0, ttl)), lost=lost)

    def _right(self, port: int, question: Question) -> Expected:
        known = expect.addresses(API, IPS)
        if question.rdtype == "SRV":
            return Expected(records=frozenset({f"{question.name} SRV 0 100 443 {API}"}))
        if port == AUTOPATH_PORT:
            return {API: known, STEP: expect.alias(STEP, API, *known.records)}[question.name]
        of_pods = self.experiment.records_of(port, ())
        return {**of_pods, Question(API, "A"): known}[question]


@pytest.fixture
def conducted(tmp_path: Path) -> Callable[[Loses], Configured]:
    """The experiment's result when these replies are lost."""

    def conduct(loses: Loses) -> Configured:
        found = inventory((node("a"),), (replica("coredns-1", "a"),))
        made = workspace(tmp_path, found, Recorder({"Service": [SERVICE]}))
        experiment = ConfiguredExperiment(
            ExperimentSetup(replace(made, namespace="ours"), "a"), "coredns", ZONE
        )
        context = KeepingBench(experiment, loses, Testbed(made, {}, {}, {}))
        return experiment.conduct(cast(ExperimentContext, context))

    return conduct


@pytest.mark.parametrize("lost", ["", PORT])
def test_lost_reply_is_no_wrong_ttl(conducted: Callable[[Loses], Configured], lost: str) -> None:
    """Another name is asked, which nothing has kept yet."""
    result = conducted(lambda question: question.name == lost)
    assert failures_of(checks, "configured", result) == {}
    assert {way.fresh.lost for way in result.ways.values()} == {0}


def test_ttl_that_cannot_be_read_is_not_judged(
    conducted: Callable[[Loses], Configured],
) -> None:
    """Where replies to every name are lost."""
    with pytest.raises(NotPossibleError, match="lost again and again"):
        conducted(lambda question: question.rdtype == "SRV")


def test_all_ways_are_tried(conducted: Callable[[Loses], Configured]) -> None:
    """Else the above would prove nothing."""
    assert set(conducted(lambda _: False).ways) == set(WAYS)
