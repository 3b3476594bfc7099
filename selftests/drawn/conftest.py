"""The real CoreDNS that drawn Corefiles are shown to."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from selftests.corefile.coredns import CoreDNS
from selftests.realcoredns import BINARY, demand_for

# Without CLUSTERDNS_COREDNS_BINARY the comparison with the real thing is not collected.
FOR_REAL = "test_drawn_for_real.py"
collect_ignore = [] if BINARY else [FOR_REAL]


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """A file that is named is collected all the same."""
    demand_for(items, FOR_REAL)


@pytest.fixture(scope="session")
def coredns(tmp_path_factory: pytest.TempPathFactory) -> CoreDNS:
    """The binary that CLUSTERDNS_COREDNS_BINARY names, locked into a directory."""
    return CoreDNS.in_directory(Path(BINARY), tmp_path_factory.mktemp("coredns"))
