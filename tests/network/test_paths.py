"""The way of questions: from every node to the Service and every replica, lossless and in time.

These checks run last: they look at all questions of the run and at a sample of their own.
"""

from collections.abc import Mapping

import pytest

from clusterdns.matrix.controls import control_questions
from clusterdns.matrix.everyone import Matrix
from clusterdns.matrix.paths import deadline_misses, improbable_losses, silent_paths, take_sample
from clusterdns.matrix.question import Transport

pytestmark = pytest.mark.about("paths")


@pytest.fixture(scope="module")
def sampled(matrix: Matrix, zone: str) -> Matrix:
    """Everyone, after a fixed sample of questions on each path."""
    take_sample(matrix, control_questions(zone))
    return matrix


def test_every_node_starts_a_probe(unable_nodes: Mapping[str, str]) -> None:
    """A pod must start on every node that is ready."""
    assert unable_nodes == {}, "\n".join(f"{n}: {why}" for n, why in unable_nodes.items())


def test_path_answers(sampled: Matrix, transport: Transport) -> None:
    """The Service and every replica must answer from every node."""
    silent = silent_paths(sampled.losses, transport)
    assert silent == [], "\n".join(silent)


def test_path_loses_nothing(sampled: Matrix, transport: Transport) -> None:
    """A path must not lose more questions than chance explains: one in a thousand, p < 1e-6."""
    lossy = improbable_losses(sampled.losses, transport)
    assert lossy == [], "\n".join(lossy)


def test_path_is_in_time(sampled: Matrix, transport: Transport) -> None:
    """Answers from the cluster's own zone must not be late: a second is a packet that was lost."""
    late = deadline_misses(sampled.losses, transport)
    assert late == [], "\n".join(late)
