"""What is collected here."""

from collections.abc import Sequence

import pytest

from selftests.realcoredns import BINARY, demand_for

# These start a real CoreDNS: not collected unless CLUSTERDNS_COREDNS_BINARY names one.
FOR_REAL = "test_*_for_real.py"
collect_ignore_glob = [] if BINARY else [FOR_REAL]


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """A file that is named is collected all the same."""
    demand_for(items, FOR_REAL)
