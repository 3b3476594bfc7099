"""What is collected here, and the markers of the checks that are tried."""

from collections.abc import Mapping, Sequence

import pytest

from selftests.experiments.local_coredns import Proof
from selftests.realcoredns import BINARY, demand_for

# These start a real CoreDNS: not collected unless CLUSTERDNS_COREDNS_BINARY names one.
FOR_REAL = "test_*_for_real.py"
collect_ignore_glob = [] if BINARY else [FOR_REAL]


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """A file that is named is collected all the same."""
    demand_for(items, FOR_REAL)


def pytest_configure(config: pytest.Config) -> None:
    """The checks carry them; here they mean nothing."""
    for line in ("slow: of the full profile", "level(name): of a check"):
        config.addinivalue_line("markers", line)


@pytest.fixture(scope="module")
def verdicts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[str, str]]:
    """The failed checks and their messages for each fault of the file's PROOF."""
    proof: Proof = request.module.PROOF
    return proof.verdicts(tmp_path_factory.mktemp("faults"))
