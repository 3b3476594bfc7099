"""What is collected here, and the markers of the checks that are tried."""

import pytest

from selftests.experiments.stand import BINARY

# These start a real CoreDNS: not collected unless CLUSTERDNS_COREDNS_BINARY names one.
collect_ignore_glob = [] if BINARY else ["test_*_for_real.py"]


def pytest_configure(config: pytest.Config) -> None:
    """The checks carry them; here they mean nothing."""
    for line in ("slow: of the full profile", "level(name): of a check"):
        config.addinivalue_line("markers", line)
