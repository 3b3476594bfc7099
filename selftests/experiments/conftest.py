"""What is collected here, and what the checks say of a broken CoreDNS."""

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


@pytest.fixture(scope="module")
def verdicts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[str, str]]:
    """The failed checks and their messages for each fault of the file's PROOF."""
    proof: Proof = request.module.PROOF
    return proof.verdicts(tmp_path_factory.mktemp("faults"))
