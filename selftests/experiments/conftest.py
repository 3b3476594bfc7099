"""What is collected here, and the markers of the checks that are tried."""

import pytest

from selftests.experiments.stand import BINARY

# These start a real CoreDNS: not collected unless CLUSTERDNS_COREDNS_BINARY names one.
collect_ignore_glob = [] if BINARY else ["test_*_for_real.py"]


def pytest_configure(config: pytest.Config) -> None:
    """The checks carry it; here it means nothing."""
    config.addinivalue_line("markers", "slow: of the full profile")
