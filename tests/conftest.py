"""Values that many checks compare with."""

import pytest

from clusterdns.testbed.testbed import Testbed


@pytest.fixture(scope="session")
def zone(testbed: Testbed) -> str:
    """The cluster domain as an absolute name, whose SOA every denial must carry."""
    return testbed.zone
