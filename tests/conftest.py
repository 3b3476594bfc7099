"""Values that many checks compare with."""

import pytest

from clusterdns.testbed.testbed import Site


@pytest.fixture(scope="session")
def zone(site: Site) -> str:
    """The cluster domain as an absolute name, whose SOA every denial must carry."""
    return site.zone
