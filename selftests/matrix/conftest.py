"""A node whose servers only pretend."""

import pytest

from clusterdns.matrix.everyone import Matrix
from selftests.matrix.pretender import DEAD, LIVE, Pretender, made


@pytest.fixture
def probe() -> Pretender:
    """One node."""
    return Pretender()


@pytest.fixture
def matrix(probe: Pretender) -> Matrix:
    """One node, two servers, of which one is dead."""
    return made(probe, LIVE, DEAD)
