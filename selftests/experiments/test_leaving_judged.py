"""What happens while a replica goes is judged rightly, from what the streams saw."""

from dataclasses import replace
from pathlib import Path

import pytest

from clusterdns.corefile import findings, parse
from clusterdns.experiments.context import ExperimentSetup
from clusterdns.experiments.leaving.experiment import (
    ADDRESS,
    LEAVES,
    STAYS,
    LeavingExperiment,
    Left,
    Sight,
    corefile,
)
from clusterdns.experiments.stream import Stream, Streamed
from selftests.experiments.local_coredns import failures_of
from tests.network import test_leaving as checks

from .places import Recorder, inventory, node, replica, workspace

DELETED = 100.0  # monotonic
LOST = "no answer (timeout)"


def stream(*spans: tuple[float, float, str]) -> Stream:
    """Ten questions a second in each span (seconds since the deletion), and what they brought."""
    questions = []
    for start, end, said in spans:
        good = said in ADDRESS.values()
        for step in range(round((end - start) * 10)):
            at = DELETED + start + step / 10
            questions.append(Streamed(at, said if good else "", "" if good else said))
    return Stream(tuple(questions))


A, B = ADDRESS[LEAVES], ADDRESS[STAYS]
SOUND = Left(
    lameduck=5.0,
    nodes={"n1": stream((-1, 0.2, A), (0.2, 11, B)), "n2": stream((-1, 1.6, A), (1.6, 11, B))},
    direct=stream((-1, 5.1, A), (5.1, 11, "no answer (refused)")),
    deleted=DELETED,
    endpoint_s=0.1,
    sights=tuple(Sight(s / 5, 200 if s < 25 else 0, 0) for s in range(50)),
)
SEEN_LATE = tuple(Sight(s + 2.0, 200 if s < 3 else 0, 0) for s in range(9))
EARLY_END = stream((-1, 0.1, A), (0.1, 11, "no answer (refused)"))
SLOW_PROXY = {**SOUND.nodes, "n2": stream((-1, 5, A), (5, 7, LOST), (7, 11, B))}
STRANDED = {**SOUND.nodes, "n2": stream((-1, 5, A), (5, 11, LOST))}


CHECKS = {
    "serves": "replica_serves_on_for_its_lameduck",
    "health": "health_stays_good_in_lameduck",
    "ready": "readiness_ends_at_once",
    "slice": "endpoints_lose_the_replica",
    "nodes": "every_node_goes_to_the_other_replica",
    "lost": "deletion_loses_no_question",
}


@pytest.mark.parametrize(
    ("left", "caught"),
    [
        (SOUND, set()),
        (replace(SOUND, direct=EARLY_END), {"serves"}),
        (replace(SOUND, direct=stream((6, 11, LOST))), {"serves"}),
        (replace(SOUND, sights=(Sight(0.1, 200, 200), Sight(0.3, 0, 0))), {"health", "ready"}),
        (replace(SOUND, sights=tuple(Sight(s / 5, 200, 200) for s in range(25))), {"ready"}),
        (replace(SOUND, sights=()), {"health", "ready"}),
        (replace(SOUND, sights=SEEN_LATE), set()),
        (replace(SOUND, endpoint_s=None), {"slice"}),
        (replace(SOUND, endpoint_s=5.5), {"slice"}),
        (replace(SOUND, nodes=SLOW_PROXY), {"lost"}),
        (replace(SOUND, nodes=STRANDED), {"lost", "nodes"}),
    ],
    ids=[
        "sound",
        "no-lameduck",
        "never-asked-in-lameduck",
        "health-ends",
        "stays-ready",
        "never-seen",
        "seen-late",
        "never-lost",
        "lost-late",
        "slow-proxy",
        "stranded",
    ],
)
def test_each_fault_is_caught(left: Left, caught: set[str]) -> None:
    """By the checks that are there for it, and no other."""
    found = failures_of(checks, "left", left) | failures_of(checks, "left_measured", left)
    assert set(found) == {CHECKS[name] for name in caught}, found


def test_measurements_are_told() -> None:
    """Loss, propagation and lameduck, in the report and in each message."""
    slow = replace(SOUND, nodes=SLOW_PROXY)
    assert SOUND.measured.startswith("0 of 240 questions lost; the last one reached the replica")
    assert slow.measured.startswith("20 of 240 questions lost")
    assert (SOUND.propagation_s("n2"), SOUND.served_s) == pytest.approx((1.5, 5.0))
    assert f"20 without their answer: 6.00 s: {LOST}" in repr(slow)


def test_pair_is_behind_one_service(tmp_path: Path) -> None:
    """Both replicas wear the label that the Service selects, and have their time to go."""
    found = inventory((node("a"),), (replica("coredns-1", "a"),))
    setup = ExperimentSetup(workspace(tmp_path, found, Recorder()), "a")
    made = LeavingExperiment(setup).manifests()
    (service,) = (o for o in made if o["kind"] == "Service")
    pods = [o for o in made if o["kind"] == "Pod"]
    selector = service["spec"]["selector"].items()
    assert [selector <= pod["metadata"]["labels"].items() for pod in pods] == [True, True]
    assert {pod["spec"]["terminationGracePeriodSeconds"] for pod in pods} == {30}


@pytest.mark.parametrize("lameduck", [0.0, 5.0])
@pytest.mark.parametrize("version", ["1.11.3", "1.12.1", "1.15.0"])
def test_corefile_suits_every_version(version: str, lameduck: float) -> None:
    """No line of it is refused."""
    found = findings(parse(corefile(B, lameduck)), version)
    assert [str(one) for one in found if one.level == "error"] == []
